import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  actionsFor,
  approvalNote,
  countOf,
  failedSince,
  mayRepair,
  sameWaiting,
  waitingFor,
} from '../../console/page/drift-actions.ts';
import { type RequestEnd, requestEnds } from '../../console/server/failures.ts';
import { poolViews } from '../../console/server/pools.ts';
import type { Drift, Row } from '../../console/server/protocol.ts';
import { repairView } from '../../console/server/views.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import type { PoolNow } from '../../core/now/pool-now.ts';

const counts = {
  linked: 3,
  missing: 1,
  orphaned: 1,
  foreign: 2,
  removed: 1,
  uncovered: 0,
  changed: 0,
};

const pool = (identityPoolId: string, more: Partial<PoolNow> = {}): PoolNow => ({
  identityPoolId,
  links: ['mobile'],
  lookedBy: 'reconcile',
  asOf: '2026-11-28T12:00:00.000Z',
  since: { linked: 0, unlinked: 0 },
  counts,
  entries: [],
  ...more,
});

describe('an identity pool, as the console shows it', () => {
  test('holds what is neither missing nor removed', () => {
    const [view] = poolViews([pool('a')]);
    assert.equal(view!.held, 6);
  });

  test('says who removed an entry, that it is no longer restored, and that a repair is refused', () => {
    const [view] = poolViews([
      pool('a', {
        entries: [
          {
            state: 'removed',
            providerName: 'cognito-idp.x.amazonaws.com/x_A',
            clientId: '1',
            braked: true,
            removedBy: { principalArn: 'arn:aws:iam::2:user/eve', time: '', eventId: 'e' },
          },
          {
            state: 'missing',
            providerName: 'cognito-idp.x.amazonaws.com/x_A',
            clientId: '2',
            repair: 'link',
            refused: 'ProviderQuotaError',
          },
        ],
      }),
    ]);
    assert.deepEqual(
      view!.drift.map(({ notes }) => notes),
      [['no longer restored', 'by user/eve'], ['a repair is refused: ProviderQuotaError']],
    );
    assert.ok(
      view!.drift.every(({ repair }) => repair === undefined),
      'no repair is offered',
    );
  });

  test('offers to unlink what others removed, and not what a request has unlinked already', () => {
    const removed = {
      state: 'removed' as const,
      providerName: 'cognito-idp.x.amazonaws.com/x_A',
      clientId: '1',
    };
    const [view] = poolViews([
      pool('a', { entries: [removed, { ...removed, clientId: '2', unlinked: true }] }),
    ]);
    assert.deepEqual(
      view!.drift.map((drift) => actionsFor(drift)),
      [['link', 'unlink'], ['link']],
    );
    assert.deepEqual(view!.drift[1]!.notes, ['unlinked by request']);
  });

  test('names how many of the entries in a state were unlinked by request', () => {
    const removed = { state: 'removed', userPoolId: 'us-east-1_A', clientId: 'a' };
    const asked = { ...removed, isUnlinked: true as const };
    const of = (...drift: Drift[]) => countOf('removed', 2, { drift });
    assert.deepEqual(of(removed, removed), { word: '2 removed', isAsked: false });
    assert.deepEqual(of(removed, asked), { word: '2 removed, 1 by request', isAsked: false });
    assert.deepEqual(of(asked, asked), { word: '2 removed, by request', isAsked: true });
    const isCut = { drift: [asked], omitted: 1 };
    assert.deepEqual(countOf('removed', 2, isCut), { word: '2 removed', isAsked: false });
  });

  test('says that a count of what is not listed may be off by a few', () => {
    const wordOf = (state: string) => countOf(state, 2, { drift: [], isAbout: true }).word;
    assert.deepEqual(['linked', 'missing'].map(wordOf), ['about 2 linked', '2 missing']);
  });

  test('says that more requests may have failed than were read', () => {
    assert.equal(failedSince({ failed: 3 }), '3 failed since');
    assert.equal(failedSince({ failed: 3, areMoreFailed: true }), '3 or more failed since');
  });

  test('may be repaired if a listed entry may, or one for which the report had no room', () => {
    const drift = { state: 'missing', userPoolId: 'us-east-1_A', clientId: 'a' };
    assert.equal(mayRepair({ drift: [drift] }), false);
    assert.equal(mayRepair({ drift: [{ ...drift, repair: 'link' }] }), true);
    assert.equal(mayRepair({ drift: [], omitted: 3 }), true);
  });

  test('names the executions that wait for approval of an entry', () => {
    const providerName = 'cognito-idp.x.amazonaws.com/x_A';
    const [view] = poolViews([
      pool('a', {
        entries: [
          { state: 'missing', providerName, clientId: '1', needsApproval: true },
          { state: 'missing', providerName, clientId: '2', repair: 'link' },
        ],
      }),
    ]);
    const row = (execution: string, more: Partial<Row>): Row => {
      const about = { name: execution, status: 'RUNNING', started: '', userPoolId: 'x_A' };
      return { execution, ...about, operation: 'link', waitsIn: ['a'], ...more };
    };
    const waiting = [
      row('link', { clientId: '1' }),
      row('undo', { clients: ['1 app'], operation: 'undo' }),
      row('another identity pool', { clientId: '1', waitsIn: ['b'] }),
      row('another client', { clientId: '10' }),
      row('another user pool', { clientId: '1', userPoolId: 'x_B' }),
      row('not to be approved', { clientId: '2' }),
    ];
    assert.deepEqual(
      view!.drift.map((drift) => waitingFor(waiting, 'a', drift).map(({ execution }) => execution)),
      [['link', 'undo'], []],
    );
  });

  test('name no button to a caller who may not link', () => {
    const note = (state: string, mayLink: boolean) => approvalNote({ state }, mayLink);
    assert.equal(note('missing', true), 'Link … asks for it');
    assert.equal(note('orphaned', true), 'Unlink … asks for it');
    assert.equal(note('missing', false), 'needs approval');
  });

  test('are not offered a request that waits for approval already', () => {
    const removed = { state: 'removed' };
    assert.deepEqual(actionsFor(removed, [{ operation: 'undo' }]), ['link', 'unlink']);
    assert.deepEqual(actionsFor(removed, [{ operation: 'link' }]), ['unlink']);
    assert.deepEqual(actionsFor({ state: 'missing' }, [{ operation: 'link' }]), []);
    const about = { name: 'name', status: 'RUNNING', started: '', userPoolId: 'x_A' };
    const row: Row = { execution: 'arn', ...about, clientId: '1', operation: 'link' };
    const action = { kind: 'link' as const, userPoolId: 'x_A', clientId: '1' };
    assert.equal(sameWaiting([row], action), row);
    assert.equal(sameWaiting([row], { ...action, clientId: '2' }), undefined);
    assert.equal(sameWaiting([row], { ...action, kind: 'unlink' }), undefined);
  });

  test('counts and lists the app clients whose last request has failed since it was compared', () => {
    const end = (clientId: string, minute: number, outcome: string): DescribedExecution => {
      const results = [{ identityPoolId: 'a', links: ['mobile'], outcome, changes: [] }];
      const report = JSON.stringify({ message: 'Why.', results });
      return {
        execution: `arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:${clientId}-${minute}`,
        machine: 'link',
        source: 'history',
        started: `2026-11-28T12:0${minute}:00.000Z`,
        stopped: `2026-11-28T12:0${minute}:00.000Z`,
        input: JSON.stringify({ userPoolId: 'us-east-1_A', clientId }),
        ...(outcome === 'FAILED'
          ? { status: 'FAILED', error: 'ProviderQuotaError', cause: report }
          : { status: 'SUCCEEDED', output: report }),
      };
    };
    const ended = [
      end('early', 0, 'FAILED'),
      end('again', 1, 'FAILED'),
      end('full', 2, 'FAILED'),
      end('full', 3, 'FAILED'),
      end('again', 4, 'LINKED'),
      {
        ...end('dry', 5, 'FAILED'),
        input: '{"userPoolId":"us-east-1_A","clientId":"dry","dryRun":true}',
      },
      {
        ...end('undone', 6, 'FAILED'),
        input: JSON.stringify({ operation: 'undo', executionArn: end('', 0, '').execution }),
      },
    ];
    const views = poolViews(
      [pool('a'), pool('b')],
      ended.flatMap((each) => requestEnds(each)),
    );
    assert.deepEqual(
      views.map(({ failed }) => failed),
      [1, undefined],
    );
    assert.deepEqual(views[0]!.failures, [
      {
        execution: end('full', 3, 'FAILED').execution,
        userPoolId: 'us-east-1_A',
        clientId: 'full',
        stopped: '2026-11-28T12:03:00.000Z',
      },
    ]);
  });

  test('counts the app clients whose last request was aborted or timed out before its result', () => {
    const ended = (status: string, input: object = {}): DescribedExecution => ({
      execution: 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:a',
      machine: 'link',
      source: 'history',
      started: '2026-11-28T12:01:00.000Z',
      stopped: '2026-11-28T12:02:00.000Z',
      input: JSON.stringify({ userPoolId: 'us-east-1_A', clientId: status, ...input }),
      status,
    });
    const other = 'ap-south-1:00000000-0000-0000-0000-000000000001';
    const target = (identityPoolId: string) => ({ identityPoolId, links: ['mobile'] });
    const resolved = { state: 'ResolveTargets', data: { targets: ['a', other].map(target) } };
    const result = { outcome: 'LINKED', changes: [] };
    const written = { state: 'Verified', data: { target: target('a'), result } };
    const ends = [
      // It had linked one of its two identity pools.
      ...requestEnds(ended('ABORTED'), [resolved, written]),
      ...requestEnds(ended('TIMED_OUT', { identityPoolId: other })),
    ];
    const failedIn = (isOvertaken?: (end: RequestEnd) => boolean) =>
      poolViews([pool('a'), pool(other)], ends, isOvertaken).map(({ identityPoolId, failed }) => [
        identityPoolId,
        failed,
      ]);
    assert.deepEqual(failedIn(), [
      [other, 2],
      ['a', undefined],
    ]);
    // Something was written since, by a request that is not known.
    assert.deepEqual(failedIn(({ clientId }) => clientId === 'ABORTED')[0], [other, 1]);
  });

  test('comes first if it drifts or could not be read', () => {
    const failure = { error: 'TargetAccessDeniedError', message: 'Deploy the template.' };
    const entry = { state: 'missing' as const, clientId: '1' };
    const views = poolViews([
      pool('a'),
      { ...pool('d'), failure },
      pool('c', {
        entries: [{ ...entry, providerName: 'issuer-cognito-idp.x.amazonaws.com/x_A' }],
      }),
    ]);
    assert.deepEqual(
      views.map(({ identityPoolId }) => identityPoolId),
      ['c', 'd', 'a'],
    );
    assert.deepEqual(views[0]!.drift, [
      { state: 'missing', userPoolId: 'x_A', clientId: '1', issuer: 'updated' },
    ]);
  });
});

