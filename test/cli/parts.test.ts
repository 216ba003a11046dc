import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ending } from '../../cli/executions/ending.ts';
import { joined, nextOf } from '../../cli/executions/parts.ts';
import { summaryOf } from '../../cli/executions/summary.ts';
import { nextStepsOf } from '../../cli/output/next-steps.ts';
import { requestedByName, requestedByText } from '../../cli/output/requested-by.ts';
import { shortener } from '../../cli/output/short-ids.ts';
import { poolReport } from '../../core/reconcile/pool-report.ts';
import { totalsOf } from '../../core/reconcile/report.ts';

const arnOf = (name: string) =>
  `arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-reconcile:${name}`;

/** The report of a part with one missing entry in one identity pool. */
function reportOf(link: string) {
  const provider = {
    ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A',
    ClientId: 'a',
  };
  const pool = { identityPoolId: `ap-south-1:${link}`, links: [link], room: 1000 };
  const identityPools = [poolReport(pool, [{ state: 'missing', links: [link], provider }])];
  return { repair: true, links: [link], identityPools, totals: totalsOf(identityPools) };
}

const succeeded = (name: string, next?: string): Ending => ({
  execution: arnOf(name),
  status: 'SUCCEEDED',
  output: { ...reportOf(name), ...(next !== undefined && { next: arnOf(next) }) },
});
const failed = (name: string, report: Record<string, unknown>): Ending => ({
  execution: arnOf(name),
  status: 'FAILED',
  error: 'PoolBusyError',
  message: `${name} was busy.`,
  report,
});

describe('an execution of a part', () => {
  const name = '31ce6e93-88f2-4689-b06f-9ec1748fd4d8';

  test('has a short name with its number', () => {
    const short = shortener([`${name}-part-2`, name, '31ceffff-88f2-4689-b06f-9ec1748fd4d8']);
    assert.equal(short(name), '31ce6e93…');
    assert.equal(short(`${name}-part-2`), '31ce6e93…-part-2');
  });

  test('says which reconcile it continues, and first what it repaired', () => {
    const [none] = reportOf('none').identityPools;
    const repaired = { ...none!, repaired: { linked: 1, unlinked: 0 } };
    const { outcome, requestedBy } = summaryOf({
      execution: arnOf(`${name}-part-2`),
      machine: 'reconcile',
      source: 'history',
      status: 'SUCCEEDED',
      started: '2026-01-31T12:00:00Z',
      input: JSON.stringify({ repair: true, part: { number: 2, after: 'x', failed: false } }),
      output: JSON.stringify({ identityPools: [none, none, repaired] }),
    });
    assert.equal(outcome, 'REPAIRED, REPORTED × 2');
    assert.equal(requestedByText(requestedBy!), `reconcile, as ${name} goes on`);
    assert.equal(requestedByName(requestedBy!), 'reconcile');
  });
});

describe('the end of a reconcile in parts', () => {
  test('goes on where a report says so, also if its part failed', () => {
    assert.equal(nextOf(succeeded('one', 'two')), arnOf('two'));
    assert.equal(nextOf(failed('one', { next: arnOf('two') })), arnOf('two'));
    assert.equal(nextOf(succeeded('two')), undefined);
  });

  test('is shown as that of one execution', () => {
    const only = succeeded('one');
    assert.equal(joined(only, []), only);
    const all = joined(succeeded('one', 'two'), [succeeded('two')]);
    assert.ok('output' in all);
    const { links, identityPools, totals, next } = all.output as Partial<
      ReturnType<typeof reportOf>
    > & {
      next?: string;
    };
    assert.deepEqual([all.execution, all.parts], [arnOf('one'), [arnOf('two')]]);
    assert.deepEqual(links, ['one', 'two']);
    assert.equal(identityPools?.length, 2);
    assert.equal(totals?.missing, 2);
    assert.equal(next, undefined);
  });

  test('says who removed an entry where the part that looked says so', () => {
    const all = joined(succeeded('one', 'two'), [succeeded('two')]);
    assert.ok('output' in all && all.lookedBy);
    const { identityPools } = all.output as ReturnType<typeof reportOf>;
    const lost = identityPools.map((pool) => ({
      ...pool,
      removedByOthers: 1,
      entries: pool.entries.map((entry) => ({ ...entry, state: 'removed' as const })),
    }));
    const about = { execution: all.execution, lookedBy: all.lookedBy, link: undefined };
    const [step] = nextStepsOf(
      { identityPools: lost.slice(1) },
      { ...about, commandLine: (words) => words },
    );
    assert.deepEqual(step?.ways[0], { what: 'To see who removed it', command: 'show two' });
  });

  test('is a failure if one part failed, and says which identity pools the report lacks', () => {
    const whole = joined(succeeded('one'), [failed('two', reportOf('two'))]);
    assert.ok('error' in whole);
    assert.deepEqual([whole.status, whole.error], ['FAILED', 'PoolBusyError']);
    assert.equal(whole.message, 'One of 2 parts failed. two was busy.');
    assert.deepEqual(whole.report['links'], ['one', 'two']);
    const lacking = joined(failed('one', { totals: {} }), [failed('two', {}), succeeded('three')]);
    assert.ok('error' in lacking);
    assert.equal(
      lacking.message,
      '2 of 3 parts failed. The first: one was busy. This report leaves out the identity pools of one, two.',
    );
    assert.deepEqual(lacking.report['links'], ['three']);
  });
});
