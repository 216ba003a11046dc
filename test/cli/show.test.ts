import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { foundIn, removedLines } from '../../cli/executions/found.ts';
import { differenceLines, outputLines } from '../../cli/output/changes.ts';
import { consoleLink, logsLink, trailLink } from '../../cli/output/console-link.ts';
import { planLines, statusLines } from '../../cli/output/reconcile-table.ts';
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

// A line of a table.
const WIDTH = 80;

describe('the text of a result', () => {
  test('has only the changes of its own request, and names the execution that wrote them', () => {
    const entry = (ClientId: string) => ({ ProviderName, ClientId, ServerSideTokenCheck: false });
    const writtenBy = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:other';
    const lines = linesOf({
      changes: [{ op: 'add', provider: entry('mine') }],
      before: {},
      after: { CognitoIdentityProviders: [entry('mine'), entry('theirs')] },
      writtenBy,
    });
    assert.deepEqual(lines.slice(1), [
      '  + mine  us-east-1_Mobile001',
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
    assert.equal(lines[101], '  - client100  us-east-1_Mobile001');
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
    assert.deepEqual(statusLines(WIDTH)(found).map(stripVTControlCharacters), [
      'ap-south-1:1 (mobile): linked 2, missing 1, orphaned 2, removed 1',
      '  removed   app  gone  us-east-1_Mobile001',
      '  orphaned  app  kept  us-east-1_Mobile001',
      '  orphaned  app  old   us-east-1_Mobile001',
      '  missing   app  new   us-east-1_Mobile001',
      omitted,
      ...failure,
    ]);
    assert.deepEqual(statusLines(WIDTH)({}), []);
    const [none = ''] = statusLines(WIDTH)({ identityPools: [] });
    assert.match(none, /^The links\.yml that is deployed has no links, .* Add a link and deploy/);
  });

  test('says who removed an entry, whether it was restored, and whether it is no longer', () => {
    const removedBy = {
      principalArn: 'arn:aws:sts::222222222222:assumed-role/terraform/apply',
      time: '2026-01-31T12:00:00Z',
      eventId: 'e',
    };
    const gone = { ...entry, state: 'removed' as const, removedBy };
    const pool = {
      identityPoolId: 'ap-south-1:1',
      links: ['mobile'],
      counts: { ...counts, removed: 3, missing: 0, orphaned: 0 },
      entries: [
        { ...gone, clientId: 'back', repair: 'link' as const, restored: true as const },
        { ...gone, clientId: 'left', braked: true as const },
        { ...entry, state: 'removed' as const, clientId: 'next', repair: 'link' as const },
      ],
    };
    const repaired = { ...pool, restored: 1, repaired: { linked: 1, unlinked: 0 } };
    const plain = (lines: string[]) => lines.map(stripVTControlCharacters);
    assert.deepEqual(plain(statusLines(Number.POSITIVE_INFINITY)({ identityPools: [repaired] })), [
      'ap-south-1:1 (mobile), before the repair: linked 2, removed 3',
      '  removed  app  back  us-east-1_Mobile001  restored, by terraform/apply',
      '  removed  app  left  us-east-1_Mobile001  no longer restored, by terraform/apply',
      '  removed  app  next  us-east-1_Mobile001',
      '  repaired: 1 linked (1 restored), 0 unlinked',
    ]);
    assert.deepEqual(
      plain(planLines(Number.POSITIVE_INFINITY)({ identityPools: [pool] })).slice(1, 3),
      [
        '  +  app  back  us-east-1_Mobile001  removed by terraform/apply',
        '  +  app  next  us-east-1_Mobile001  removed',
      ],
    );
  });

  test('says which repairs are refused', () => {
    const refused = {
      ...entry,
      state: 'missing' as const,
      clientId: 'new',
      repair: 'link' as const,
    };
    const pool = { identityPoolId: 'ap-south-1:1', links: ['mobile'], counts };
    const entries = [{ ...refused, refused: 'ProviderQuotaError' }];
    assert.deepEqual(
      statusLines(WIDTH)({ identityPools: [{ ...pool, entries }] }).map(
        stripVTControlCharacters,
      )[1],
      '  missing  app  new  us-east-1_Mobile001  refused: ProviderQuotaError',
    );
  });

  test('says nothing of a repair of an identity pool that had nothing to repair', () => {
    const repaired = { linked: 0, unlinked: 0 };
    const pool = {
      identityPoolId: 'ap-south-1:1',
      links: ['mobile'],
      counts,
      entries: [],
      repaired,
    };
    const lines = statusLines(WIDTH)({ identityPools: [pool] }).map(stripVTControlCharacters);
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^ap-south-1:1 \(mobile\): linked/);
  });

  test('says what was written too recently to be judged, and to come again', () => {
    const pool = { identityPoolId: 'ap-south-1:1', links: ['mobile'], counts, entries: [] };
    const linesOf = (more: object, make = statusLines) =>
      make(WIDTH)({ identityPools: [{ ...pool, ...more }] }).map(stripVTControlCharacters);
    const look =
      '  too early to judge 2 entries written within the last minute: look again in a minute';
    assert.deepEqual(linesOf({ early: 2 }).slice(1), [look]);
    assert.deepEqual(linesOf({ early: 2 }, planLines).slice(1), ['  nothing would change', look]);
    const repaired = { linked: 0, unlinked: 0 };
    assert.deepEqual(linesOf({ early: 1, repaired }).slice(1), [
      '  repaired: 0 linked, 0 unlinked',
      '  too early to judge 1 entry written within the last minute: repair again in a minute',
    ]);
  });

  test('shows as a plan what a repair would change, and what it leaves for a person to decide', () => {
    assert.deepEqual(planLines(WIDTH)(found).map(stripVTControlCharacters), [
      'ap-south-1:1 (mobile)',
      '  -  app  old  us-east-1_Mobile001',
      '  +  app  new  us-east-1_Mobile001',
      '  for a person to decide:',
      '  removed   app  gone  us-east-1_Mobile001',
      '  orphaned  app  kept  us-east-1_Mobile001',
      omitted,
      ...failure,
    ]);
  });
});

test('identity pools that fail for the same reason have a line each, and one remedy that names or counts them all', () => {
  const failed = (id: string, message: string) => ({
    identityPoolId: id,
    links: ['web'],
    failure: { error: 'TargetAccessDeniedError', message },
  });
  const identityPools = [
    failed('ap-south-1:1', 'The role for ap-south-1:1 refuses.'),
    failed('ap-south-1:2', 'The role for ap-south-1:2 refuses.'),
    failed('ap-south-1:3', 'Another sentence.'),
  ];
  assert.deepEqual(statusLines(WIDTH)({ identityPools }).map(stripVTControlCharacters), [
    'ap-south-1:1 (web)',
    'ap-south-1:2 (web)',
    '  TargetAccessDeniedError, for all 2: The role for ap-south-1:1 refuses. The same applies to ap-south-1:2.',
    'ap-south-1:3 (web)',
    '  TargetAccessDeniedError: Another sentence.',
  ]);
  const many = [1, 2, 3, 4, 5].map((id) =>
    failed(`ap-south-1:${id}`, `The role for ap-south-1:${id} refuses.`),
  );
  const [last] = statusLines(WIDTH)({ identityPools: many }).slice(-1);
  assert.equal(
    stripVTControlCharacters(last!),
    '  TargetAccessDeniedError, for all 5: The role for ap-south-1:1 refuses. The same applies to the other 4 identity pools above.',
  );
});

test('an execution of reconcile says which entries others removed, who removed them and when', () => {
  const event = (id: number, type: string, details: object) => ({
    id,
    previous: id - 1,
    type,
    time: 0,
    details: { ...details },
  });
  const entry = {
    identityPoolId: 'ap-south-1:1',
    providerName: ProviderName,
    clientId: 'gone',
    message: 'Link it again.',
  };
  const removedBy = {
    principalArn: 'arn:aws:iam::2:user/eve',
    time: '2026-01-31T12:00:00Z',
    eventId: 'e',
  };
  const answer = JSON.stringify([{ ...entry, removedBy, restored: true }, entry]);
  const found = foundIn(
    {
      execution: 'arn',
      machine: 'reconcile',
      source: 'history',
      status: 'SUCCEEDED',
      started: '2026-01-31T12:00:00Z',
      input: '{}',
      output: JSON.stringify({ identityPools: [] }),
    },
    [
      event(1, 'TaskStateEntered', { name: 'ExplainRemoved' }),
      event(2, 'LambdaFunctionSucceeded', { output: answer }),
      event(3, 'TaskStateExited', { name: 'ExplainRemoved', output: '{}' }),
    ],
  );
  assert.deepEqual(removedLines(found!.removed).map(stripVTControlCharacters), [
    'Removed by others:',
    '  restored  gone  us-east-1_Mobile001  ap-south-1:1',
    '    Link it again.',
    '  removed  gone  us-east-1_Mobile001  ap-south-1:1',
    '    Link it again.',
  ]);
});

test('a difference is shown as the values before and after, and an entry in words', () => {
  const entry = { ProviderName, ClientId: 'mine', ServerSideTokenCheck: false };
  const lines = differenceLines([
    { op: 'add', member: 'CognitoIdentityProviders', after: entry },
    {
      op: 'change',
      member: 'CognitoIdentityProviders',
      before: entry,
      after: { ...entry, ServerSideTokenCheck: true },
    },
    { op: 'change', member: 'AllowClassicFlow', before: true, after: false },
    { op: 'remove', member: 'SamlProviderARNs', before: 'x' },
  ]);
  assert.deepEqual(lines.map(stripVTControlCharacters), [
    '+ mine  us-east-1_Mobile001',
    '~ mine  us-east-1_Mobile001  server-side token check false → true',
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
  const execution = 'arn:aws:states:eu-west-1:111111111111:execution:poolbridge-dev-link:x';
  assert.equal(
    logsLink(execution),
    'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Fvendedlogs$252Fstates$252Fpoolbridge-dev-link',
  );
  const role = 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/x-1234';
  assert.equal(
    trailLink(execution, 'ap-south-1:1', role),
    'https://ap-south-1.console.aws.amazon.com/cloudtrailv2/home?region=ap-south-1#/events?Username=x-1234',
  );
  assert.equal(trailLink(execution, 'evil.example/#:1', role), undefined);
});
