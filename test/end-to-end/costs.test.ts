import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Asked } from 'embedded-aws/kernel/call.ts';
import { pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';
const page = readFileSync(new URL('../../docs/costs.md', import.meta.url), 'utf8');

/** The figures in docs/costs.md: the columns of its first table. */
function stated(what: string): number[] {
  const row = page.split('\n').find((line) => line.startsWith(`| ${what} |`));
  assert.ok(row, `docs/costs.md has no costs of "${what}"`);
  return row.split('|').slice(2, -1).map(Number);
}

describe('the costs that docs/costs.md states', () => {
  let world: World;
  let asked: Asked[] = [];
  before(async () => {
    world = await startWorld();
    const { aws } = world.local;
    const call = aws.call.bind(aws);
    aws.call = (it) => {
      asked.push(it);
      return call(it);
    };
    for (const id of [MOBILE, 'us-east-1_Nobody001']) await world.createUserPool(id);
    await world.createIdentityPool(pools.mobile);
  });
  after(() => world.close());

  const countOf = (service: string, operations: RegExp) =>
    asked.filter((call) => call.service === service && operations.test(call.operation)).length;

  /** The figures of an execution: states, invocations, writes and reads of the table, events, logs in KB. */
  async function costs(execute: () => Promise<{ executionArn: string }>): Promise<number[]> {
    asked = [];
    const before = logged(world);
    const { executionArn } = await execute();
    const history = await world.history(executionArn);
    return [
      history.filter(({ type }) => type?.endsWith('StateEntered')).length,
      countOf('lambda', /^Invoke$/),
      countOf('dynamodb', /^(Put|Update|Delete)Item$/),
      countOf('dynamodb', /^(GetItem|Query)$/),
      countOf('events', /^PutEvents$/),
      (logged(world) - before) / 1000,
    ];
  }

  /** Compares the figures with the page: counts exactly, logs as precisely as the page rounds them. */
  function assertStated(what: string, measured: number[]): void {
    const [counts, kilobytes] = [stated(what), stated(what).pop()];
    const found = measured.pop();
    assert.ok(found && kilobytes && Math.abs(kilobytes / found - 1) < 0.15, `${found} KB of logs`);
    assert.deepEqual(counts.slice(0, -1), measured);
  }

  test('are right for a link', async () => {
    const link = async () => world.executionFor(await world.createAppClient(MOBILE));
    // The first execution finds no ledger and has cold starts.
    await link();
    assertStated('a link', await costs(link));
  });

  test('are right for an app client that no link covers', async () => {
    const create = async () =>
      world.executionFor(await world.createAppClient('us-east-1_Nobody001'));
    assertStated('an app client that no link covers', await costs(create));
  });

  test('are right for a daily reconcile', async () => {
    const reconcile = () =>
      world.run({ link: 'mobile', repair: true }, undefined, world.reconcileArn);
    await reconcile();
    assertStated('a reconcile of one identity pool', await costs(reconcile));
  });
});

// What CloudWatch Logs bills for each line in addition to its text.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutLogEvents.html
const OVERHEAD = 26;

function logged(world: World): number {
  const lines = world.local.aws.logGroups.all().flatMap(({ events }) => events);
  return lines.reduce((sum, { message }) => sum + Buffer.byteLength(message) + OVERHEAD, 0);
}
