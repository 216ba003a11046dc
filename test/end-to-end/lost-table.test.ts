import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { full, HOME, pools, startWorld, type World } from '../world.ts';

const USER_POOL = 'us-east-1_Healed001';
const TableName = 'poolbridge-dev';
const LEASE = { pk: { S: pools.healed }, sk: { S: 'lease' } };

type Items = Record<string, { S?: string; N?: string }>[];

describe('a table that has lost items', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(USER_POOL);
    await world.createIdentityPool(pools.healed);
  });
  after(() => world.close());

  const ask = (operation: string, input: object) =>
    world.local.aws.tables.ask(HOME, operation, { TableName, ...input });

  const client = () => world.createAppClient(USER_POOL, 'app');

  const link = (clientId: string, operation = 'link') =>
    world.run({ operation, userPoolId: USER_POOL, clientId });

  const outcomeOf = async (run: ReturnType<World['run']>) =>
    (await run).result().results[0]?.outcome;

  const isLinked = async (clientId: string): Promise<boolean> => {
    const { CognitoIdentityProviders: entries = [] } = await world.describe(pools.healed);
    return entries.some(({ ClientId }) => ClientId === clientId);
  };

  const reconcile = () =>
    world.run({ link: 'healed', repair: true }, undefined, world.reconcileArn);

  const items = async () => ((await ask('Scan', {})) as { Items?: Items }).Items ?? [];

  /** Restores the table to an earlier time. */
  const restore = async (earlier: Items) => {
    for (const { pk, sk } of await items()) await ask('DeleteItem', { Key: { pk, sk } });
    for (const Item of earlier) await ask('PutItem', { Item });
  };

  test('without the lease, continues the sequence of the ledger, so that later writes are recorded and undone', async () => {
    const first = await client();
    for (const operation of ['link', 'unlink', 'link']) await link(first, operation);
    await ask('DeleteItem', { Key: LEASE });
    assert.equal(await outcomeOf(link(first, 'unlink')), 'UNLINKED');
    const linked = await link(first);
    const undone = world.run({ operation: 'undo', executionArn: linked.executionArn });
    assert.equal(await outcomeOf(undone), 'UNLINKED');
    assert.equal(await isLinked(first), false);
  });

  test('lets the next write take a lease with no time, an impossible time or no sequence', async () => {
    const forged = [
      {},
      { expiresAt: { S: 'for ever' } },
      { expiresAt: { N: String(Date.now() + 86_400_000) } },
      { expiresAt: { N: '0' }, sequence: { S: 'many' } },
    ];
    for (const more of forged) {
      await ask('PutItem', { Item: { ...LEASE, nonce: { S: 'forged' }, ...more } });
      const linked = await link(await client());
      assert.equal(linked.result().results[0]?.outcome, 'LINKED', JSON.stringify(more));
    }
  });

  test('restored to an earlier time, does not link again what was unlinked since', async () => {
    const unlinked = await client();
    await link(unlinked);
    const earlier = await items();
    await link(unlinked, 'unlink');
    const since = await client();
    await link(since);
    await restore(earlier);
    const ended = await reconcile();
    assert.equal(ended.status, 'SUCCEEDED', ended.cause);
    assert.deepEqual([await isLinked(unlinked), await isLinked(since)], [false, true]);
    // A request of a person links it, and the ledger records that.
    const linked = await link(unlinked);
    const undone = world.run({ operation: 'undo', executionArn: linked.executionArn });
    assert.equal(await outcomeOf(undone), 'UNLINKED');
  });

  test('lost completely, links again what had been unlinked; foreign entries stay', async () => {
    const unlinked = await client();
    await link(unlinked);
    await link(unlinked, 'unlink');
    await reconcile();
    assert.equal(await isLinked(unlinked), false);
    await restore([]);
    const ended = await reconcile();
    assert.equal(ended.status, 'SUCCEEDED', ended.cause);
    assert.equal(await isLinked(unlinked), true);
    const { CognitoIdentityProviders = [] } = await world.describe(pools.healed);
    for (const { ClientId } of full.CognitoIdentityProviders ?? []) {
      assert.ok(CognitoIdentityProviders.some((entry) => entry.ClientId === ClientId));
    }
  });
});
