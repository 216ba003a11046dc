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

const numberIn = (text: string): number => Number(text.replaceAll(',', ''));
const cents = (dollars: number): number => Math.round(100 * dollars);

/** The rows of the table of a thousand links: what is paid for, and the price. */
const thousand = (): [what: string, amounts: string, dollars: number][] => {
  const [, table = ''] = page.split('| A thousand links |');
  const rows = table
    .split('\n\n')[0]!
    .split('\n')
    .filter((line) => line.includes(' | $'));
  return rows.map((row) => {
    const [, what = '', amounts = '', dollars = ''] = row.split(' | ').join('|').split('|');
    return [what, amounts, numberIn(dollars.replace(/[ $]/g, ''))];
  });
};

test('a thousand links cost a thousand times what one does', () => {
  const [transitions = 0, invocations = 0, writes = 0, reads = 0, events = 0, kilobytes = 0] =
    stated('a link');
  const amounts = thousand()
    .map((row) => row[1])
    .join(' ');
  for (const [count = '', expected] of [
    [/([\d,]+) at \$0.025 per 1,000/.exec(amounts)?.[1], transitions * 1000],
    [/([\d,]+) requests/.exec(amounts)?.[1], invocations * 1000],
    [/([\d,]+) writes/.exec(amounts)?.[1], writes * 1000],
    [/([\d,]+) reads/.exec(amounts)?.[1], reads * 1000],
    [/([\d,]+) events/.exec(amounts)?.[1], events * 1000],
    [/([\d.]+) GB at/.exec(amounts)?.[1], kilobytes / 1000],
  ] as const) {
    assert.equal(numberIn(count), expected, amounts);
  }
});

test('the dollars of a thousand links follow from the amounts and the prices', () => {
  const rows = thousand();
  assert.equal(rows.length, 5);
  let computed = 0;
  for (const [what, amounts, dollars] of rows) {
    const [, amount = '', , price = '', per = '1'] =
      /^ ?([\d.,]+)( GB)? at \$([\d.]+)(?: per ([\d,]+))?/.exec(amounts) ?? [];
    if (amount === '') continue;
    const [, days] = /kept for (\d+) days/.exec(what) ?? [];
    const months = days === undefined ? 1 : (12 * Number(days)) / 365;
    const expected = (numberIn(amount) * Number(price) * months) / numberIn(per);
    assert.equal(cents(dollars), cents(expected), what);
    computed++;
  }
  assert.equal(computed, 3);
  const sum = rows.reduce((total, [, , dollars]) => total + dollars, 0);
  assert.match(page, new RegExp(`thousand links cost about \\$${sum.toFixed(2)},`));
});

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
