import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { differenceLines, outputLines } from '../../cli/output/changes.ts';
import { consoleLink } from '../../cli/output/console-link.ts';
import { planLines, statusLines } from '../../cli/output/findings.ts';
import type { Result } from '../../core/request/target.ts';

const ProviderName = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_Mobile001';

const linesOf = (result: Partial<Result>) =>
  outputLines({
    operation: 'link',
    userPoolId: 'us-east-1_Mobile001',
    requestedBy: { via: 'person' },
    results: [
      {
        identityPoolId: 'ap-south-1:1',
        links: ['mobile'],
        outcome: 'LINKED',
        changes: [],
        before: {},
        after: {},
        attempts: 1,
        ...result,
        assumedRoleArn: 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/x',
      },
    ],
  }).map(stripVTControlCharacters);

describe('the text of a result', () => {
  test('has only the changes of the own request, and names the execution that wrote them', () => {
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

  test('has one line for each entry', () => {
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

describe('the text of a reconcile', () => {
  const entry = { providerName: ProviderName, clientName: 'app' } as const;
  const counts = {
    linked: 2,
    missing: 1,
    orphaned: 2,
    foreign: 0,
    removed: 1,
    uncovered: 0,
    changed: 0,
  };
  const found = {
    identityPools: [
      {
        identityPoolId: 'ap-south-1:1',
        links: ['mobile'],
        counts,
        omitted: 3,
        entries: [
          { ...entry, state: 'removed' as const, clientId: 'gone' },
          { ...entry, state: 'orphaned' as const, clientId: 'kept' },
          { ...entry, state: 'orphaned' as const, clientId: 'old', repair: 'unlink' as const },
          { ...entry, state: 'missing' as const, clientId: 'new', repair: 'link' as const },
        ],
      },
      {
        identityPoolId: 'ap-south-1:2',
        links: ['web'],
        failure: { error: 'TargetAccessDeniedError', message: 'Deploy it.' },
      },
    ],
  };
  const failure = ['ap-south-1:2 (web)', '  TargetAccessDeniedError: Deploy it.'];
  const omitted = '  and 3 more; the log of ReconcileIdentityPool lists them';

  test('lists every entry that is not as it should be, in columns, and every failure', () => {
    assert.deepEqual(statusLines(found).map(stripVTControlCharacters), [
      'ap-south-1:1 (mobile): linked 2, missing 1, orphaned 2, removed 1',
      '  removed   us-east-1_Mobile001  gone  app',
      '  orphaned  us-east-1_Mobile001  kept  app',
      '  orphaned  us-east-1_Mobile001  old   app',
      '  missing   us-east-1_Mobile001  new   app',
      omitted,
      ...failure,
    ]);
    assert.deepEqual(statusLines({}), []);
  });

  test('shows as a plan what a repair would change, and what it leaves for a person to decide', () => {
    const shown = (clientId: string) =>
      `CognitoIdentityProviders {"ProviderName":"${ProviderName}", "ClientId":"${clientId}"} app`;
    assert.deepEqual(planLines(found).map(stripVTControlCharacters), [
      'ap-south-1:1 (mobile)',
      `  - ${shown('old')}`,
      `  + ${shown('new')}`,
      '  for a person to decide:',
      '  removed   us-east-1_Mobile001  gone  app',
      '  orphaned  us-east-1_Mobile001  kept  app',
      omitted,
      ...failure,
    ]);
  });
});

test('a difference is shown as the values before and after', () => {
  const lines = differenceLines([
    { op: 'change', member: 'AllowClassicFlow', before: true, after: false },
    { op: 'remove', member: 'SamlProviderARNs', before: 'x' },
  ]);
  assert.deepEqual(lines.map(stripVTControlCharacters), [
    '~ AllowClassicFlow true → false',
    '- SamlProviderARNs "x"',
  ]);
});

test('an execution links to the AWS console of its partition, if that is known', () => {
  const link = (partition: string) =>
    consoleLink(`arn:${partition}:states:eu-west-1:111111111111:execution:poolbridge-dev-link:x`);
  assert.equal(
    link('aws'),
    'https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:111111111111:execution:poolbridge-dev-link:x',
  );
  assert.match(link('aws-us-gov')!, /^https:\/\/eu-west-1\.console\.amazonaws-us-gov\.com\//);
  assert.equal(link('aws-iso'), undefined);
});
