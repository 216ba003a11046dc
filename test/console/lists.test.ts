import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { recordsOf } from '../../cli/executions/records.ts';
import { addressIn, hashOf } from '../../console/page/address.ts';
import { filterIn, matches, type RowFilter } from '../../console/page/filter.ts';
import { upToDate } from '../../console/page/rows.ts';
import { isStillThere } from '../../console/page/still-there.ts';
import { timesOf } from '../../console/page/visits.ts';
import { actionAgain } from '../../console/server/again.ts';
import type { Row, Visit } from '../../console/server/protocol.ts';
import { sideBySide } from '../../console/server/side-by-side.ts';
import { factsOf, nextPartOf, resultView, rowOf } from '../../console/server/views.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

const row: Row = {
  execution: 'arn',
  name: 'name',
  status: 'SUCCEEDED',
  started: '2026-11-28T10:30:00.000Z',
  outcome: 'LINKED × 2, ALREADY_LINKED',
  outcomes: ['LINKED', 'ALREADY_LINKED'],
  operation: 'link',
  userPoolId: 'us-east-1_Mobile001',
  clientId: 'Client1',
  requestedBy: 'arn:aws:iam::111111111111:user/eve (a drill)',
  wrote: true,
};

describe('the list of executions', () => {
  const shows = (filter: RowFilter, more: Partial<Row> = {}) =>
    matches({ ...row, ...more }, filter, NOW);

  test('is filtered by client, user pool, outcome, period, who, and writes', () => {
    const yes: RowFilter[] = [
      {},
      { client: ' client1 ' },
      { userPool: 'mobile' },
      { outcome: 'LINKED' },
      { outcome: 'ALREADY_LINKED' },
      { hours: '24' },
      { who: 'drill' },
      { writes: '1' },
    ];
    const no: RowFilter[] = [
      { client: 'client2' },
      { userPool: 'healed' },
      { outcome: 'UNLINKED' },
      { hours: '1' },
      { who: 'adam' },
    ];
    assert.deepEqual(
      yes.filter((filter) => !shows(filter)),
      [],
    );
    assert.deepEqual(
      no.filter((filter) => shows(filter)),
      [],
    );
    const { wrote: _, ...read } = row;
    assert.equal(matches(read, { writes: '1' }, NOW), false);
    assert.equal(shows({ outcome: 'FAILED' }, { status: 'ABORTED' }), true);
    assert.equal(shows({ outcome: 'LINKED' }, { status: 'FAILED' }), true);
    assert.equal(shows({ outcome: 'FAILED' }), false);
    assert.equal(shows({ outcome: 'WAITS' }, { status: 'RUNNING', at: 'RequestApproval' }), true);
    assert.equal(shows({ outcome: 'LINKED' }, { status: 'RUNNING' }), false);
  });
});

describe('the rows that are loaded', () => {
  const of = (names: string, more: Partial<Row> = {}): Row[] =>
    [...names].map((name) => ({ ...row, execution: name, ...more }));
  const shown = (rows: Row[] = []) => rows.map(({ execution, status }) => `${execution} ${status}`);
  const loaded = { rows: of('dcba', { status: 'RUNNING' }), next: 'more' };

  test('are kept up to date: the new ones, those of the newest page, and older ones that still ran', () => {
    const now = upToDate(loaded, { rows: of('ed'), next: 'other' }, of('b', { status: 'FAILED' }));
    assert.deepEqual(shown(now!.rows), [
      ...['e SUCCEEDED', 'd SUCCEEDED', 'c RUNNING', 'b FAILED', 'a RUNNING'],
    ]);
    assert.equal(now!.next, 'more');
  });

  test('are forgotten if some between them and the newest page are not known', () => {
    assert.equal(upToDate(loaded, { rows: of('gf') }), undefined);
    assert.equal(upToDate(undefined, { rows: of('gf') }), undefined);
  });
});

// An execution of `link` that has ended.
const ENDED = {
  execution: 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:a',
  machine: 'link',
  source: 'history',
  status: 'SUCCEEDED',
  started: '2026-01-31T12:00:00Z',
  stopped: '2026-01-31T12:00:01Z',
} as const;

test('a row has the outcome of each identity pool, also of an execution that failed', () => {
  const target = (identityPoolId: string, outcome: string) => ({
    identityPoolId,
    links: ['a'],
    outcome,
    changes: [],
    ...(outcome === 'FAILED' && { error: 'E', message: 'Why.' }),
  });
  const described: DescribedExecution = {
    ...ENDED,
    status: 'FAILED',
    input: JSON.stringify({ userPoolId: 'us-east-1_A', clientId: 'c' }),
    error: 'E',
    cause: JSON.stringify({
      message: 'x',
      results: [target('1', 'LINKED'), target('2', 'FAILED')],
    }),
  };
  const { outcome, outcomes } = rowOf(described);
  assert.deepEqual([outcome, outcomes], ['E, LINKED', ['LINKED']]);
  assert.deepEqual(rowOf({ ...described, status: 'ABORTED' }).outcomes, []);
});

