import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decisionOf } from '../../../core/request/decision.ts';

const approval = { approvedBy: 'arn', reason: 'as agreed', time: '2026-01-31T12:00:00Z' };

describe('the answer to a request for approval', () => {
  test('is an approval if it says who, why and when, and nothing else', () => {
    assert.deepEqual(decisionOf(approval), { approval });
    const offset = { ...approval, time: '2026-01-31T13:00:00.123+01:00' };
    assert.deepEqual(decisionOf(offset), { approval: offset });
  });

  const wrong: unknown[] = [
    ...[null, 7, 'approved', true, {}, [], [approval], { approval }],
    ...[
      { ...approval, more: 1 },
      { ...approval, reason: 'x'.repeat(201) },
    ],
    ...[
      { ...approval, approvedBy: 'x'.repeat(2049) },
      { ...approval, approvedBy: '' },
    ],
    ...[
      { ...approval, time: 'now' },
      { ...approval, time: 0 },
    ],
    ...[
      { approvedBy: 'arn', reason: 'why' },
      { Error: 'X', Cause: {} },
    ],
    'x'.repeat(262_000),
    JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`),
  ];
  for (const [i, answer] of wrong.entries()) {
    test(`approves nothing if it is anything else (${i + 1})`, () => {
      const decision = decisionOf(answer);
      assert.ok('failure' in decision);
      assert.equal(decision.failure.Error, 'InvalidApprovalError');
      assert.match(
        decision.failure.Cause!,
        /^The answer .* is not an approval.*the command that ApprovalRequested names\.$/,
      );
    });
  }

  test('is a denial if it is an error, whose sentence is unwrapped and shortened', () => {
    const refused = { Error: 'ApprovalDeniedError', Cause: 'arn has refused it.' };
    assert.deepEqual(decisionOf(refused), { failure: refused });
    const wrapped = { ...refused, Cause: JSON.stringify({ errorMessage: 'Not now.' }) };
    assert.deepEqual(decisionOf(wrapped), { failure: { ...refused, Cause: 'Not now.' } });
    const long = decisionOf({ Error: 'x'.repeat(300), Cause: 'y'.repeat(32_768) });
    assert.ok('failure' in long && JSON.stringify(long).length < 1400);
    const silent = decisionOf({ Error: '' });
    assert.ok('failure' in silent && silent.failure.Error === 'ApprovalDeniedError');
    assert.match(
      silent.failure.Cause!,
      /^The step ended with ApprovalDeniedError, without a message/,
    );
  });

  test('never takes more room than a target has', () => {
    fc.assert(
      fc.property(fc.anything(), (answer) => {
        assert.ok(JSON.stringify(decisionOf(answer)).length < 10_000);
      }),
    );
  });
});
