import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { HOME, pools, startWorld, type World } from '../world.ts';

const userPoolId = 'us-east-1_Mobile001';

describe('an execution that is undone', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(userPoolId);
    await world.createIdentityPool(pools.mobile);
  });
  after(() => world.close());

  const undo = (executionArn: string, more: object = {}) =>
    world.run({ operation: 'undo', executionArn, ...more });
  const changesOf = (ended: Awaited<ReturnType<typeof undo>>) =>
    ended.result().results.flatMap((each) => ('changes' in each ? each.changes : []));

  test('loses its own entry, and later entries stay; undoing the undo restores the entry', async () => {
    const clientId = await world.createAppClient(userPoolId);
    const before = await world.describe(pools.mobile);
    const linked = await world.run({ userPoolId, clientId });
    const other = await world.createAppClient(userPoolId);
    await world.run({ userPoolId, clientId: other });
    const both = await world.describe(pools.mobile);

    const plan = await undo(linked.executionArn, { dryRun: true });
    assert.equal(plan.result().results[0]?.outcome, 'PLANNED');
    assert.deepEqual(await world.describe(pools.mobile), both);

    const undone = await undo(linked.executionArn, { reason: 'wrong client' });
    const { operation, executionArn, requestedBy, results } = undone.result();
    assert.deepEqual(
      { operation, executionArn, requestedBy },
      {
        operation: 'undo',
        executionArn: linked.executionArn,
        requestedBy: { via: 'person', reason: 'wrong client' },
      },
    );
    assert.equal(results[0]?.outcome, 'UNLINKED');
    const { CognitoIdentityProviders: left = [] } = await world.describe(pools.mobile);
    const ids = left.map(({ ClientId }) => ClientId);
    assert.deepEqual([ids.includes(clientId), ids.includes(other)], [false, true]);
    assert.equal(left.length, before.CognitoIdentityProviders!.length + 1);

    const again = await undo(undone.executionArn);
    assert.equal(again.result().results[0]?.outcome, 'LINKED');
    assert.deepEqual(
      changesOf(again).map(({ op }) => op),
      ['add'],
    );
  });

  test('restores what it unlinked, a whole user pool in one request, with the same flags', async () => {
    const clientIds = await Promise.all([1, 2, 3].map(() => world.createAppClient(userPoolId)));
    for (const clientId of clientIds) await world.run({ userPoolId, clientId });
    const before = await world.describe(pools.mobile);
    const unlinked = await world.run({ operation: 'unlink', userPoolId });
    assert.ok(changesOf(unlinked).length >= 3);
    await undo(unlinked.executionArn);
    const after = await world.describe(pools.mobile);
    const sorted = ({ CognitoIdentityProviders: all = [] }: typeof after) =>
      all.map((each) => JSON.stringify(each)).sort();
    assert.deepEqual(sorted(after), sorted(before));
  });

  test('is refused if another execution changed the entry since, or the app client was deleted', async () => {
    const clientId = await world.createAppClient(userPoolId);
    const linked = await world.run({ userPoolId, clientId });
    const unlinked = await world.run({ operation: 'unlink', userPoolId, clientId });
    await world.run({ userPoolId, clientId });
    const before = await world.describe(pools.mobile);
    const refused = await undo(linked.executionArn);
    assert.equal(refused.error, 'UndoConflictError');
    assert.match(
      refused.failure().message,
      new RegExp(
        `changed since by another execution.* for example: npx poolbridge unlink --user-pool ${userPoolId} --client ${clientId} --identity-pool ${pools.mobile} --stage dev --region us-east-1\\. What`,
      ),
    );
    assert.deepEqual(await world.describe(pools.mobile), before);

    await world.run({ operation: 'unlink', userPoolId, clientId });
    await world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new DeleteUserPoolClientCommand({ UserPoolId: userPoolId, ClientId: clientId }));
    const gone = await undo(unlinked.executionArn);
    assert.equal(gone.error, 'UserPoolClientNotFoundError');
  });

  test('delays no other request if it was interrupted and conflicts meanwhile', async () => {
    const { CognitoIdentityProviders: [first] = [], ...pool } = await world.describe(pools.mobile);
    assert.ok(first);
    // What a killed UpdateIdentityPool leaves, after which someone changed the flag.
    const was = { ...first, ServerSideTokenCheck: !first.ServerSideTokenCheck };
    const { ProviderName: providerName } = first;
    const intent = { operation: 'unlink', providerName, serverSideTokenCheck: false };
    const put = (sk: string, more: object) =>
      world.local.aws.tables.ask(HOME, 'PutItem', {
        TableName: 'poolbridge-dev',
        Item: { pk: { S: pools.mobile }, sk: { S: sk }, ...more },
      });
    const body = (value: unknown) => ({ body: { S: JSON.stringify(value) } });
    const record = {
      execution: 'x:cut',
      assumedRoleArn: 'arn',
      sequence: 1,
      before: pool,
      after: pool,
    };
    const takeBack = [{ op: 'add', provider: was }];
    const share = { key: 'cut', execution: 'x:cut', links: ['mobile'], changes: [] };
    await put('write#1-cut', body(record));
    await put('shares#1-cut', body([{ ...share, intent: { ...intent, takeBack } }]));
    await put('lease', { sequence: { N: '1' }, writing: { S: '1-cut' } });
    const clientId = await world.createAppClient(userPoolId);
    const linked = await world.run({ userPoolId, clientId });
    assert.equal(linked.result().results[0]?.outcome, 'LINKED');
  });

  test('must be an execution of this state machine that has ended and changed something', async () => {
    const idle = await world.run({ operation: 'unlink', userPoolId, clientId: 'nothing' });
    const machine = idle.executionArn.slice(0, idle.executionArn.lastIndexOf(':'));
    const refusals: [string, RegExp][] = [
      [idle.executionArn, /changed nothing/],
      [`${machine}:unknown`, /There is no execution .*90 days/],
      [
        `${machine.replace('poolbridge-dev-link', 'another')}:x`,
        /is not an execution of this state machine/,
      ],
      ['x', /executionArn must be the ARN/],
    ];
    for (const [executionArn, pattern] of refusals) {
      const refused = await undo(executionArn);
      assert.equal(refused.error, 'InvalidRequestError');
      assert.match(refused.failure().message, pattern);
    }
  });
});
