import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
  DeleteUserPoolCommand,
  ListUserPoolClientsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { commandPath, environment, poolbridge } from '../cli/command.ts';
import { until } from '../until.ts';
import { HOME, pools, startWorld, type World } from '../world.ts';

const LEAVING = 'us-east-1_Leaving01';
const MIXED = 'us-east-1_Leaving02';
const TAGGED = 'us-east-1_Leaving03';
const KEEPING = 'us-east-1_Mobile001';
const SPLIT = 'us-east-1_Strict001';

describe('after a deletion', () => {
  let world: World;
  let cognito: CognitoIdentityProviderClient;
  before(async () => {
    world = await startWorld();
    cognito = world.client(CognitoIdentityProviderClient, HOME);
    for (const id of [LEAVING, MIXED, KEEPING]) await world.createUserPool(id);
    await world.createUserPool(TAGGED, { team: 'leaving' });
    await world.createIdentityPool(pools.mobile);
    await world.createIdentityPool(pools.web);
  });
  after(() => world.close());

  const deleteClient = (UserPoolId: string, ClientId: string) =>
    cognito.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId }));

  /** The results of the execution that an event started, by the start of its input. */
  const resultOf = async (request: object) => {
    const begins = `{"request":${JSON.stringify(request).slice(0, -1)}`;
    for (;;) {
      const executions = await world.executions();
      const found = executions.find(({ input }) => input?.startsWith(begins));
      if (found) return found.result();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  const unlinkOf = (userPoolId: string, clientId: string) =>
    resultOf({ operation: 'unlink', userPoolId, clientId });
  const linkOf = (userPoolId: string, clientId: string) =>
    resultOf({ operation: 'link', userPoolId, clientId });

  const clientsIn = async (identityPoolId: string): Promise<(string | undefined)[]> => {
    const { CognitoIdentityProviders = [] } = await world.describe(identityPoolId);
    return CognitoIdentityProviders.map(({ ClientId }) => ClientId);
  };

  test('an app client is unlinked, and nothing else in the identity pool changes', async () => {
    const before = await world.describe(pools.mobile);
    const clientId = await world.createAppClient(LEAVING, 'ios');
    await linkOf(LEAVING, clientId);
    await deleteClient(LEAVING, clientId);
    const { operation, requestedBy, results } = await unlinkOf(LEAVING, clientId);
    assert.deepEqual(await world.describe(pools.mobile), before);
    assert.equal(operation, 'unlink');
    assert.equal(requestedBy.via, 'cloudtrail');
    const [result] = results;
    assert.ok(result && result.outcome === 'UNLINKED', JSON.stringify(results));
    assert.deepEqual(result.links, ['leaving']);
    assert.deepEqual(
      result.changes.map(({ op }) => op),
      ['remove'],
    );
  });

  test('nothing is left of a trial, whether its link unlinks or keeps what is deleted', async () => {
    for (const [userPool, how] of [
      [LEAVING, 'cloudtrail'],
      [KEEPING, 'person'],
    ] as const) {
      const before = await world.describe(pools.mobile);
      const args = ['trial', '--user-pool', userPool, '--timeout', '2', '--json'];
      const { code, out, err } = await poolbridge(world, args);
      assert.equal(code, 0, err);
      const { clientId, linked, unlinked } = JSON.parse(out);
      assert.deepEqual(
        [linked, unlinked].map(({ results }) => results[0].outcome),
        ['LINKED', 'UNLINKED'],
      );
      const { requestedBy } = (await world.ended(unlinked.execution)).result();
      assert.equal(requestedBy.via, how);
      assert.deepEqual(await world.describe(pools.mobile), before);
      const { UserPoolClients = [] } = await cognito.send(
        new ListUserPoolClientsCommand({ UserPoolId: userPool }),
      );
      assert.ok(!UserPoolClients.some(({ ClientId }) => ClientId === clientId));
    }
  });

  test('nothing is left of a trial if one of its links unlinks and another one keeps what is deleted', async () => {
    await world.createUserPool(SPLIT, { team: 'leaving' });
    const before = [await world.describe(pools.mobile), await world.describe(pools.web)];
    const args = ['trial', '--user-pool', SPLIT, '--timeout', '2', '--json'];
    const { code, out, err } = await poolbridge(world, args);
    assert.equal(code, 0, err);
    const { linked, unlinked } = JSON.parse(out);
    for (const [{ results }, outcome] of [
      [linked, 'LINKED'],
      [unlinked, 'UNLINKED'],
    ]) {
      assert.deepEqual(
        results.map((each: { outcome: string }) => each.outcome),
        [outcome, outcome],
      );
    }
    assert.deepEqual([await world.describe(pools.mobile), await world.describe(pools.web)], before);
  });

  test('a trial that is ended from outside unlinks what its link keeps', async (t) => {
    const before = await world.describe(pools.mobile);
    const child = spawn(commandPath, ['trial', '--user-pool', KEEPING], {
      env: environment(world),
    });
    t.after(() => child.kill());
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      err += chunk;
    });
    await until(async () => /^Deleted the app client\.$/m.test(err));
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 143);
    const [, name = ''] =
      /^Its entries are being unlinked\. To see it: .* show (\S+)$/m.exec(err) ?? [];
    const executions = await world.executions();
    const [result] = executions
      .find(({ executionArn }) => executionArn.endsWith(`:${name}`))!
      .result().results;
    assert.equal(result!.outcome, 'UNLINKED');
    assert.deepEqual(await world.describe(pools.mobile), before);
  });

  test('every entry of a user pool is removed, although its app clients and tags can no longer be read', async () => {
    const clientIds = [
      await world.createAppClient(TAGGED, 'web-1'),
      await world.createAppClient(TAGGED, 'web-2'),
    ];
    for (const clientId of clientIds) await linkOf(TAGGED, clientId);
    const linked = await clientsIn(pools.web);
    assert.ok(clientIds.every((clientId) => linked.includes(clientId)));
    await cognito.send(new DeleteUserPoolCommand({ UserPoolId: TAGGED }));
    const { clientId, results } = await resultOf({ operation: 'unlink', userPoolId: TAGGED });
    assert.equal(clientId, undefined);
    assert.deepEqual(
      results.map(({ outcome, links }) => ({ outcome, links })),
      [{ outcome: 'UNLINKED', links: ['leaving-by-tag'] }],
    );
    const left = await clientsIn(pools.web);
    assert.deepEqual(
      left,
      linked.filter((clientId) => !clientIds.includes(clientId ?? '')),
    );
  });

  test('an entry stays if its link says keep, which is the default', async () => {
    const clientId = await world.createAppClient(KEEPING);
    await linkOf(KEEPING, clientId);
    await deleteClient(KEEPING, clientId);
    const { results, notCovered } = await unlinkOf(KEEPING, clientId);
    assert.deepEqual(results, []);
    assert.match(notCovered ?? '', /onDelete: keep/);
    assert.ok((await clientsIn(pools.mobile)).includes(clientId));
  });

  test('keep counts if links disagree; the name in the ledger tells which links they are', async () => {
    const [web, ios] = [
      await world.createAppClient(MIXED, 'web-1'),
      await world.createAppClient(MIXED, 'ios'),
    ];
    for (const clientId of [web, ios]) await linkOf(MIXED, clientId);
    for (const clientId of [web, ios]) await deleteClient(MIXED, clientId);
    assert.deepEqual((await unlinkOf(MIXED, web)).results, []);
    const [result] = (await unlinkOf(MIXED, ios)).results;
    assert.equal(result?.outcome, 'UNLINKED');
    assert.deepEqual(result?.links, ['leaving-any']);
    const left = await clientsIn(pools.mobile);
    assert.deepEqual([left.includes(web), left.includes(ios)], [true, false]);
  });

  test('nothing is left if the event of the deletion arrives before that of the creation', async () => {
    const { buses } = world.local.aws;
    const before = await world.describe(pools.mobile);
    buses.hold();
    const clientId = await world.createAppClient(LEAVING, 'android');
    await deleteClient(LEAVING, clientId);
    await until(() => buses.held === 2);
    let creation: unknown[] = [];
    buses.release((held) => {
      const isDeletion = (each: unknown) => JSON.stringify(each).includes('DeleteUserPoolClient');
      creation = held.filter((each) => !isDeletion(each));
      return held.filter(isDeletion);
    });
    assert.equal((await unlinkOf(LEAVING, clientId)).results[0]?.outcome, 'NOT_LINKED');
    assert.equal(creation.length, 1);
    buses.hold();
    buses.release(() => creation as never);
    const [result] = (await linkOf(LEAVING, clientId)).results;
    assert.equal(result?.outcome, 'NOT_LINKED');
    assert.deepEqual(await world.describe(pools.mobile), before);
  });
});
