import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as errors from '../../../core/errors.ts';
import { unwrap } from '../../../core/failure.ts';
import { metricsOf } from '../../../core/request/metrics.ts';
import { reportOn, type TargetEnd } from '../../../core/request/outcome.ts';
import type { Resolved } from '../../../core/request/resolve.ts';
import type { Result, Target } from '../../../core/request/target.ts';

const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:run-1';
const ROLE = 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/run-1-4e65d3fb';

const target = (identityPoolId: string): Target => ({
  identityPoolId,
  links: ['a'],
  userPoolId: 'us-east-1_A',
  intent: { operation: 'link', providerName: 'p', clientId: 'c', serverSideTokenCheck: false },
  deleted: false,
  dryRun: false,
  room: 1000,
});
const pool = { IdentityPoolId: 'x', IdentityPoolName: 'x', AllowUnauthenticatedIdentities: false };
const result: Result = {
  outcome: 'LINKED',
  changes: [{ op: 'add', provider: { ProviderName: 'p', ClientId: 'c' } }],
  before: pool,
  after: pool,
  attempts: 1,
};
const resolved: Resolved = {
  operation: 'link',
  userPoolId: 'us-east-1_A',
  clientId: 'c',
  requestedBy: { via: 'person', reason: 'why' },
  targets: [target('one')],
};
const { targets: _, ...request } = resolved;
const linked = (id: string): TargetEnd => ({ target: target(id), assumedRoleArn: ROLE, result });
const lambdaFailure = (name: string, message: string) => ({
  Error: name,
  Cause: JSON.stringify({ errorType: name, errorMessage: message, trace: ['at x'] }),
});
const failed = (id: string, name: string, message: string): TargetEnd => ({
  target: target(id),
  failure: lambdaFailure(name, message),
});

describe('the output of an execution that succeeds', () => {
  test('is the request and a result for each identity pool', () => {
    const { report, finished } = reportOn(EXECUTION, { ...resolved, targets: [linked('one')] });
    assert.deepEqual(report, {
      status: 'SUCCEEDED',
      output: {
        ...request,
        results: [{ identityPoolId: 'one', links: ['a'], ...result, assumedRoleArn: ROLE }],
      },
    });
    const { before: __, after: ___, ...brief } = result;
    assert.deepEqual(finished, {
      executionArn: EXECUTION,
      status: 'SUCCEEDED',
      ...request,
      results: [{ identityPoolId: 'one', links: ['a'], ...brief, assumedRoleArn: ROLE }],
    });
  });

  test('leaves out what only the states need', () => {
    const plan = { ...result, write: false };
    const { report } = reportOn(EXECUTION, {
      ...resolved,
      targets: [{ target: target('one'), assumedRoleArn: ROLE, result: plan }],
    });
    assert.ok(!JSON.stringify(report).includes('write'));
  });

  test('says who approved it, who wrote, and onto which pool if it is not as planned', () => {
    const approval = { approvedBy: 'arn', reason: 'why', time: '2026-01-02T03:04:05.678Z' };
    const more = { rebased: { snapshot: 'a', base: 'b' }, writtenBy: 'another' };
    const { report } = reportOn(EXECUTION, {
      ...resolved,
      targets: [
        {
          target: { ...target('one'), approval },
          assumedRoleArn: ROLE,
          result: { ...result, ...more },
        },
        linked('two'),
      ],
    });
    assert.ok(report.status === 'SUCCEEDED');
    const whole = { links: ['a'], ...result, assumedRoleArn: ROLE };
    assert.deepEqual(report.output.results, [
      { identityPoolId: 'one', ...whole, approval, ...more },
      { identityPoolId: 'two', ...whole },
    ]);
  });

  test('shows what others changed since', () => {
    const changedSince = [{ op: 'add' as const, member: 'IdentityPoolTags', after: { a: 'b' } }];
    const { report } = reportOn(EXECUTION, {
      ...resolved,
      targets: [
        { target: target('one'), assumedRoleArn: ROLE, result: { ...result, changedSince } },
      ],
    });
    assert.ok(JSON.stringify(report).includes('"changedSince":[{"op":"add"'));
  });

  test('says why there was nothing to do', () => {
    const { report } = reportOn(EXECUTION, {
      ...resolved,
      targets: [],
      notCovered: 'why',
    });
    assert.deepEqual(report, {
      status: 'SUCCEEDED',
      output: { ...request, notCovered: 'why', results: [] },
    });
  });
});

