import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NotCoveredError } from '../../../core/errors.ts';
import type { Link, Links } from '../../../core/links/links.ts';
import { approvalMessage, checkApproval } from '../../../core/request/approval.ts';
import { approvalTime, executionSeconds } from '../../../core/request/approval-time.ts';
import { resolve } from '../../../core/request/resolve.ts';
import { linkOf } from '../link-of.ts';

const link = (identityPool: string, more: Partial<Link> = {}): Link =>
  linkOf({ identityPool, ...more });
const required = (identityPool: string, approvalTimeoutHours?: number): Link =>
  link(identityPool, {
    approval: 'required',
    ...(approvalTimeoutHours !== undefined && { approvalTimeoutHours }),
  });

const links: Links = {
  free: link('one'),
  day: required('one'),
  week: required('one', 168),
  hour: required('two', 1),
};

describe('approval', () => {
  test('is needed if any link requires it, for the shortest of their times', () => {
    assert.equal(approvalTime(links, ['free']), undefined);
    assert.equal(approvalTime(links, ['toString', 'gone']), undefined);
    assert.deepEqual(approvalTime(links, ['week']), { hours: 168, seconds: 604_800 });
    assert.deepEqual(approvalTime(links, ['free', 'week', 'day']), { hours: 24, seconds: 86_400 });
  });

  test('that is required only since then still has to be given', () => {
    const approval = { approvedBy: 'arn', reason: 'why', time: '2026-01-31T12:00:00.000Z' };
    const target = { identityPoolId: 'one' };
    checkApproval(links, ['free'], target);
    checkApproval(links, ['free', 'day'], { ...target, approval });
    assert.throws(
      () => checkApproval(links, ['free', 'day'], target),
      (error) =>
        error instanceof NotCoveredError &&
        /^Changes to .* require approval now.*Ask again/.test(error.message),
    );
    const forged = { ...approval, approvedBy: '' };
    assert.throws(() => checkApproval(links, ['day'], { ...target, approval: forged }));
  });

  test('allows an execution an hour plus the waiting time, for each ten identity pools', () => {
    assert.equal(executionSeconds({}), 3600);
    assert.equal(executionSeconds({ free: link('one') }), 3600);
    assert.equal(executionSeconds(links), 3600 + 604_800);
    const many = (count: number, hours: number): Links =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`link-${i}`, required(`pool-${i}`, hours)]),
      );
    assert.equal(executionSeconds(many(10, 2)), 3600 + 7200);
    assert.equal(executionSeconds(many(11, 2)), 3600 + 2 * 7200);
    assert.equal(executionSeconds(many(1000, 168)), 31_536_000);
  });

  test('is waited for last, so that it delays no other identity pool', () => {
    const { targets } = resolve(
      { hour: required('two', 1), free: link('one') },
      {
        operation: 'link',
        userPoolId: 'us-east-1_A',
        clientId: 'c',
        dryRun: false,
        requestedBy: { via: 'person' },
      },
      { userPoolId: 'us-east-1_A', clientId: 'c' },
      'aws',
    );
    assert.deepEqual(
      targets.map(({ identityPoolId, approvalTime: time }) => [identityPoolId, time?.seconds]),
      [
        ['one', undefined],
        ['two', 3600],
      ],
    );
  });

  test('is requested in a message that EventBridge can quote, no matter how much changes', () => {
    const provider = { ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A' };
    const clientIds = Array.from({ length: 1000 }, (_, i) => `client${i}`);
    const message = approvalMessage({
      execution: 'arn:aws:states:eu-west-1:111111111111:execution:poolbridge-prod-link:x',
      identityPoolId: 'one',
      links: ['a', 'b'],
      changes: [{ op: 'remove', provider, clientIds }],
      until: '2026-01-02T03:04:05.678Z',
    });
    assert.match(
      message,
      /\(a, b\)\. In the identity pool one it would remove \S+ client0, remove /,
    );
    assert.match(
      message,
      /client9, and 990 more\. .*run npx poolbridge approve x --identity-pool one --stage prod --region eu-west-1 --show; /,
    );
    assert.ok(!/["\\\n]/.test(message) && message.length < 2000, message);
  });
});
