import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Change } from '../../core/merge.ts';
import { type Ended, HOME, pools, startWorld, type World } from '../world.ts';

const HUGE = 'us-east-1_Huge00001';
const FIFTY = 50;
const TableName = 'poolbridge-dev';

interface TableAnswer {
  Items?: { body: { S: string } }[];
}

describe('many requests at once', () => {
  let world: World;
  before(async () => {
    world = await startWorld({
      latency: { 'cognito-identity': 200, 'cognito-idp': 200, dynamodb: 5 },
      rates: { 'cognito-identity:UpdateIdentityPool': 10 },
    });
    world.local.aws.identityPools.providerQuota = 1000;
    world.local.aws.stateMachines.retryScale = 1;
    await world.createUserPool(HUGE);
    await world.createIdentityPool(pools.huge);
  });
  after(() => world.close());

  const ask = (operation: string, input: object) =>
    world.local.aws.tables.ask(HOME, operation, { TableName, ...input }) as Promise<TableAnswer>;

  const until = async (holds: () => boolean | Promise<boolean>) => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
  };

  /** Every execution, once there are so many and all have ended. */
  const allEnded = async (count: number): Promise<Ended[]> => {
    const { executions } = world.local.aws.stateMachines;
    await until(() => {
      const all = [...executions.values()];
      return all.length >= count && all.every(({ status }) => status !== 'RUNNING');
    });
    return world.executions();
  };

  const resultOf = (ended: Ended) => {
    const [result, ...more] = ended.result().results;
    assert.deepEqual(more, []);
    assert.ok(result && result.outcome !== 'FAILED');
    return result;
  };

  const outcomeOf = (ended: Ended) => resultOf(ended).outcome;

  const linkedClients = async (): Promise<string[]> => {
    const { CognitoIdentityProviders: entries = [] } = await world.describe(pools.huge);
    const ours = entries.filter(({ ProviderName }) => ProviderName!.endsWith(HUGE));
    return ours.map(({ ClientId }) => ClientId!).sort();
  };

  test('fifty app clients created at once are linked with at most ten updates, and none is lost', async () => {
    const { CognitoIdentityProviders: foreign } = await world.describe(pools.huge);
    const clientIds = await Promise.all(
      Array.from({ length: FIFTY }, () => world.createAppClient(HUGE)),
    );
    const ended = await allEnded(FIFTY);
    assert.equal(ended.length, FIFTY);
    const updates = world.local.aws.trail.records.filter(
      ({ eventName }) => eventName === 'UpdateIdentityPool',
    );
    assert.ok(updates.length <= 10, `${updates.length} updates`);
    assert.deepEqual(await linkedClients(), clientIds.sort());
    const { CognitoIdentityProviders: entries } = await world.describe(pools.huge);
    assert.deepEqual(entries!.slice(0, foreign!.length), foreign);

    const results = new Map(ended.map((each) => [each.executionArn, resultOf(each)]));
    for (const execution of ended) {
      const { outcome, changes, writtenBy, before, after } = resultOf(execution);
      assert.equal(outcome, 'LINKED');
      // Its own entry and no other, whoever wrote it.
      assert.deepEqual(
        changes.map((change) => (change as Change).provider.ClientId),
        [execution.result().clientId],
      );
      if (writtenBy === undefined) continue;
      const writer = results.get(writtenBy)!;
      assert.equal(writer.writtenBy, undefined);
      assert.deepEqual([before, after], [writer.before, writer.after]);
    }
    const writers = [...results.values()].filter(({ writtenBy }) => writtenBy === undefined);
    assert.equal(writers.length, updates.length);
  });

  /** Lets requests queue up behind somebody who has the lease, one after the other. */
  const inTurn = async (inputs: object[]) => {
    const pk = { S: pools.huge };
    const lease = { pk, sk: { S: 'lease' } };
    const expiresAt = { N: String(Date.now() + 60_000) };
    await ask('PutItem', { Item: { ...lease, nonce: { S: 'somebody' }, expiresAt } });
    const started: string[] = [];
    for (const input of inputs) {
      const { executionArn } = await world.client(SFNClient, HOME).send(
        new StartExecutionCommand({
          stateMachineArn: world.machineArn,
          input: JSON.stringify({ userPoolId: HUGE, ...input }),
        }),
      );
      started.push(executionArn!);
      await until(async () => {
        const { Items = [] } = await ask('Query', {
          KeyConditionExpression: 'pk = :pool AND begins_with(sk, :pending)',
          ExpressionAttributeValues: { ':pool': pk, ':pending': { S: 'pending#' } },
        });
        return Items.some(({ body }) => body.S.includes(executionArn!));
      });
    }
    await ask('DeleteItem', { Key: lease });
    return Promise.all(started.map((arn) => world.ended(arn)));
  };

  test('a link and an unlink that wait together are done in the order in which they came', async () => {
    world.local.aws.trail.enabled = false;
    world.local.aws.stateMachines.retryScale = 0.01;
    const there = await world.createAppClient(HUGE);
    const clientId = await world.createAppClient(HUGE);
    const unlinkAll = { operation: 'unlink' };
    resultOf(await world.run({ userPoolId: HUGE, clientId: there }));
    const linkFirst = await inTurn([{ clientId }, unlinkAll]);
    assert.deepEqual(linkFirst.map(outcomeOf), ['LINKED', 'UNLINKED']);
    assert.deepEqual(await linkedClients(), []);

    resultOf(await world.run({ userPoolId: HUGE, clientId: there }));
    const unlinkFirst = await inTurn([unlinkAll, { clientId }]);
    assert.deepEqual(unlinkFirst.map(outcomeOf), ['UNLINKED', 'LINKED']);
    assert.deepEqual(await linkedClients(), [clientId]);
  });
});
