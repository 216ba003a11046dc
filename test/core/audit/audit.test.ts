import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  auditRecords,
  type DescribedExecution,
  endsSilently,
  unknownExecution,
} from '../../../core/audit/audit.ts';
import type { MadeShare } from '../../../core/write/write-log.ts';

const told = (more: Partial<DescribedExecution>): DescribedExecution => ({
  execution: 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:name',
  machine: 'link',
  source: 'history',
  status: 'SUCCEEDED',
  started: '2026-01-01T00:00:00.000Z',
  stopped: '2026-01-01T00:00:01.500Z',
  input: '{"userPoolId":"us-east-1_Mobile001","clientId":"one","reason":"why"}',
  ...more,
});

const change = { op: 'add', provider: { ProviderName: 'p', ClientId: 'one' } };
const target = (identityPoolId: string) => ({ identityPoolId, links: ['mobile'] });
const result = { outcome: 'LINKED', changes: [change], before: {}, after: {}, attempts: 1 };
const end = (identityPoolId: string) => ({
  target: target(identityPoolId),
  assumedRoleArn: `role/${identityPoolId}`,
  result,
});

describe('the audit of an execution', () => {
  test('that was stopped after its write shows the write, and that it was not verified', () => {
    const stopped = told({ status: 'ABORTED' });
    assert.ok(endsSilently(stopped) && !endsSilently(told({})));
    const records = auditRecords(stopped, [
      { state: 'MergeProvider', data: end('planned-only') },
      { state: 'UpdateIdentityPool', data: end('written') },
      { state: 'UpdateIdentityPool', data: end('verified') },
      { state: 'Verified', data: end('verified') },
    ]);
    assert.deepEqual(
      records.map(({ identityPoolId, verified, changes }) => [identityPoolId, verified, changes]),
      [
        ['written', 'read back under the lease', [change]],
        ['verified', 'read back under the lease, and once more after it', [change]],
      ],
    );
    const [{ before, after, ...record }] = records as [(typeof records)[0]];
    assert.deepEqual(record, {
      execution: stopped.execution,
      machine: 'link',
      source: 'history',
      status: 'ABORTED',
      started: stopped.started,
      stopped: stopped.stopped,
      seconds: 1.5,
      operation: 'link',
      userPoolId: 'us-east-1_Mobile001',
      clientId: 'one',
      requestedBy: { via: 'person', reason: 'why' },
      identityPoolId: 'written',
      links: ['mobile'],
      outcome: 'LINKED',
      changes: [change],
      verified: 'read back under the lease',
      attempts: 1,
      assumedRoleArn: 'role/written',
      sessionName: 'name-82a3537f',
    });
  });

  test('that failed is read from the input of its last state, since its cause has no room for everything', () => {
    const failure = { Error: 'PoolBusyError', Cause: '{"errorMessage":"Busy."}' };
    const targets = [end('one'), { target: target('two'), failure }];
    const failed = told({ status: 'FAILED', error: 'PoolBusyError', cause: '{"message":"Busy."}' });
    const records = auditRecords(failed, [
      { state: 'UpdateIdentityPool', data: end('one') },
      { state: 'ReportOutcome', data: { targets } },
    ]);
    assert.deepEqual(
      records.map(({ identityPoolId, outcome, error, message, verified }) => [
        ...[identityPoolId, outcome, error, message, verified],
      ]),
      [
        [
          'one',
          'LINKED',
          undefined,
          undefined,
          'read back under the lease, and once more after it',
        ],
        ['two', 'FAILED', 'PoolBusyError', 'Busy.', 'not verified'],
      ],
    );
    const [early] = auditRecords(failed, [{ state: 'ReportOutcome', data: { Error: 'x' } }]);
    assert.deepEqual(
      [early!.outcome, early!.error, early!.message, early!.identityPoolId],
      ['FAILED', 'PoolBusyError', 'Busy.', undefined],
    );
  });

  test('that failed is read from its cause as far as that goes, if its states are not at hand', () => {
    const { before: _, after: __, ...brief } = { ...target('one'), ...result };
    const results = [
      brief,
      { ...target('two'), outcome: 'FAILED', error: 'ProviderQuotaError', message: 'Full.' },
    ];
    const cause = JSON.stringify({ message: 'One failed.', results });
    const failed = told({ status: 'FAILED', error: 'ProviderQuotaError', cause });
    assert.deepEqual(
      auditRecords(failed).map(({ identityPoolId, outcome, changes, message }) => [
        ...[identityPoolId, outcome, changes, message],
      ]),
      [
        ['one', 'LINKED', [change], undefined],
        ['two', 'FAILED', [], 'Full.'],
      ],
    );
    const counted = JSON.stringify({ message: 'Many failed.', results: { FAILED: 90 } });
    const [only, ...more] = auditRecords({ ...failed, cause: counted });
    assert.deepEqual([only!.identityPoolId, only!.message, more], [undefined, 'Many failed.', []]);
  });

  test('that reached no identity pool says why, and one that can not be read says so', () => {
    const output = '{"results":[],"notCovered":"No link covers it."}';
    const [uncovered, ...none] = auditRecords(told({ output }));
    assert.deepEqual(
      [uncovered!.outcome, uncovered!.message, uncovered!.verified, none.length],
      [...['NOT_COVERED', 'No link covers it.', 'nothing was written', 0]],
    );
    const [garbled] = auditRecords(told({ input: 'x', status: 'TIMED_OUT', cause: 'not JSON' }));
    assert.deepEqual(
      [garbled!.requestedBy, garbled!.outcome, garbled!.error, garbled!.message],
      [{ via: 'unknown' }, 'TIMED_OUT', 'TIMED_OUT', 'not JSON'],
    );
  });

  test('that may not write was not to be verified, even if it failed', () => {
    const input = JSON.stringify({ ...JSON.parse(told({}).input), dryRun: true });
    const failed = { status: 'FAILED', error: 'PoolBusyError', cause: '{"message":"Busy."}' };
    const failure = { Error: 'PoolBusyError', Cause: '{"errorMessage":"Busy."}' };
    const handed = [{ state: 'TargetFailed', data: { target: target('one'), failure } }];
    const verifiedOf = (more: Partial<DescribedExecution>, data: typeof handed = []) =>
      auditRecords(told({ ...failed, ...more }), data).map(({ verified }) => verified);
    assert.deepEqual(verifiedOf({ input }), ['nothing was written']);
    assert.deepEqual(verifiedOf({ input }, handed), ['nothing was written']);
    assert.deepEqual(verifiedOf({}, handed), ['not verified']);
    const reconcile = { machine: 'reconcile' as const, input: '{"repair":false}' };
    assert.deepEqual(verifiedOf(reconcile), ['nothing was written']);
    assert.deepEqual(verifiedOf({ ...reconcile, input: '{"repair":true}' }), ['not verified']);
  });

  test('of a reconcile has its repairs, reports and failures', () => {
    const pool = (identityPoolId: string, more: object) => ({
      identityPoolId,
      links: ['mobile'],
      counts: {},
      entries: [],
      ...more,
    });
    const identityPools = [
      pool('repaired', { repaired: { linked: 1, unlinked: 0 }, changes: [change] }),
      pool('as it should be', { repaired: { linked: 0, unlinked: 0 } }),
      { ...pool('closed', {}), failure: { error: 'TargetAccessDeniedError', message: 'No.' } },
    ];
    const common = { machine: 'reconcile', input: '{"repair":true}' } as const;
    const cause = JSON.stringify({ message: 'One failed.', identityPools });
    const records = auditRecords(told({ ...common, status: 'FAILED', error: 'x', cause }));
    assert.deepEqual(
      records.map(({ outcome, changes, verified, error }) => [outcome, changes, verified, error]),
      [
        ['REPAIRED', [change], 'read back under the lease', undefined],
        ['REPORTED', [], 'nothing was written', undefined],
        ['FAILED', [], 'nothing was written', 'TargetAccessDeniedError'],
      ],
    );
    const [silent] = auditRecords(told({ ...common, status: 'FAILED', cause: '{"message":"x"}' }));
    assert.deepEqual([silent!.outcome, silent!.message], ['FAILED', 'x']);
  });

  const made = (more: Partial<MadeShare> = {}): MadeShare => ({
    identityPoolId: 'written',
    execution: told({}).execution,
    operation: 'link',
    links: ['mobile'],
    changes: [change] as MadeShare['changes'],
    sequence: 7,
    share: 0,
    writtenBy: 'another',
    assumedRoleArn: 'role',
    time: '2026-01-01T00:00:01.000Z',
    end: 'read back',
    ...more,
  });
  const written = { time: '2026-01-01T00:00:01.000Z', sequence: 7, share: 0 };

  test('has the writes that the functions logged, no matter how it ended', () => {
    const failure = { Error: 'VerificationError', Cause: '{"errorMessage":"It is gone again."}' };
    const failed = told({ status: 'FAILED', error: 'VerificationError', cause: '{}' });
    const targets = [{ target: target('written'), failure }];
    const twice = [made({ sequence: 9, end: 'not read back' }), made()];
    const [record, ...more] = auditRecords(
      failed,
      [{ state: 'ReportOutcome', data: { targets } }],
      twice,
    );
    assert.deepEqual(more, []);
    assert.deepEqual(
      [record!.outcome, record!.error, record!.changes, record!.verified, record!.written],
      [
        ...['FAILED', 'VerificationError', [change, change], 'written, but not so when read back'],
        { ...written, sequence: 9 },
      ],
    );

    for (const [end, outcome, verified] of [
      ['read back', 'LINKED', 'read back under the lease'],
      ['seen later', 'LINKED', 'seen to be there by the next write'],
      ['needless', 'LINKED', 'nothing was sent: it was written together with its opposite'],
      ['made in part', 'LINKED', 'only a part of it was made'],
      [undefined, 'UNKNOWN', 'not known whether it was made'],
    ] as const) {
      const { end: _, ...share } = made();
      const shares = [{ ...share, ...(end && { end }) }];
      const [stopped, ...others] = auditRecords(told({ status: 'TIMED_OUT' }), [], shares);
      assert.equal(others.length, 0);
      assert.deepEqual(
        [stopped!.outcome, stopped!.status, stopped!.verified, stopped!.writtenBy],
        [outcome, 'TIMED_OUT', verified, 'another'],
      );
      assert.deepEqual([stopped!.links, stopped!.assumedRoleArn], [['mobile'], 'role']);
    }
    const reconciled = { machine: 'reconcile', status: 'FAILED', cause: 'cut' } as const;
    const [repaired] = auditRecords(told(reconciled), [], [made({ operation: 'unlink' })]);
    assert.deepEqual([repaired!.outcome, repaired!.changes], ['REPAIRED', [change]]);
  });

  test('with an incomplete output in the log says so, and shows what it wrote', () => {
    const output = '{"results":[{"identityPoolId":"written","outcome":"LIN';
    for (const machine of ['link', 'reconcile'] as const) {
      const cut = told({ output, machine, source: 'log group' });
      const [silent] = auditRecords(cut);
      assert.deepEqual(
        [silent!.outcome, silent!.message],
        ['SUCCEEDED', 'The log has only a part of the output.'],
      );
      const [known, ...more] = auditRecords(cut, [], [made()]);
      assert.deepEqual(
        [known!.identityPoolId, known!.changes, more.length],
        ['written', [change], 0],
      );
    }
  });

  test('that appears only in the logs of the functions is included', () => {
    const { execution } = told({});
    const untold = unknownExecution(execution, [made({ time: 'b' }), made({ time: 'a' })]);
    assert.deepEqual(
      [untold.machine, untold.status, untold.started, endsSilently(untold)],
      ['link', 'UNKNOWN', 'a', false],
    );
    const [record] = auditRecords(untold, [], [made()]);
    assert.deepEqual([record!.requestedBy, record!.outcome], [{ via: 'unknown' }, 'LINKED']);
  });
});
