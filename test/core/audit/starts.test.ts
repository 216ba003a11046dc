import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AuditRecord } from '../../../core/audit/audit.ts';
import { isClaimed, spansAround, startIn } from '../../../core/audit/starts.ts';

const execution = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:one';
const principalArn = 'arn:aws:iam::111111111111:user/alice';

/** A record as the documentation of Step Functions shows it. */
const record = (more: object = {}) =>
  JSON.stringify({
    userIdentity: { type: 'IAMUser', arn: principalArn },
    eventTime: '2026-01-01T00:00:00Z',
    eventName: 'StartExecution',
    requestParameters: { input: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    responseElements: { startDate: 'Jan 1, 2026 12:00:00 AM', executionArn: execution },
    eventID: 'e-1',
    ...more,
  });

describe('who started an execution', () => {
  test('is read from the record of StartExecution', () => {
    assert.deepEqual(startIn(record()), {
      execution,
      by: { principalArn, time: '2026-01-01T00:00:00Z', eventId: 'e-1' },
    });
  });

  test('is not known from a call that failed, a service of AWS or a record that can not be read', () => {
    const service = { type: 'AWSService', invokedBy: 'events.amazonaws.com' };
    for (const text of [
      record({ errorCode: 'AccessDenied', responseElements: null }),
      record({ userIdentity: service }),
      record({ responseElements: {} }),
      '[',
      undefined,
    ]) {
      assert.equal(startIn(text), undefined);
    }
  });

  test('is looked for only where the request says itself who makes it', () => {
    const by = (requestedBy: object) => isClaimed({ requestedBy } as AuditRecord);
    const claimedArn = principalArn;
    assert.ok(by({ via: 'person' }) && by({ via: 'person', claimedArn }));
    assert.ok(by({ via: 'reconcile', claimedArn }) && !by({ via: 'reconcile' }));
    // EventBridge starts the executions of events.
    assert.ok(!by({ via: 'event', claimedArn }) && !by({ via: 'cloudtrail' }));
  });

  test('is looked for around the start of every execution, from the newest to the oldest', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000)), (times) => {
        const spans = spansAround(times);
        for (const time of times) {
          assert.ok(spans.some(({ from, until }) => from <= time - 5000 && time + 5000 <= until));
        }
        for (const [i, { from, until }] of spans.entries()) {
          assert.ok(from < until);
          assert.ok(i === 0 || until < spans[i - 1]!.from);
        }
      }),
    );
  });
});
