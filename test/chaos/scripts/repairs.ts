import assert from 'node:assert/strict';
import { ALL_POOLS, POOLS, USER_POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';

const step = 'ReconcileIdentityPool';
const criticalSection = 'aws/write/critical-section.ts';
const [, userPool] = USER_POOLS;
const [, poolId] = POOLS;

/** What a reconcile repairs in one write, and what it reports of that. */
export const repairScripts: Script[] = [
  {
    name: 'a reconcile links an app client that is wrongly marked as deleted, together with others',
    mistakes: [
      {
        name: 'a repair counts as deleted if its first app client is marked as deleted',
        changes: [
          {
            file: criticalSection,
            find: 'return this.#request.pending !== undefined && own !== undefined &&',
            replace: 'return own !== undefined &&',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      for (const clientId of [one, other]) await stage.mark(clientId);
      await stage.sleep(150_000);
      await stage.said(await stage.start({ repair: true }, 'reconcile'));
      for (const clientId of [one, other]) {
        assert.ok(stage.clients().includes(clientId));
        assert.equal((await stage.ledger(clientId))?.deleted, undefined);
      }
    },
  },
  {
    name: 'a reconcile of a full identity pool names each app client that has no room, and answers none of its own repairs',
    mistakes: [
      {
        name: 'one repair of several does not count as its own',
        changes: [
          {
            file: criticalSection,
            find: 'this.#request.own.some((own) => own.key === key)',
            replace: 'this.#request.own.every((own) => own.key === key)',
          },
        ],
      },
    ],
    async play(stage) {
      const create = () => stage.createClient(userPool, 'other');
      const missing = [await create(), await create(), await create()];
      stage.change((entries) => {
        const more = Array.from({ length: 11 - entries.length }, (_, i) => ({
          ClientId: `foreignmore${i}`,
          ProviderName: 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Foreign77',
        }));
        return [...entries, ...more];
      }, poolId);
      await stage.sleep(150_000);
      const reconcile = await stage.start({ repair: true }, 'reconcile');
      await stage.said(reconcile);
      const there = missing.filter((clientId) => stage.clients(poolId).includes(clientId));
      const refused = reconcile.cause?.match(/"refused":"ProviderQuotaError"/g) ?? [];
      assert.deepEqual([there.length, refused.length], [1, 2], reconcile.cause);
      assert.deepEqual(await stage.answered(poolId), []);
    },
  },
  {
    name: 'a reconcile waits for an identity pool that another execution writes to, and repairs it then',
    mistakes: [
      {
        name: 'a reconcile waits in the table like a request',
        changes: [
          {
            file: 'aws/write/safe-write.ts',
            find: 'if (!waits && pending) await table.requests.leave(pending);',
            replace: 'if (!waits) await table.requests.leave(pending!);',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      await stage.sleep(150_000);
      const leasing = { step, call: 'dynamodb:UpdateItem', about: 'SET nonce' };
      stage.before(leasing, () => stage.takeLease(1000));
      const reconcile = await stage.start({ repair: true }, 'reconcile');
      await stage.said(reconcile);
      assert.ok(stage.clients().includes(clientId));
      assert.equal(stage.attempts(reconcile, step), ALL_POOLS.length);
    },
  },
];