describe('the error of an execution that fails', () => {
  test('is that of the one target that failed, unwrapped, beside the results of the others', () => {
    const { report, finished } = reportOn(EXECUTION, {
      ...resolved,
      targets: [linked('one'), failed('two', 'ProviderQuotaError', 'Full.')],
    });
    assert.equal(report.status, 'FAILED');
    assert.equal(report.status === 'FAILED' && report.error, 'ProviderQuotaError');
    const cause = JSON.parse(report.status === 'FAILED' ? report.cause : '');
    assert.equal(cause.message, 'Full.');
    const [one, two] = cause.results;
    assert.equal(one.outcome, 'LINKED');
    assert.ok(!('before' in one) && !('after' in one));
    assert.deepEqual(two, {
      identityPoolId: 'two',
      links: ['a'],
      outcome: 'FAILED',
      error: 'ProviderQuotaError',
      message: 'Full.',
    });
    assert.equal(finished.error, 'ProviderQuotaError');
    assert.equal(finished.message, 'Full.');
    assert.equal(finished.status, 'FAILED');
    assert.equal(finished.userPoolId, 'us-east-1_A');
  });

  test('is the same as theirs if several targets failed alike', () => {
    const { finished } = reportOn(EXECUTION, {
      ...resolved,
      targets: [failed('one', 'PoolBusyError', 'Busy.'), failed('two', 'PoolBusyError', 'Too.')],
    });
    assert.equal(finished.error, 'PoolBusyError');
    assert.equal(finished.message, '2 of 2 identity pools failed. one: Busy. two: Too.');
  });

  test('is LinkFailedError if they failed differently', () => {
    const { finished } = reportOn(EXECUTION, {
      ...resolved,
      targets: [failed('one', 'A', 'x'), failed('two', 'B', 'y'), linked('three')],
    });
    assert.equal(finished.error, 'LinkFailedError');
    assert.match(finished.message ?? '', /^2 of 3 identity pools failed\./);
  });

  test('is that of the request if it never reached a target', () => {
    const { report, finished } = reportOn(EXECUTION, lambdaFailure('NotCoveredError', 'No link.'));
    assert.deepEqual(report, {
      status: 'FAILED',
      error: 'NotCoveredError',
      cause: JSON.stringify({ message: 'No link.', results: [] }),
    });
    assert.deepEqual(finished, {
      executionArn: EXECUTION,
      status: 'FAILED',
      results: [],
      error: 'NotCoveredError',
      message: 'No link.',
    });
  });

  test('has a cause that Step Functions accepts, no matter how many targets failed', () => {
    const results = Array.from({ length: 300 }, (_, i) =>
      failed(`pool-${i}`, 'A', 'x'.repeat(300)),
    );
    const { report } = reportOn(EXECUTION, { ...resolved, targets: [...results, linked('last')] });
    const cause = report.status === 'FAILED' ? report.cause : '';
    assert.ok(cause.length <= 32_768);
    const { message, results: counts } = JSON.parse(cause);
    assert.match(message, /^300 of 301 identity pools failed\./);
    assert.deepEqual(counts, { FAILED: 300, LINKED: 1 });
  });
});

describe('what would fail in a dry run', () => {
  const dryRun = { ...resolved, dryRun: true };
  const planned: TargetEnd = {
    target: target('one'),
    assumedRoleArn: ROLE,
    result: { ...result, outcome: 'PLANNED' },
  };
  const wouldFail = {
    identityPoolId: 'two',
    links: ['a'],
    outcome: 'PLANNED',
    changes: [],
    wouldFail: { error: 'ProviderQuotaError', message: 'Full.' },
  };

  test('is the plan: the execution succeeds, and no failure is counted or published', () => {
    const { report, finished } = reportOn(EXECUTION, {
      ...dryRun,
      targets: [planned, failed('two', 'ProviderQuotaError', 'Full.')],
    });
    assert.ok(report.status === 'SUCCEEDED');
    assert.deepEqual(report.output.results[1], wouldFail);
    assert.ok(!('dryRun' in report.output));
    const { before: _before, after: _after, ...brief } = report.output.results[0] as Result;
    assert.deepEqual(finished, {
      executionArn: EXECUTION,
      status: 'SUCCEEDED',
      ...request,
      results: [brief, wouldFail],
    });
    assert.deepEqual(metricsOf(finished), []);
  });

  test('does not hide that the dry run itself failed', () => {
    const { report, finished } = reportOn(EXECUTION, {
      ...dryRun,
      targets: [
        failed('one', 'AwsUnavailableError', 'No answer.'),
        failed('two', 'ProviderQuotaError', 'Full.'),
      ],
    });
    assert.ok(report.status === 'FAILED');
    assert.equal(report.error, 'AwsUnavailableError');
    assert.deepEqual(JSON.parse(report.cause).results[1], wouldFail);
    assert.deepEqual(metricsOf(finished), [{ metric: 'Failed', links: ['a'] }]);
  });

  test('is every error that says why a write is not made, and no other', () => {
    const isPlanned = (name: string): boolean =>
      reportOn(EXECUTION, { ...dryRun, targets: [failed('one', name, 'Why.')] }).report.status ===
      'SUCCEEDED';
    // The dry run did not find out, or its input is not one that a step passes on.
    const unplanned = [
      ...['ApprovalDeniedError', 'AwsUnavailableError', 'BrokenAnswerError'],
      ...['InvalidApprovalError', 'InvalidRequestError', 'NotDeletedError', 'NotListedError'],
      'VerificationError',
    ];
    assert.deepEqual(
      Object.keys(errors).filter((name) => !isPlanned(name)),
      unplanned,
    );
    for (const name of ['States.Timeout', 'States.Runtime', 'TypeError', 'ValidationException']) {
      assert.equal(isPlanned(name), false, name);
    }
  });
});

