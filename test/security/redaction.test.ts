import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { HOME, pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';

describe('a whole run', () => {
  let world: World;
  const secrets: string[] = [];
  /** Everything that was written to the table or requested from it. */
  const table: object[] = [];
  let nextFinished: Awaited<ReturnType<World['listen']>>;

  before(async () => {
    world = await startWorld();
    const { iam } = world.local.aws;
    const { openSession } = iam;
    iam.openSession = (role, options) => {
      const opened = openSession.call(iam, role, options);
      const { secretAccessKey, sessionToken } = opened.session;
      secrets.push(secretAccessKey, sessionToken);
      return opened;
    };
    const { aws } = world.local;
    const { call } = aws;
    aws.call = (asked) => {
      if (asked.service === 'dynamodb') table.push(asked.input);
      return call.call(aws, asked);
    };
    nextFinished = await world.listen();
    await world.createUserPool(MOBILE);
    await world.createUserPool('us-east-1_Half00001');
    await world.createIdentityPool(pools.mobile);
  });
  after(() => world.close());

  const createClientWithSecret = async (UserPoolId: string): Promise<string> => {
    const { UserPoolClient } = await world
      .client(CognitoIdentityProviderClient, HOME)
      .send(
        new CreateUserPoolClientCommand({ UserPoolId, ClientName: 'app', GenerateSecret: true }),
      );
    secrets.push(UserPoolClient!.ClientSecret!);
    return UserPoolClient!.ClientId!;
  };

  test('leaves no credential, token or client secret in a history, a log, an event or the table', async () => {
    const linked = await createClientWithSecret(MOBILE);
    const executions = [await world.executionFor(linked)];
    const half = await createClientWithSecret('us-east-1_Half00001');
    executions.push(await world.executionFor(half));
    executions.push(await world.run({ userPoolId: MOBILE, clientId: 'unknown' }));
    executions.push(await world.run({ operation: 'unlink', userPoolId: MOBILE, clientId: linked }));
    assert.deepEqual(
      executions.map(({ status }) => status),
      ['SUCCEEDED', 'FAILED', 'FAILED', 'SUCCEEDED'],
    );
    const histories = await Promise.all(
      executions.map(({ executionArn }) => world.history(executionArn)),
    );
    const finished: object[] = [];
    while (finished.length < executions.length) finished.push(await nextFinished());
    const { logGroups, trail } = world.local.aws;
    const told = {
      histories: JSON.stringify(histories),
      logs: JSON.stringify(logGroups.all()),
      records: JSON.stringify(trail.records),
      events: JSON.stringify(finished),
      table: JSON.stringify(table),
    };
    // Pending requests, writes with the pool before and after, and the ledger.
    for (const kind of ['pending#', 'write#', 'entry#']) assert.ok(told.table.includes(kind), kind);
    assert.ok(secrets.length >= 20 && secrets.every((secret) => secret.length >= 20));
    for (const [where, text] of Object.entries(told)) {
      assert.ok(text.length > 1000, `the ${where} tell nothing`);
      for (const secret of secrets)
        assert.ok(!text.includes(secret), `a secret is in the ${where}`);
      assert.ok(
        !/ASIA[0-9A-F]{16}/.test(text) || where === 'records',
        `a key id is in the ${where}`,
      );
    }
  });

  test('keeps only the selected fields of the CloudTrail record in the history', async () => {
    const clientId = await createClientWithSecret(MOBILE);
    const { input } = await world.executionFor(clientId);
    const { request, requestedBy } = JSON.parse(input!);
    assert.deepEqual(Object.keys(request), ['operation', 'userPoolId', 'clientId', 'clientName']);
    assert.deepEqual(Object.keys(requestedBy), [
      ...['via', 'principalArn', 'eventId', 'time', 'account', 'region'],
    ]);
  });
});
