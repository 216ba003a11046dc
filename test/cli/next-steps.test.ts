import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { nextStepLines, nextStepsOf } from '../../cli/output/next-steps.ts';
import type { ReconcileReport } from '../../cli/output/reconcile-table.ts';
import { type EntryState, STATES } from '../../core/reconcile/classify.ts';

type Pool = NonNullable<ReconcileReport['identityPools']>[number];
type Entry = Extract<Pool, { counts: unknown }>['entries'][number];

const about = {
  execution: 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-prod-reconcile:look',
  link: undefined,
  commandLine: (words: string) => `poolbridge ${words} --stage prod`,
};

const entryOf = (state: EntryState, clientId: string, more: Partial<Entry> = {}): Entry => ({
  state,
  providerName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE12',
  clientId,
  ...more,
});

function reportOf(entries: Entry[], more: object = {}): ReconcileReport {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<
    EntryState,
    number
  >;
  const pool: Pool = { identityPoolId: 'ap-south-1:1', links: ['one'], counts, entries, ...more };
  return { identityPools: [pool] };
}

const linesOf = (report: ReconcileReport, more: Partial<Parameters<typeof nextStepsOf>[1]> = {}) =>
  nextStepLines({ nextSteps: nextStepsOf(report, { ...about, ...more }) }).map(
    stripVTControlCharacters,
  );

const of = (clientId: string) =>
  `--user-pool us-east-1_EXAMPLE12 --client ${clientId} --identity-pool ap-south-1:1 --stage prod`;

