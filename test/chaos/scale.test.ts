import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { entriesOf } from '../../core/identity-pool/identity-pool.ts';
import { MOST_USER_POOLS } from '../../core/reconcile/parts.ts';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { ALL_POOLS, type Deployment, POOLS, readDeployment, USER_POOLS } from './accounts.ts';
import { type Handlers, loadHandlers } from './bundle.ts';
import type { Stage } from './stage.ts';
import { Suite } from './suite.ts';

// In milliseconds of virtual time.
const SETTLED = 2 * 60_000;
const LONGEST = 60 * 60_000;

describe('a reconcile of more than one execution has room for', () => {
  let deployment: Deployment;
  let handlers: Handlers;
  before(async () => {
    deployment = readDeployment(process.env['POOLBRIDGE_ARTIFACT'] ?? '');
    handlers = await loadHandlers();
  });

  test('is made in parts, each of which starts the next one even if it fails', async () => {
    const { one } = handlers.links;
    // The deployed role may not list them.
    const others = Array.from({ length: MOST_USER_POOLS - 1 }, (_, i) => `us-east-1_Gone${i}`);
    one?.userPools?.push(...others);
    const script = {
      name: 'a reconcile in parts',
      mistakes: [],
      longest: LONGEST,
      async play(stage: Stage) {
        const clients = [await stage.createClient(), await stage.createClient(USER_POOLS[1])];
        await stage.sleep(SETTLED);
        const first = await stage.start({ repair: true }, 'reconcile');
        await stage.until(() => first.status !== 'RUNNING');
        assert.equal(first.status, 'FAILED');
        const { next, identityPools } = JSON.parse(first.cause ?? '{}') as ReconcileOutput;
        assert.deepEqual(
          identityPools.map(({ identityPoolId }) => identityPoolId),
          [POOLS[0]],
        );
        const second = stage.scene.aws.stateMachines.execution(next ?? '');
        assert.equal(second.name, `${first.name}-part-2`);
        await stage.until(() => second.status !== 'RUNNING');
        assert.equal(JSON.parse(second.input).part.failed, true);
        const { next: none, ...rest } = JSON.parse(second.output ?? '{}') as ReconcileOutput;
        assert.equal(none, undefined);
        assert.deepEqual(
          rest.identityPools.map(({ identityPoolId }) => identityPoolId).sort(),
          ALL_POOLS.slice(1),
        );
        for (const [i, id] of POOLS.entries()) {
          const { pool } = stage.scene.aws.identityPools.find(id);
          assert.ok(entriesOf(pool).some(({ ClientId }) => ClientId === clients[i]));
        }
      },
    };
    const { violations } = await new Suite(1, handlers, { script }).run(deployment);
    assert.deepEqual(violations, []);
  });
});