test('the plan of a repair leaves out what is refused, and says what it leaves', () => {
  const entry = { providerName: 'cognito-idp.x.amazonaws.com/x_A', state: 'missing' as const };
  const { lines, facts, outcome } = repairView({
    identityPoolId: 'a',
    links: ['mobile'],
    counts,
    entries: [
      { ...entry, clientId: '1', clientName: 'ios', repair: 'link' },
      { ...entry, clientId: '4', state: 'changed', repair: 'link' },
      { ...entry, clientId: '2', repair: 'link', refused: 'ProviderQuotaError' },
      { ...entry, clientId: '3', clientName: 'old', state: 'uncovered' },
      { ...entry, clientId: '5', state: 'removed', unlinked: true },
    ],
    omitted: 4,
  });
  assert.equal(outcome, 'PLANNED');
  assert.deepEqual(
    lines.map(({ sign, what }) => `${sign} ${what}`),
    ['+ ios  1  x_A', '~ 4  x_A'],
  );
  assert.deepEqual(facts, [
    ['refused: ProviderQuotaError', 'x_A 2'],
    ['for a person to decide: uncovered', 'x_A 3 old'],
    ['left: removed', 'x_A 5, unlinked by request'],
    ['not listed', '4 more entries, for which the report had no room'],
  ]);
});

test('the plan of a repair that would be refused says so and why, and not that there is nothing to repair', () => {
  const wouldFail = { error: 'ProviderQuotaError', message: 'Full.' };
  const refused = {
    providerName: 'cognito-idp.x.amazonaws.com/x_A',
    state: 'missing' as const,
    clientId: '1',
    repair: 'link' as const,
    refused: 'ProviderQuotaError',
  };
  const { lines, outcome, error, message } = repairView({
    identityPoolId: 'a',
    links: ['mobile'],
    counts,
    entries: [refused],
    wouldFail,
  });
  assert.deepEqual(
    [outcome, error, message, lines],
    ['WOULD FAIL', wouldFail.error, wouldFail.message, []],
  );
});
