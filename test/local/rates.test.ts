import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assembleAws } from '../../local/index.ts';

const ACCOUNTS = ['111111111111', '222222222222'] as const;
const listPools = 'cognito-identity:ListIdentityPools';

describe('calls', () => {
  const asked = (rates: Record<string, number>, times: number) => {
    const aws = assembleAws({ rates, latency: { 'cognito-identity': 2 } });
    const call = (account: string) =>
      aws.call({
        ...{ service: 'cognito-identity', operation: 'ListIdentityPools', region: 'ap-south-1' },
        ...{ input: { MaxResults: 1 }, principal: aws.iam.principalOf(account) },
      });
    return Promise.allSettled(
      ACCOUNTS.flatMap((account) => Array.from({ length: times }, () => call(account))),
    );
  };
  const refused = (ends: PromiseSettledResult<object>[]) =>
    ends.flatMap((end) => (end.status === 'rejected' ? end.reason.code : []));

  test('above the rate of their operation are throttled, in each account by itself', async () => {
    assert.deepEqual(refused(await asked({ [listPools]: 3 }, 4)), [
      'TooManyRequestsException',
      'TooManyRequestsException',
    ]);
  });

  test('are not throttled for the rate of another operation, nor without any', async () => {
    assert.deepEqual(refused(await asked({ 'cognito-identity:UpdateIdentityPool': 1 }, 4)), []);
    assert.deepEqual(refused(await asked({}, 4)), []);
  });
});
