import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CognitoIdentityClient, UpdateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { isFaulty } from '../../core/request/outcome.ts';
import { until } from '../until.ts';
import { ACCOUNT_B, type Ended, HOME, pools, startWorld, type World } from '../world.ts';

const HUGE = 'us-east-1_Huge00001';
const ProviderName = `cognito-idp.us-east-1.amazonaws.com/${HUGE}`;
const TableName = 'poolbridge-dev';

interface TableAnswer {
  Items?: { body: { S: string } }[];
  Item?: { body: { S: string } };
}

describe('requests that wait for the lease together', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    world.local.aws.identityPools.providerQuota = 1000;
    await world.createUserPool(HUGE);
    await world.createIdentityPool(pools.huge);
  });
  after(() => world.close());

  const ask = (operation: string, input: object) =>
    world.local.aws.tables.ask(HOME, operation, { TableName, ...input }) as Promise<TableAnswer>;

  const resultOf = (ended: Ended) => {
    const [result, ...more] = ended.result().results;
    assert.deepEqual(more, []);
    assert.ok(result && !isFaulty(result));
    return result;
  };

  const outcomeOf = (ended: Ended) => resultOf(ended).outcome;

  const linkedClients = async (): Promise<string[]> => {
    const { CognitoIdentityProviders: entries = [] } = await world.describe(pools.huge);
    const ours = entries.filter(({ ProviderName }) => ProviderName!.endsWith(HUGE));
    return ours.map(({ ClientId }) => ClientId!).sort();
  };

  /** Lets requests wait for the lease, one after the other. */
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

  test('are done in the order in which they came, even a link and an unlink', async () => {
    const there = await world.createAppClient(HUGE);
    const clientId = await world.createAppClient(HUGE);
    const unlinkAll = { operation: 'unlink' };
    resultOf(await world.run({ userPoolId: HUGE, clientId: there }));
    const linkFirst = await inTurn([{ clientId }, unlinkAll]);
    assert.deepEqual(linkFirst.map(outcomeOf), ['LINKED', 'UNLINKED']);
    // One of the two wrote for both. Each has its own changes, and the same pool before and after.
    const [link, unlink] = linkFirst.map(resultOf);
    const writers = [link!.writtenBy, unlink!.writtenBy].filter((arn) => arn !== undefined);
    assert.ok(
      linkFirst.some(({ executionArn }) => writers.length === 1 && executionArn === writers[0]),
    );
    assert.deepEqual([link!.before, link!.after], [unlink!.before, unlink!.after]);
    assert.equal(link!.assumedRoleArn, unlink!.assumedRoleArn);
    assert.deepEqual(
      link!.changes.map(({ op }) => op),
      ['add'],
    );
    assert.ok(unlink!.changes.every(({ op }) => op === 'remove'));
    // The identity pool never had the new entry, but it had the other one.
    assert.deepEqual(link!.cancelled, link!.changes);
    assert.deepEqual(
      unlink!.cancelled,
      unlink!.changes.filter((change) => JSON.stringify(change).includes(clientId)),
    );
    assert.deepEqual(await linkedClients(), []);

    resultOf(await world.run({ userPoolId: HUGE, clientId: there }));
    const unlinkFirst = await inTurn([unlinkAll, { clientId }]);
    assert.deepEqual(unlinkFirst.map(outcomeOf), ['UNLINKED', 'LINKED']);
    assert.deepEqual(await linkedClients(), [clientId]);
  });

  /**
   * Leaves the traces of an UpdateIdentityPool that was killed after its call, before it updated the ledger and
   * answered, with the first of its requests still pending; then lets another request write.
   */
  const cutOff = async (sequence: number, shares: { operation: string; clientId: string }[]) => {
    const before = await world.describe(pools.huge);
    const changesOf = shares.map(({ operation, clientId: ClientId }) => ({
      op: operation === 'link' ? 'add' : 'remove',
      provider: { ProviderName, ClientId, ServerSideTokenCheck: false },
    }));
    const isCancelled = (clientId: string) =>
      shares.filter((share) => share.clientId === clientId).length > 1;
    const added = changesOf.filter(({ provider }) => !isCancelled(provider.ClientId));
    const after = {
      ...before,
      CognitoIdentityProviders: [
        ...(before.CognitoIdentityProviders ?? []),
        ...added.map(({ provider }) => provider),
      ],
    };
    await world
      .client(CognitoIdentityClient, { account: ACCOUNT_B, region: 'ap-south-1' })
      .send(new UpdateIdentityPoolCommand(after as never));
    const put = (sk: string, more: object) =>
      ask('PutItem', { Item: { pk: { S: pools.huge }, sk: { S: sk }, ...more } });
    const body = (value: unknown) => ({ body: { S: JSON.stringify(value) } });
    const execution = 'x:cut';
    const written = shares.map(({ operation, clientId }, i) => {
      const changes = [changesOf[i]];
      return {
        key: `cut-${i}`,
        execution,
        links: ['huge'],
        intent: { operation, providerName: ProviderName, clientId, serverSideTokenCheck: false },
        changes,
        ...(isCancelled(clientId) && { cancelled: changes }),
      };
    });
    const waits = { expiresAt: { N: String(Date.now() + 60_000) }, ticket: { N: '1' } };
    const asked = { key: 'cut-0', execution, userPoolId: HUGE, ...shares[0] };
    const write = `${sequence}-cut`;
    await put('pending#cut-0', { ...body(asked), ...waits });
    await put(
      `write#${write}`,
      body({ execution, assumedRoleArn: 'arn', sequence, before, after }),
    );
    await put(`shares#${write}`, body(written));
    await put('lease', { sequence: { N: String(sequence) }, writing: { S: write } });
    const other = await world.createAppClient(HUGE);
    assert.equal(outcomeOf(await world.run({ userPoolId: HUGE, clientId: other })), 'LINKED');
    const { Item: answer } = await ask('GetItem', {
      Key: { pk: { S: pools.huge }, sk: { S: 'answer#cut-0' } },
    });
    return JSON.parse(answer!.body.S);
  };

  test('are answered once: one that a killed function wrote keeps its answer', async () => {
    const clientId = await world.createAppClient(HUGE);
    const { changes } = await cutOff(900, [{ operation: 'link', clientId }]);
    assert.deepEqual(
      changes.map(({ op }: { op: string }) => op),
      ['add'],
    );
    assert.ok((await linkedClients()).includes(clientId));
  });

  test('stay cancelled by each other even if the function that wrote them was killed', async () => {
    const clientId = await world.createAppClient(HUGE);
    const more = await world.createAppClient(HUGE);
    const { changes, cancelled } = await cutOff(950, [
      { operation: 'link', clientId },
      { operation: 'unlink', clientId },
      { operation: 'link', clientId: more },
    ]);
    assert.deepEqual(cancelled, changes);
    const linked = await linkedClients();
    assert.ok(linked.includes(more));
    assert.ok(!linked.includes(clientId));
  });
});