describe('the next steps after a look at the identity pools', () => {
  test('are there for each state, once, with the command as it is to be typed', () => {
    const counts = { ...Object.fromEntries(STATES.map((state) => [state, 1])) };
    const entries = [
      entryOf('missing', 'm', { repair: 'link' }),
      entryOf('missing', 'n', { repair: 'link' }),
      entryOf('orphaned', 'o'),
      entryOf('changed', 'c'),
      entryOf('uncovered', 'u'),
      entryOf('removed', 'r'),
      entryOf('removed', 's'),
    ];
    assert.deepEqual(linesOf(reportOf(entries, { counts, removedByOthers: 2 })), [
      'Next steps:',
      '  removed    The first of 2. To see who removed it: poolbridge show look --stage prod',
      `             To link it again: poolbridge link ${of('r')}`,
      `             To agree that it stays away: poolbridge unlink ${of('r')}`,
      `  uncovered  Add its app client to a link of links.yml and deploy; or, while a link covers its user pool, undo the execution that wrote it. To see which: poolbridge entries --state uncovered --identity-pool ap-south-1:1 --stage prod`,
      `  changed    Change its link in links.yml and deploy; or unlink it: poolbridge unlink ${of('c')}`,
      `             and link it again: poolbridge link ${of('c')}`,
      `  orphaned   Its links say onDelete: keep. To unlink it all the same: poolbridge unlink ${of('o')}`,
      '  missing    To link what is missing: poolbridge reconcile --repair --stage prod',
      '  foreign    Left alone: no link covers it, and Poolbridge did not write it. To see it: poolbridge entries --state foreign --stage prod',
    ]);
  });

  test('say of an entry under the updated issuer that an unlink takes the other one too', () => {
    const providerName = 'issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE12';
    const wording =
      'or, while a link covers its user pool, unlink it, under both names of its user pool: poolbridge unlink';
    const lines = linesOf(
      reportOf([entryOf('uncovered', 'u', { providerName }), entryOf('uncovered', 'v')]),
    );
    assert.ok(lines[1]!.endsWith(`${wording} ${of('u')}`), lines[1]);
    assert.match(lines[1]!, /or set issuer: both there, and deploy;/);
    assert.match(lines[2]!, /and link it again if a link covers its app client: poolbridge link /);
    assert.match(
      lines[3]!,
      /, undo the execution that wrote it\. To see which: poolbridge entries /,
    );
    // Of a user pool that has the updated issuer, the entry under the original one.
    const issuers = [{ userPoolId: 'us-east-1_EXAMPLE12', issuer: 'updated', entries: 'updated' }];
    const [, original] = linesOf(reportOf([entryOf('uncovered', 'v')], { issuers }));
    assert.ok(original!.endsWith(`${wording} ${of('v')}`), original);
  });

  test('are not there if there is nothing to do, or the state may still turn out to be another', () => {
    assert.deepEqual(linesOf(reportOf([])), []);
    assert.deepEqual(linesOf(reportOf([entryOf('removed', 'r', { recent: true })])), []);
    assert.deepEqual(linesOf(reportOf([entryOf('removed', 'r', { restored: true })])), []);
    assert.deepEqual(linesOf({}), []);
  });

  test('ask for approval where a link requires it', () => {
    const entries = [
      entryOf('missing', 'm', { needsApproval: true }),
      entryOf('orphaned', 'o', { needsApproval: true }),
    ];
    assert.deepEqual(linesOf(reportOf(entries)).slice(1), [
      '  orphaned  To see whether it waits for approval already: poolbridge approvals --stage prod',
      `            If not, ask for approval: poolbridge unlink ${of('o')}`,
      '  missing   To see whether it waits for approval already: poolbridge approvals --stage prod',
      `            If not, ask for approval: poolbridge link ${of('m')}`,
    ]);
  });

  test('lead to the plan where a repair would be refused, within the same link', () => {
    const entries = [entryOf('missing', 'm', { repair: 'link', refused: 'ProviderQuotaError' })];
    assert.deepEqual(linesOf(reportOf(entries), { link: 'one' }).slice(1), [
      '  missing  A repair would be refused (ProviderQuotaError). To see why: poolbridge plan --link one --stage prod',
    ]);
  });

  test('leave out what the plan or the repair itself says', () => {
    const entries = [
      entryOf('missing', 'm', { repair: 'link' }),
      entryOf('missing', 'n', { repair: 'link', refused: 'ProviderQuotaError' }),
    ];
    const counts = { ...Object.fromEntries(STATES.map((state) => [state, 0])), foreign: 1 };
    assert.deepEqual(linesOf(reportOf(entries, { counts }), { isPlan: true }), []);
    const repaired = { linked: 1, unlinked: 0 };
    assert.deepEqual(linesOf(reportOf(entries, { repaired })), []);
  });

  test('lead to a repair where a link says that it links again what others removed', () => {
    const entries = [entryOf('removed', 'r', { repair: 'link' })];
    assert.deepEqual(linesOf(reportOf(entries, { removedByOthers: 1 })).slice(1), [
      '  removed  To link again what others removed, as onRemoved: restore says: poolbridge reconcile --repair --stage prod',
    ]);
  });

  test('say what ends the brake of an entry that was restored too often', () => {
    const entries = [entryOf('removed', 'r', { braked: true }), entryOf('removed', 's')];
    const lines = linesOf(reportOf(entries, { removedByOthers: 2 }));
    assert.ok(
      lines.includes(
        `           Once no tool removes it any more, link it again; then it is restored again too: poolbridge link ${of('r')}`,
      ),
      lines.join('\n'),
    );
    assert.ok(lines.includes(`           To link it again: poolbridge link ${of('s')}`));
  });

  test('do not offer to agree that an entry stays away where its links require approval', () => {
    const entries = [entryOf('removed', 'r', { staysOpen: true })];
    assert.deepEqual(linesOf(reportOf(entries, { removedByOthers: 1 })).slice(1), [
      '  removed  To see who removed it: poolbridge show look --stage prod',
      `           To link it again: poolbridge link ${of('r')}`,
    ]);
  });

  test('do not speak of others who removed an entry that was unlinked by request', () => {
    assert.deepEqual(linesOf(reportOf([entryOf('removed', 'r')])).slice(1), [
      `  removed  To link it again: poolbridge link ${of('r')}`,
    ]);
    const entries = [entryOf('removed', 'r'), entryOf('removed', 's', { unlinked: true })];
    assert.deepEqual(linesOf(reportOf(entries, { removedByOthers: 1 })).slice(2), [
      `           To link it again: poolbridge link ${of('r')}`,
      `           To agree that it stays away: poolbridge unlink ${of('r')}`,
      `  removed  It was unlinked by request. If it should be there, link it again: poolbridge link ${of('s')}`,
    ]);
  });
});
