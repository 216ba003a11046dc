import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HOME, pools, startWorld, type World } from '../world.ts';
import { poolbridge } from './command.ts';

const LEASE = { pk: { S: pools.mobile }, sk: { S: 'lease' } };
const HOLDER = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:slow';

describe('poolbridge lease', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
  });
  after(() => world.close());

  const ask = (operation: string, input: object) =>
    world.local.aws.tables.ask(HOME, operation, { TableName: 'poolbridge-dev', ...input });

  const hold = (expiresAt: number) =>
    ask('PutItem', {
      Item: {
        ...LEASE,
        nonce: { S: 'one' },
        holder: { S: HOLDER },
        sequence: { N: '7' },
        expiresAt: { N: String(expiresAt) },
        writing: { S: '7.1-one' },
      },
    });

  const lease = (...args: string[]) =>
    poolbridge(world, ['lease', '--identity-pool', pools.mobile, ...args]);

  const kept = async () => {
    const { Item } = (await ask('GetItem', { Key: LEASE })) as { Item?: object };
    return Item;
  };

  test('says that no one holds it', async () => {
    const { code, out } = await lease('--release');
    assert.deepEqual(
      [code, out.trim()],
      [
        0,
        'No one holds the lease, and no execution of this stage has held it so far. If Poolbridge has written to this identity pool, check the id and the stage.',
      ],
    );
  });

  test('names the holder, since when and until when', async () => {
    await hold(Date.now() + 20_000);
    const { out } = await lease();
    assert.match(
      out,
      /^Held by arn:\S+:slow\n {2}since \S+ \S+Z, until \S+ \S+Z\n.*7\.1-one is not settled/,
    );
  });

  test('does not release it before it expires, unless forced', async () => {
    await hold(Date.now() + 20_000);
    const { code, err } = await lease('--release');
    assert.equal(code, 1);
    assert.match(
      err,
      /arn:\S+:slow holds the lease of \S+ until \S+ \S+Z\. The lease then ends by itself\./,
    );
    assert.ok('nonce' in (await kept())!);
    const forced = await lease('--release', '--force');
    assert.equal(forced.code, 0);
    assert.ok(!('nonce' in (await kept())!));
  });

  test('keeps the sequence and the unsettled write', async () => {
    await hold(Date.now() - 60_000);
    const { code, out } = await lease('--release');
    assert.equal(code, 0);
    assert.match(out, /The lease is released\./);
    assert.deepEqual(await kept(), { ...LEASE, sequence: { N: '7' }, writing: { S: '7.1-one' } });
  });
});