describe('the cause of a failed step', () => {
  const silent = /The step ended with States\.Timeout, without a message/;
  const cases: [string, string | undefined, string | RegExp][] = [
    ['the wrapping of Lambda is removed', lambdaFailure('A', 'Why.').Cause, 'Why.'],
    ['a sentence stays unchanged', 'The state was too large.', 'The state was too large.'],
    ['other JSON stays unchanged', '{"reason":"x"}', '{"reason":"x"}'],
    ['a JSON text stays unchanged', '"x"', '"x"'],
    ['JSON null stays unchanged', 'null', 'null'],
    ['a blank cause is reported as no message', '', silent],
    ['an absent cause is reported as no message', undefined, silent],
  ];
  for (const [what, cause, expected] of cases) {
    test(what, () => {
      const failure = { Error: 'States.Timeout', ...(cause !== undefined && { Cause: cause }) };
      const { error, message } = unwrap(failure);
      assert.equal(error, 'States.Timeout');
      if (typeof expected === 'string') assert.equal(message, expected);
      else assert.match(message, expected);
    });
  }
});

describe('metrics', () => {
  const outcomes = (results: TargetEnd[]) =>
    metricsOf(reportOn(EXECUTION, { ...resolved, targets: results }).finished);
  const ended = (outcome: Result['outcome']): TargetEnd => ({
    target: target('one'),
    assumedRoleArn: ROLE,
    result: { ...result, outcome },
  });

  test('count each target by its outcome and links', () => {
    assert.deepEqual(
      outcomes([
        ended('LINKED'),
        ended('ALREADY_LINKED'),
        ended('UNLINKED'),
        failed('x', 'A', 'y'),
      ]),
      ['Linked', 'AlreadyLinked', 'Unlinked', 'Failed'].map((metric) => ({ metric, links: ['a'] })),
    );
  });

  test('do not count targets without changes and failures', () => {
    assert.deepEqual(outcomes([ended('NOT_LINKED'), ended('PLANNED')]), []);
  });

  test('count a request that failed before it had targets once', () => {
    const { finished } = reportOn(EXECUTION, lambdaFailure('InvalidRequestError', 'x'));
    assert.deepEqual(metricsOf(finished), [{ metric: 'Failed', links: [] }]);
    assert.deepEqual(outcomes([]), []);
  });
});

test('an event has only as much of a long message as fits', () => {
  const { finished } = reportOn(EXECUTION, { Error: 'X', Cause: 'x'.repeat(100_000) });
  assert.equal(finished.message?.length, 16_384);
});

test('an error message that is not a text is not used as one', () => {
  const Cause = '{"errorMessage":{"toString":null}}';
  assert.deepEqual(unwrap({ Error: 'X', Cause }), { error: 'X', message: Cause });
});

test('a cause that just fits is complete', () => {
  const around = JSON.stringify({ message: '', results: [] }).length;
  const message = 'x'.repeat(32_768 - around);
  const { report } = reportOn(EXECUTION, { Error: 'X', Cause: message });
  assert.ok(report.status === 'FAILED');
  assert.deepEqual(JSON.parse(report.cause), { message, results: [] });
});
