import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entryKey } from '../../../core/identity-pool/identity-pool.ts';
import type { EntryState } from '../../../core/reconcile/classify.ts';
import { reconcileMetrics } from '../../../core/reconcile/metrics.ts';
import { planOf } from '../../../core/reconcile/plan.ts';
import { poolReport } from '../../../core/reconcile/pool-report.ts';
import { reconcileReport } from '../../../core/reconcile/report.ts';
import type { LedgerEntry } from '../../../core/write/records.ts';
import { linkOf, POOL } from '../link-of.ts';

const NOW = 1_800_000_000_000;
const ProviderName = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A';

describe('the report', () => {
  const finding = (state: EntryState, clientId: string) => ({
    state,
    links: ['one'],
    clientName: 'a name',
    provider: { ProviderName, ClientId: clientId },
  });
  const planned = { identityPoolId: POOL, links: ['one'], room: 250 };

  test('shows what needs a person first, and how many more there are', () => {
    const findings = [
      ...Array.from({ length: 50 }, (_, i) => finding('missing', `m${i}`)),
      finding('removed', 'r'),
      finding('linked', 'l'),
    ];
    const report = poolReport(planned, findings);
    assert.equal(report.entries[0]!.state, 'removed');
    assert.equal(report.entries.length + report.omitted!, 51);
    assert.equal(report.counts.missing, 50);
    assert.ok(JSON.stringify(report.entries).length <= 250 + 2);
  });

  test('says where the whole of a sentence is for which it has no room', () => {
    const missing = finding('missing', 'm');
    const of = (refused: string) => {
      const why = new Map([[entryKey(missing.provider), { refused }]]);
      const { wouldFail } = poolReport(planned, [missing], { foreseen: why });
      return wouldFail!.message;
    };
    assert.equal(of('Full. '.repeat(50).trim()), 'Full. '.repeat(50).trim());
    const cut = of('Full. '.repeat(60));
    assert.match(
      cut,
      /Full\.… The log of the step ReconcileIdentityPool has the whole sentence\.$/,
    );
    assert.ok(cut.length <= 300);
  });

  test('lists linked and foreign entries after the others, with their links, only if all are requested', () => {
    const findings = (['linked', 'missing', 'foreign'] as const).map((state) =>
      finding(state, state),
    );
    const asked = { ...planned, room: 2000, allEntries: true as const };
    const { entries, rest = [], omittedRest } = poolReport(asked, findings);
    assert.deepEqual(
      [...entries, ...rest].map(({ state, links }) => [state, links]),
      ['missing', 'foreign', 'linked'].map((state) => [state, ['one']]),
    );
    assert.equal(omittedRest, undefined);
    const [first] = poolReport({ ...planned, room: 2000 }, findings).entries;
    assert.deepEqual([first?.state, first?.links], ['missing', undefined]);
    const many = Array.from({ length: 50 }, (_, i) => finding('linked', `l${i}`));
    const full = poolReport({ ...asked, room: 1000 }, many);
    assert.equal(full.rest!.length + full.omittedRest!, 50);
    assert.ok(JSON.stringify(full.rest).length <= 1000 + 2);
    assert.equal(poolReport(planned, many).rest, undefined);
  });

  test('counts entries that others removed separately from those unlinked by request', () => {
    const lost: LedgerEntry = {
      state: 'linked',
      providerName: ProviderName,
      clientId: 'r',
      links: [],
      execution: 'e',
      sequence: 1,
      time: NOW,
    };
    const findings = [finding('removed', 'asked'), { ...finding('removed', 'r'), lost }];
    const report = poolReport(planned, findings);
    assert.deepEqual([report.counts.removed, report.removedByOthers], [2, 1]);
    const state = { repair: true, links: ['one'], identityPools: [report, report] };
    const { finished } = reconcileReport('arn', state);
    assert.equal(finished.totals.removedByOthers, 2);
    const count = (name: string) =>
      reconcileMetrics(finished).find(({ metric }) => metric === name)?.count;
    assert.deepEqual([count('ReconcileRemoved'), count('EntriesRemoved')], [4, 2]);
  });

  test('of 250 identity pools fits into a state, with or without failures, and so does the output', () => {
    const many = Object.fromEntries(
      Array.from({ length: 250 }, (_, i) => [
        `link-of-a-team-with-a-long-name-${i}`,
        linkOf({
          identityPool: `ap-south-1:12345678-abcd-abcd-abcd-${String(i).padStart(12, '0')}`,
        }),
      ]),
    );
    const plan = planOf(many, { repair: true }, { since: NOW, regions: [], found: [] });
    const findings = Array.from({ length: 50 }, (_, i) => finding('missing', `${i}`.repeat(12)));
    const changes = findings.map(({ provider }) => ({ op: 'add' as const, provider }));
    const refused = new Map(
      findings.map(({ provider }) => [entryKey(provider), { refused: 'x'.repeat(400) }]),
    );
    const identityPools = plan.identityPools.map((pool) =>
      poolReport(pool, findings, { repair: { changes, refused } }),
    );
    const state = { repair: true, links: plan.links, identityPools };
    assert.ok(JSON.stringify(state).length < 240_000, `${JSON.stringify(state).length}`);
    const { report } = reconcileReport('arn', state);
    assert.equal(report.status, 'FAILED');
    assert.ok('cause' in report && report.cause.length <= 32_768);
    const well = { ...state, identityPools: identityPools.map(({ failure: _, ...pool }) => pool) };
    const { report: good, finished } = reconcileReport('arn', well);
    assert.ok('output' in good && JSON.stringify(good).length < 262_144);
    assert.equal(finished.totals.missing, 250 * 50);
  });
});
