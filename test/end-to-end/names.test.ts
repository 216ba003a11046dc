import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { until } from '../until.ts';
import { HOME, pools, startWorld, type World } from '../world.ts';

const WEB = 'us-east-1_Web000001';
const TableName = 'poolbridge-dev';

describe('requests that need the names of one user pool’s app clients', () => {
  let world: World;
  /** The calls of ListUserPoolClients so far. */
  let lists = 0;
  /** The calls of DescribeUserPool so far, which returns the issuer. */
  let descriptions = 0;
  /** How often executions have tried to take the lease to list. Each tries once while another lists. */
  let tries = 0;
  /** Runs after the next page is read, and before it is returned. */
  let afterPage = async () => {};

  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(WEB, { team: 'web' });
    await world.createIdentityPool(pools.web);
    const { operations } = world.local.aws.services.get('cognito-idp')!;
    const list = operations['ListUserPoolClients']!;
    operations['ListUserPoolClients'] = {
      ...list,
      run: async (call) => {
        lists++;
        const page = await list.run(call);
        const then = afterPage;
        afterPage = async () => {};
        await then();
        return page;
      },
    };
  });
  before(() => {
    const { operations } = world.local.aws.services.get('cognito-idp')!;
    const { run, ...rest } = operations['DescribeUserPool']!;
    operations['DescribeUserPool'] = {
      ...rest,
      run: (call) => {
        descriptions++;
        return run(call);
      },
    };
  });
  before(() => {
    const { operations } = world.local.aws.services.get('dynamodb')!;
    const { run, ...rest } = operations['UpdateItem']!;
    operations['UpdateItem'] = {
      ...rest,
      run: (call) => {
        const { UpdateExpression } = call.input as { UpdateExpression: string };
        if (UpdateExpression.endsWith('ADD begun :one')) tries++;
        return run(call);
      },
    };
  });
  after(() => world.close());

  const start = async (clientId: string): Promise<string> => {
    const { executionArn } = await world.client(SFNClient, HOME).send(
      new StartExecutionCommand({
        stateMachineArn: world.machineArn,
        input: JSON.stringify({ userPoolId: WEB, clientId }),
      }),
    );
    return executionArn!;
  };

  const outcomeOf = async (executionArn: string) =>
    (await world.ended(executionArn)).result().results[0]!.outcome;

  const Key = { pk: { S: `names#${WEB}` }, sk: { S: 'lease' } };

  /** Gives the running listing as much time as this machine needs. */
  const lengthenLease = () =>
    world.local.aws.tables.ask(HOME, 'UpdateItem', {
      TableName,
      Key,
      UpdateExpression: 'SET expiresAt = :later',
      ExpressionAttributeValues: { ':later': { N: String(Date.now() + 600_000) } },
    });

  test('share a listing: requests that come during a listing wait for the next one', async () => {
    const clients = await Promise.all(
      Array.from({ length: 4 }, (_, i) => world.createAppClient(WEB, `web-${i}`)),
    );
    const [first = '', ...others] = clients;
    const started: Promise<string>[] = [];
    lists = 0;
    descriptions = 0;
    tries = 0;
    afterPage = async () => {
      await lengthenLease();
      started.push(...others.map(start));
      await until(() => tries === clients.length);
    };
    started.push(start(first));
    assert.equal(await outcomeOf(await started[0]!), 'LINKED');
    const outcomes = await Promise.all(started.map(async (arn) => outcomeOf(await arn)));
    assert.deepEqual(
      outcomes,
      clients.map(() => 'LINKED'),
    );
    // A request that starts after the first listing may need a third one.
    assert.ok(lists <= 3, `${lists} listings`);
    // Each listing also has the issuer of the user pool.
    assert.equal(descriptions, lists);
  });

  test('never use a listing that began before them', async () => {
    const early = await world.createAppClient(WEB, 'web-early');
    let late = Promise.resolve('');
    tries = 0;
    afterPage = async () => {
      await lengthenLease();
      const clientId = await world.createAppClient(WEB, 'web-late');
      late = start(clientId);
      await until(() => tries === 2);
    };
    assert.equal(await outcomeOf(await start(early)), 'LINKED');
    assert.equal(await outcomeOf(await late), 'LINKED');
  });

  test('are not delayed by an interrupted listing, once its lease has expired', async () => {
    const clientId = await world.createAppClient(WEB, 'web-after');
    await world.local.aws.tables.ask(HOME, 'UpdateItem', {
      TableName,
      Key,
      UpdateExpression: 'SET nonce = :nonce, expiresAt = :soon',
      ExpressionAttributeValues: {
        ':nonce': { S: 'dead' },
        ':soon': { N: String(Date.now() + 300) },
      },
    });
    assert.equal(await outcomeOf(await start(clientId)), 'LINKED');
  });

  test('are checked with that listing when another execution writes for them, without another call', async () => {
    const clients = await Promise.all(
      ['web-x', 'web-y', 'web-z'].map((name) => world.createAppClient(WEB, name)),
    );
    const lease = { pk: { S: pools.web }, sk: { S: 'lease' } };
    const expiresAt = { N: String(Date.now() + 60_000) };
    await world.local.aws.tables.ask(HOME, 'PutItem', {
      TableName,
      Item: { ...lease, nonce: { S: 'somebody' }, expiresAt },
    });
    lists = 0;
    const started = await Promise.all(clients.map(start));
    await until(async () => {
      const { Items = [] } = (await world.local.aws.tables.ask(HOME, 'Query', {
        TableName,
        KeyConditionExpression: 'pk = :pool AND begins_with(sk, :pending)',
        ExpressionAttributeValues: { ':pool': lease.pk, ':pending': { S: 'pending#' } },
      })) as { Items?: unknown[] };
      return Items.length === clients.length;
    });
    const listed = lists;
    await world.local.aws.tables.ask(HOME, 'DeleteItem', { TableName, Key: lease });
    const results = await Promise.all(
      started.map(async (arn) => (await world.ended(arn)).result().results[0]!),
    );
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      clients.map(() => 'LINKED'),
    );
    assert.ok(results.some((result) => 'writtenBy' in result && result.writtenBy !== undefined));
    assert.equal(lists, listed);
  });
});
