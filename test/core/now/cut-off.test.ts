import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutOffData } from '../../../core/now/cut-off.ts';

const target = {
  identityPoolId: 'ap-south-1:00000000-0000-4000-8000-000000000001',
  links: ['mobile'],
};
const ended = {
  execution: 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:cut',
  status: 'ABORTED',
  stopped: '2026-01-31T12:00:00.000Z',
};

test('an aborted execution whose write may still be made says for how long, and says nothing else until then', () => {
  const messageAfter = (seconds: number): string => {
    const now = Date.parse(ended.stopped) + seconds * 1000;
    const { data } = cutOffData({ target, input: { target } }, ended, [], now);
    return (data as { failure: { Cause: string } }).failure.Cause;
  };
  const open = messageAfter(1);
  const longest = Number(/for (\d+) seconds at most\. Look again then\.$/.exec(open)?.[1]);
  assert.equal(messageAfter(longest - 1), open);
  assert.match(messageAfter(longest), /the ledger does not show that it wrote\. .*audit/);
});