test('a row of an execution that was aborted has what its states show that it did', () => {
  const data = {
    target: { identityPoolId: 'one', links: ['a'] },
    result: { identityPoolId: 'one', links: ['a'], outcome: 'LINKED', changes: [] },
  };
  const described: DescribedExecution = {
    ...ENDED,
    status: 'ABORTED',
    input: JSON.stringify({ userPoolId: 'us-east-1_A', clientId: 'c' }),
  };
  const { outcome, outcomes } = rowOf(described, [{ state: 'Verified', data }]);
  assert.deepEqual([outcome, outcomes], ['ABORTED, LINKED', ['LINKED']]);
});

test('a part of a reconcile says which it is, and which execution has the next one', () => {
  const arn = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-reconcile:a';
  const next = `${arn}-part-3`;
  const part = { number: 2, after: 'ap-south-1:1', failed: false };
  const described: DescribedExecution = {
    ...ENDED,
    machine: 'reconcile',
    execution: `${arn}-part-2`,
    status: 'FAILED',
    input: JSON.stringify({ repair: false, part }),
    cause: JSON.stringify({ message: 'Why.', next }),
  };
  assert.equal(rowOf(described).part, 2);
  assert.equal(nextPartOf(described), next);
  const only = { ...described, input: '{}', cause: JSON.stringify({ message: 'Why.' }) };
  assert.deepEqual([rowOf(only).part, nextPartOf(only)], [undefined, undefined]);
});

test('a row has the name of its app client that an event has told', () => {
  const request = { operation: 'link', userPoolId: 'us-east-1_A', clientId: 'c' };
  const of = (more: object): Row =>
    rowOf({
      ...ENDED,
      input: JSON.stringify({
        request: { ...request, ...more },
        requestedBy: { via: 'cloudtrail' },
      }),
      output: JSON.stringify({ ...request, results: [], notCovered: 'Why.' }),
    });
  assert.equal(of({ clientName: 'ios' }).clientName, 'ios');
  assert.equal(of({ clientName: '' }).clientName, undefined);
});

