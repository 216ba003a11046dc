import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { outputLines } from '../../cli/show.ts';
import type { Result } from '../../core/target.ts';

const ProviderName = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_Mobile001';

const linesOf = (result: Partial<Result>) =>
  outputLines({
    operation: 'link',
    userPoolId: 'us-east-1_Mobile001',
    requestedBy: { via: 'person' },
    results: [
      {
        ...{ identityPoolId: 'ap-south-1:1', links: ['mobile'], outcome: 'LINKED' },
        ...{ changes: [], before: {}, after: {}, attempts: 1 },
        ...result,
        assumedRoleArn: 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/x',
      },
    ],
  }).map(stripVTControlCharacters);

describe('what a person is shown of a result', () => {
  test('is the changes of his own request, where the write was for others too, and who wrote', () => {
    const entry = (ClientId: string) => ({ ProviderName, ClientId, ServerSideTokenCheck: false });
    const writtenBy = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:other';
    const lines = linesOf({
      changes: [{ op: 'add', provider: entry('mine') }],
      before: {},
      after: { CognitoIdentityProviders: [entry('mine'), entry('theirs')] },
      writtenBy,
    });
    assert.deepEqual(lines.slice(1), [
      `  + CognitoIdentityProviders {"ProviderName":"${ProviderName}", "ClientId":"mine", "ServerSideTokenCheck":false}`,
      '  as arn:aws:sts::222222222222:assumed-role/poolbridge-link/x',
      `  written by ${writtenBy}`,
    ]);
  });

  test('is one line for each entry, of however many', () => {
    const clientIds = Array.from({ length: 101 }, (_, i) => `client${i}`);
    const summary = (count: number) => ({
      CognitoIdentityProviders: { count, sha256: `${count}`.repeat(20) },
    });
    const lines = linesOf({
      outcome: 'UNLINKED',
      changes: [{ op: 'remove', provider: { ProviderName }, clientIds }],
      before: summary(101),
      after: summary(0),
    });
    assert.equal(lines.length, 103);
    assert.match(lines[101]!, /^ {2}- CognitoIdentityProviders \{.*"ClientId":"client100"\}$/);
  });
});
