import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { HOME, pools, startWorld, type World } from '../world.ts';

const LEAVING = 'us-east-1_Leaving01';
const providerName = `cognito-idp.us-east-1.amazonaws.com/${LEAVING}`;
const HOUR = 3_600_000;

/** An input that claims to come from CloudTrail: anyone who may call StartExecution can write it. */
const deletion = (request: object) => ({
  request: { operation: 'unlink', ...request },
  requestedBy: { via: 'cloudtrail' },
});

describe('an app client that exists, but is marked as deleted', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(LEAVING);
    await world.createIdentityPool(pools.mobile);
  });
  after(() => world.close());

  const table = (operation: string, input: object) =>
    world.local.aws.tables.ask(HOME, operation, { TableName: 'poolbridge-dev', ...input });
  const keyOf = (clientId: string) => ({
    pk: { S: pools.mobile },
    sk: { S: `entry#${providerName}#${clientId}` },
  });
  const ledgerEntry = async (clientId: string) => {
    const { Item } = (await table('GetItem', { Key: keyOf(clientId) })) as {
      Item?: { body: { S: string } };
    };
    return Item && JSON.parse(Item.body.S);
  };
  /** Marks an app client as an earlier version did, which believed every input. */
  const mark = (clientId: string, age: number) =>
    table('PutItem', {
      Item: {
        ...keyOf(clientId),
        sequence: { N: '1' },
        body: {
          S: JSON.stringify({
            state: 'unlinked',
            providerName,
            clientId,
            deleted: true,
            links: ['leaving'],
            execution: 'x',
            sequence: 1,
            time: Date.now() - age,
          }),
        },
      },
    });
  const has = async (clientId: string) =>
    JSON.stringify(await world.describe(pools.mobile)).includes(clientId);
  const link = async (clientId: string) => {
    const ended = await world.run({ userPoolId: LEAVING, clientId });
    const [result] = ended.result().results;
    assert.ok(result && 'before' in result, JSON.stringify(result));
    return result;
  };

  test('is neither unlinked nor blocked: the execution fails and says why', async () => {
    const clientId = await world.createAppClient(LEAVING);
    await link(clientId);
    const whole = await world.run(deletion({ userPoolId: LEAVING }));
    assert.equal(whole.error, 'NotDeletedError');
    assert.match(whole.failure().message, /says that the user pool .* still has it.* by hand\.$/);
    const one = await world.run(deletion({ userPoolId: LEAVING, clientId }));
    assert.equal(one.error, 'NotDeletedError');
    assert.ok(one.failure().message.includes(`the app client ${clientId} of the user pool`));
    assert.ok(await has(clientId));
    assert.equal(await ledgerEntry('*'), undefined);
    assert.equal((await ledgerEntry(clientId)).state, 'linked');
  });

  test('is unlinked once Cognito no longer lists it, even if its listing lags behind', async () => {
    const clientId = await world.createAppClient(LEAVING);
    await link(clientId);
    await world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new DeleteUserPoolClientCommand({ UserPoolId: LEAVING, ClientId: clientId }));
    const operations = world.local.aws.services.get('cognito-idp')!.operations;
    const { ListUserPoolClients: list } = operations;
    let lagging = 2;
    operations['ListUserPoolClients'] = {
      ...list!,
      run: async (call) => {
        const answer = (await list!.run(call)) as { UserPoolClients: object[] };
        if (lagging-- <= 0) return answer;
        const deleted = { ClientId: clientId, ClientName: 'app', UserPoolId: LEAVING };
        return { ...answer, UserPoolClients: [...answer.UserPoolClients, deleted] };
      },
    };
    const ended = await world.run(deletion({ userPoolId: LEAVING, clientId }));
    operations['ListUserPoolClients'] = list!;
    assert.equal(ended.result().results[0]?.outcome, 'UNLINKED');
    assert.equal(await has(clientId), false);
    assert.equal((await ledgerEntry(clientId)).deleted, true);
  });

  test('is linked in spite of the mark in the ledger, and the result names the marks', async () => {
    const clientId = await world.createAppClient(LEAVING);
    await mark('*', HOUR);
    await mark(clientId, HOUR);
    const result = await link(clientId);
    assert.equal(result.outcome, 'LINKED');
    assert.deepEqual(result.marksCleared, [
      { providerName, clientId },
      { providerName, clientId: '*' },
    ]);
    assert.equal(await ledgerEntry('*'), undefined);
    assert.equal((await ledgerEntry(clientId)).state, 'linked');
  });

  test('stays unlinked for a minute, while a listing may still lag behind a deletion', async () => {
    const clientId = await world.createAppClient(LEAVING);
    await mark(clientId, 0);
    const result = await link(clientId);
    assert.deepEqual([result.outcome, result.marksCleared], ['NOT_LINKED', undefined]);
    assert.equal((await ledgerEntry(clientId)).deleted, true);
  });

  test('is not linked by another execution that writes for pending requests', async () => {
    const [marked, other] = [
      await world.createAppClient(LEAVING),
      await world.createAppClient(LEAVING),
    ];
    await mark(marked, 0);
    const body = { key: 'waits', execution: 'x:y', operation: 'link', userPoolId: LEAVING };
    await table('PutItem', {
      Item: {
        pk: { S: pools.mobile },
        sk: { S: 'pending#waits' },
        ticket: { N: '0' },
        body: { S: JSON.stringify({ ...body, clientId: marked }) },
        expiresAt: { N: String(Date.now() + HOUR) },
      },
    });
    assert.equal((await link(other)).outcome, 'LINKED');
    assert.equal(await has(marked), false);
  });

  test('is counted by a reconcile, and linked by one that repairs', async () => {
    const clientId = await world.createAppClient(LEAVING);
    await mark('*', HOUR);
    await mark(clientId, HOUR);
    const reconcile = async (repair: boolean) => {
      const ended = await world.run({ link: 'leaving', repair }, undefined, world.reconcileArn);
      // The user pools of other accounts can not be listed here, so the execution fails in the end.
      return JSON.parse((ended.output ?? ended.cause)!);
    };
    const reported = await reconcile(false);
    assert.equal(reported.totals.wrongMarks, 2);
    assert.equal(await has(clientId), false);
    const repaired = await reconcile(true);
    assert.equal(repaired.identityPools[0].wrongMarks, 2);
    assert.equal(await ledgerEntry('*'), undefined);
    assert.ok(await has(clientId));
    assert.equal((await reconcile(false)).totals.wrongMarks, undefined);
  });
});