test('a row of an undo, or of a whole user pool, is found by each of its app clients', () => {
  const change = (ClientId: string) => ({
    op: 'remove',
    provider: { ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A', ClientId },
  });
  const found = rowOf({
    ...ENDED,
    input: JSON.stringify({ operation: 'unlink', userPoolId: 'us-east-1_A' }),
    output: JSON.stringify({
      results: ['1', '2'].map((identityPoolId) => ({
        identityPoolId,
        links: ['a'],
        outcome: 'UNLINKED',
        changes: [change('first'), change('second')],
      })),
    }),
  });
  assert.deepEqual(found.clients, ['first', 'second']);
  assert.equal(matches(found, { client: 'second' }), true);
  assert.equal(matches(found, { client: 'third' }), false);
});

test('a list of reconciles is not filtered by what it has no field for', () => {
  const { choices } = addressIn('#/?machine=reconcile&client=x&userPool=y&outcome=FAILED&writes=1');
  assert.deepEqual(filterIn('reconcile', choices), { outcome: 'FAILED', writes: '1' });
  assert.deepEqual(filterIn('link', choices), {
    client: 'x',
    userPool: 'y',
    outcome: 'FAILED',
    writes: '1',
  });
});

test('an execution that failed offers the same request again, if another attempt may succeed', () => {
  const subject = { userPoolId: 'us-east-1_AbCdEf123', clientId: 'abc' };
  const undone = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:b';
  const of = (input: object, error = 'PoolBusyError', status = 'FAILED') =>
    actionAgain({
      execution: 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:a',
      machine: 'link',
      source: 'history',
      status,
      started: '2026-01-31T12:00:00Z',
      stopped: '2026-01-31T12:00:01Z',
      input: JSON.stringify(input),
      error,
    });
  assert.deepEqual(of(subject), { kind: 'link', ...subject });
  const unlink = { operation: 'unlink', ...subject };
  assert.deepEqual(of(unlink), { kind: 'unlink', ...subject });
  const undo = { operation: 'undo', executionArn: undone };
  assert.deepEqual(of(undo), { kind: 'undo', execution: undone });
  assert.equal(of(undo, 'UndoConflictError'), undefined);
  const identityPoolId = 'ap-south-1:00000000-0000-0000-0000-000000000001';
  const only = { kind: 'undo', execution: undone, identityPoolId };
  assert.deepEqual(of({ ...undo, identityPoolId }), only);
  assert.equal(of({ ...subject, dryRun: true }), undefined);
  assert.equal(of({ operation: 'unlink', userPoolId: subject.userPoolId }), undefined);
  assert.equal(of(subject, '', 'SUCCEEDED'), undefined);
});

test('a state says how many of its visits have failed', () => {
  const visits = (...all: Visit['status'][]) => all.map((status) => ({ status }));
  assert.equal(timesOf(visits('failed')), '');
  assert.equal(timesOf(visits('failed', 'failed')), '× 2');
  assert.equal(timesOf(visits('done', 'failed')), '1 of 2');
});

test('what an earlier reconcile has found is offered to be resolved only while it is there', () => {
  const drift = { state: 'missing', userPoolId: 'us-east-1_A', clientId: 'c' };
  const since = { linked: 0, unlinked: 0 };
  const pool = { identityPoolId: 'one', links: ['a'], asOf: '', execution: '', since };
  assert.equal(isStillThere([{ ...pool, drift: [drift] }], 'one', drift), true);
  assert.equal(isStillThere([{ ...pool, drift: [drift] }], 'two', drift), false);
  for (const now of [
    [],
    [{ ...drift, clientId: 'd' }],
    [{ ...drift, state: 'removed' }],
    [{ ...drift, isUnlinked: true as const }],
  ]) {
    assert.equal(isStillThere([{ ...pool, drift: now }], 'one', drift), false);
  }
});

test('a dry run of what would fail is shown as that, in the list and as a result', () => {
  const fault = { error: 'ProviderQuotaError', message: 'Full.' };
  const result = { identityPoolId: 'one', links: ['a'], outcome: 'PLANNED', changes: [] };
  const described: DescribedExecution = {
    ...ENDED,
    input: JSON.stringify({ userPoolId: 'us-east-1_A', clientId: 'c', dryRun: true }),
    output: JSON.stringify({ results: [{ ...result, wouldFail: fault }] }),
  };
  const { outcome, outcomes, wouldFail, isDryRun } = rowOf(described);
  assert.deepEqual([outcome, wouldFail, isDryRun], ['would fail: ProviderQuotaError', true, true]);
  assert.deepEqual(outcomes, ['WOULD_FAIL']);
  const records = recordsOf(described, []);
  assert.deepEqual(
    factsOf(described, records).find(([what]) => what === 'Operation'),
    ['Operation', 'link (dry run)'],
  );
  const [view] = records.map((record) => resultView(record));
  assert.deepEqual(
    [view?.outcome, view?.error, view?.message, view?.lines],
    ['WOULD FAIL', fault.error, fault.message, []],
  );
});

test('a result names the changes that another request of the same write took back', () => {
  const provider = {
    ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A',
    ClientId: 'c',
  };
  const changes = [{ op: 'add' as const, provider }];
  const described: DescribedExecution = {
    ...ENDED,
    input: JSON.stringify({ userPoolId: 'us-east-1_A', clientId: 'c' }),
    output: JSON.stringify({
      results: [
        { identityPoolId: 'one', links: ['a'], outcome: 'LINKED', changes, cancelled: changes },
      ],
    }),
  };
  const [view] = recordsOf(described, []).map((record) => resultView(record));
  assert.deepEqual(view?.cancelled, [{ sign: '+', what: 'c  us-east-1_A' }]);
});

test('an address holds every choice, and leaves out blank ones', () => {
  const execution = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:a_b-c';
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ minLength: 1 })), (choices) => {
      const known = Object.entries(choices).filter(([name]) => name !== '__proto__');
      const hash = hashOf({ execution }, Object.fromEntries(known));
      assert.deepEqual(addressIn(hash), { execution, choices: Object.fromEntries(known) });
    }),
  );
  assert.deepEqual(addressIn(`#/execution/${encodeURIComponent(execution)}`).execution, execution);
  assert.equal(addressIn('#/execution/100%').execution, '100%');
  assert.equal(hashOf({}, { client: '', who: undefined }), '#/');
  assert.deepEqual(addressIn('#/pool/us-east-1:1?find=a'), {
    identityPoolId: 'us-east-1:1',
    choices: { find: 'a' },
  });
});

describe('two texts side by side', () => {
  test('are both whole, with as many equal lines as possible', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const blocks = sideBySide(before.join('\n'), after.join('\n'));
        assert.deepEqual(
          blocks.flatMap((block) => block.before),
          before,
        );
        assert.deepEqual(
          blocks.flatMap((block) => block.after),
          after,
        );
        for (const block of blocks) {
          if (block.isSame) assert.deepEqual(block.before, block.after);
        }
      }),
    );
    assert.deepEqual(sideBySide('a\nb\nc', 'a\nx\nc'), [
      { isSame: true, before: ['a'], after: ['a'] },
      { isSame: false, before: ['b'], after: ['x'] },
      { isSame: true, before: ['c'], after: ['c'] },
    ]);
  });
});
