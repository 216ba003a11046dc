import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { PolicyDocument, Question, Role } from 'embedded-aws/kernel/iam.ts';
import { ACCOUNT_A, ACCOUNT_D, HOME, pools, type World } from '../world.ts';
import { NAMED, QUEUE } from './accounts.ts';
import { decides, type Grant, grantsOf, needless } from './grants.ts';
import { Job, type Part } from './job.ts';

/** What AWS needs, but the embedded AWS does by itself. */
const unjudged: Record<string, string> = {
  'logs:CreateLogStream': 'Lambda writes the logs of a function with the function’s role',
  'logs:PutLogEvents': 'Lambda writes the logs of a function with the function’s role',
  'xray:PutTraceSegments': 'there is no X-Ray here',
  'xray:PutTelemetryRecords': 'there is no X-Ray here',
  'xray:GetSamplingRules': 'there is no X-Ray here',
  'xray:GetSamplingTargets': 'there is no X-Ray here',
  'logs:CreateLogDelivery': 'Step Functions sets its logging up with these',
  'logs:DeleteLogDelivery': 'Step Functions sets its logging up with these',
  'logs:DescribeLogGroups': 'Step Functions sets its logging up with these',
  'logs:DescribeResourcePolicies': 'Step Functions sets its logging up with these',
  'logs:GetLogDelivery': 'Step Functions sets its logging up with these',
  'logs:ListLogDeliveries': 'Step Functions sets its logging up with these',
  'logs:PutResourcePolicy': 'Step Functions sets its logging up with these',
  'logs:UpdateLogDelivery': 'Step Functions sets its logging up with these',
};

const shortName = ({ name }: Role): string => name.replace(/-[0-9A-F]{12}$/, '');

// The part of the job that needs a role. The whole job also fails, but later.
const FIRST: [role: RegExp, part: Part][] = [
  [/RequestApproval/, 'approval'],
  [/NoteRename/, 'rename'],
  [/TellAlarmTopic/, 'stop'],
  [/ResetReconcileOverdue/, 'alarm'],
  [/NoteChange|account-b-Forward/, 'change'],
  [/Sweep/, 'sweep'],
  [/NoteRoom/, 'room'],
  [/StartReconcile/, 'schedule'],
  [/ResolveLinks/, 'deployment'],
  [/Reconcile|ListAppClients|ExplainRemoved/, 'reconcile'],
  [/StartLink|forwarder-Forward|poolbridge-read/, 'events'],
];

const partOf = ({ name }: Role): Part =>
  FIRST.find(([pattern]) => pattern.test(name))?.[1] ?? 'link';

describe('what is granted', () => {
  let job: Job;
  let world: World;
  let roles: Role[];
  /** The name of every policy of a role, and of every role's trust. */
  let documents: Map<PolicyDocument, string>;
  let failed: Part | undefined;
  /** What IAM allowed during the job. */
  const allowed: Question[] = [];

  before(async () => {
    job = await Job.start();
    world = job.world;
    const { iam } = world.local.aws;
    // The job does not use it. Its template is that of `poolbridge-link`.
    roles = [...iam.roles.values()].filter(({ name }) => name !== 'poolbridge-link-eu');
    documents = new Map();
    for (const role of roles) {
      for (const document of role.policies) documents.set(document, shortName(role));
      documents.set(role.trust, `the trust of ${shortName(role)}`);
    }
    // A managed policy has one name for all roles that have it, and for all parts of it: links.yml
    // may need more than one policy has room for.
    for (const [arn, document] of iam.managedPolicies) {
      documents.set(document, arn.replace(/^.*poolbridge-dev-(\w+?)\d+-\w+$/, '$1'));
    }
    const stop = iam.watch((question, isAllowed) => {
      if (isAllowed) allowed.push(question);
    });
    failed = await job.failedPart();
    stop();
  });
  after(() => world.close());

  const grants = (): Grant[] =>
    [...documents]
      .flatMap(([document, name]) => grantsOf(name, document))
      .filter(({ action }) => !Object.hasOwn(unjudged, action));

  /** The grants of a role that decided something for it. */
  function decidedFor(role: Role): Grant[] {
    const asked = allowed.filter(({ principal }) => 'role' in principal && principal.role === role);
    return grants().filter(
      (grant) =>
        role.policies.includes(grant.document) &&
        asked.some((question) => decides(grant, question)),
    );
  }

  test('is enough for the job', () => {
    assert.equal(failed, undefined);
  });

  test('is needed: each action on each resource allows a call that nothing else allows', () => {
    assert.deepEqual(needless(grants(), allowed), []);
    const asked = new Set(allowed.map(({ action }) => action));
    const judged = Object.keys(unjudged).filter((action) => asked.has(action));
    assert.deepEqual(judged, []);
  });

  test('is needed by each role that has a managed policy', () => {
    const managed = new Set(world.local.aws.iam.managedPolicies.values());
    const idle = roles.flatMap((role) => {
      const carried = role.policies.filter((document) => managed.has(document));
      const used = new Set(decidedFor(role).map(({ document }) => documents.get(document)));
      const names = new Set(carried.map((document) => documents.get(document)));
      return [...names]
        .filter((name) => !used.has(name))
        .map((name) => `${name} of ${shortName(role)}`);
    });
    assert.deepEqual(idle, []);
  });

  test('is distinguished from what is not needed', () => {
    const role = roles.find(({ name }) => name.includes('-ResolveTargetsRole-'))!;
    const document = role.policies[0]!;
    const { Statement } = document;
    const table = Statement.find(({ Sid }) => Sid === 'Table')!;
    const other = { ...table, Sid: 'Other', Action: ['dynamodb:Scan'] };
    const twice = { ...table, Sid: 'Twice', Action: ['dynamodb:GetItem'] };
    document.Statement = [...Statement, other, twice];
    const found = needless(grants(), allowed);
    document.Statement = Statement;
    const name = shortName(role);
    assert.deepEqual(found, [
      `${name}, Table: dynamodb:GetItem on ${table.Resource} if {}`,
      `${name}, Other: dynamodb:Scan on ${table.Resource} if {}`,
      `${name}, Twice: dynamodb:GetItem on ${table.Resource} if {}`,
    ]);
  });

  test('makes the job fail when it is removed: one grant of each role', async () => {
    const works: string[] = [];
    for (const role of roles) {
      const [grant] = decidedFor(role);
      if (!grant) continue;
      const giveBack = grant.remove();
      const missing = await job.failedPart(partOf(role));
      giveBack();
      if (missing === undefined)
        works.push(`${shortName(role)}: ${grant.action} on ${grant.resource}`);
    }
    assert.deepEqual(works, []);
    assert.equal(await job.failedPart(), undefined);
  });

  test('lets EventBridge write to the dead-letter queue, through the queue’s policy', async () => {
    assert.ok(await job.queueTakesEvents());
    const sqs = world.client(SQSClient, HOME);
    const QueueUrl = `${world.local.endpoint}/${QUEUE}`;
    const set = (Policy: string) =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }),
    );
    await set('');
    assert.equal(await job.queueTakesEvents(), false);
    await set(Attributes!['Policy']!);
    assert.ok(await job.queueTakesEvents());
  });

  test('is on everything only if AWS has nothing narrower', () => {
    const wide = [...documents.keys()].flatMap(({ Statement }) =>
      Statement.filter(({ Resource }) => [Resource ?? []].flat().includes('*')).flatMap(
        ({ Action }) => Action,
      ),
    );
    // https://docs.aws.amazon.com/service-authorization/latest/reference/
    const unnarrowable = [
      'cloudtrail:LookupEvents',
      'cognito-idp:ListUserPools',
      ...Object.keys(unjudged).filter(
        (action) => !['logs:CreateLogStream', 'logs:PutLogEvents'].includes(action),
      ),
    ];
    assert.deepEqual([...new Set(wide)].sort(), unnarrowable.sort());
  });

  test('names no action by a wildcard, and nothing that shows a client secret', () => {
    const actions = [...documents.keys()].flatMap(({ Statement }) =>
      Statement.flatMap(({ Action }) => Action),
    );
    assert.deepEqual(
      actions.filter((action) => action.includes('*')),
      [],
    );
    const aboutUserPools = new Set(actions.filter((action) => action.startsWith('cognito-idp:')));
    assert.deepEqual([...aboutUserPools].sort(), [
      'cognito-idp:DescribeUserPool',
      'cognito-idp:ListTagsForResource',
      'cognito-idp:ListUserPoolClients',
      'cognito-idp:ListUserPools',
    ]);
  });

  test('lets each function write only its own part of the table', async () => {
    const { iam } = world.local.aws;
    const partitions = {
      names: `names#${NAMED}`,
      inventory: 'inventory#x',
      identityPool: pools.web,
      pause: 'pause',
    };
    const mayWrite = (name: string) => {
      const role = [...iam.roles.values()].find((each) => each.name.includes(`-${name}Role-`))!;
      const principal = iam.openSession(role, { name: 'x', seconds: 900 });
      const writes = async (operation: 'PutItem' | 'UpdateItem' | 'DeleteItem', pk: string) => {
        const key = { pk: { S: pk }, sk: { S: 'x' } };
        const input = {
          TableName: 'poolbridge-dev',
          ...(operation === 'PutItem' ? { Item: key } : { Key: key }),
        };
        const region = 'us-east-1';
        const call = { service: 'dynamodb', operation, region, principal, input };
        return world.local.aws.call(call).then(
          () => true,
          (error: Error) => {
            assert.equal(error.name, 'AccessDeniedException');
            return false;
          },
        );
      };
      return async (pk: string) => {
        const operations = ['PutItem', 'UpdateItem', 'DeleteItem'] as const;
        const done = await Promise.all(operations.map((operation) => writes(operation, pk)));
        return done.some(Boolean);
      };
    };
    const allowed: Record<string, (keyof typeof partitions)[]> = {
      ResolveTargets: ['names'],
      ListAppClients: ['inventory'],
      UpdateIdentityPool: ['identityPool'],
      ReconcileIdentityPool: ['identityPool'],
      VerifyIdentityPool: [],
    };
    for (const [name, own] of Object.entries(allowed)) {
      const may = mayWrite(name);
      for (const [partition, pk] of Object.entries(partitions)) {
        const isOwn = own.some((each) => each === partition);
        assert.equal(await may(pk), isOwn, `${name} writes ${pk}`);
      }
    }
  });

  test('is limited to the Lambda roles: other accounts trust no other role of Account-A', async () => {
    const { iam } = world.local.aws;
    const outsider = iam.putRole({
      arn: `arn:aws:iam::${ACCOUNT_A}:role/outsider`,
      name: 'outsider',
      trust: { Version: '2012-10-17', Statement: [] },
      policies: [
        {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Resource: '*' },
          ],
        },
      ],
    });
    const assume = (role: typeof outsider, input: object) =>
      world.local.aws.call({
        service: 'sts',
        operation: 'AssumeRole',
        region: 'us-east-1',
        principal: iam.openSession(role, { name: 'x', seconds: 900 }),
        input: {
          RoleArn: 'arn:aws:iam::222222222222:role/poolbridge-link',
          RoleSessionName: 'xx',
          ...input,
        },
      });
    await assert.rejects(assume(outsider, { ExternalId: 'pairing-1' }), { name: 'AccessDenied' });
    const insider = [...iam.roles.values()].find(({ name }) => name.includes('-AssumeRoleRole-'))!;
    await assert.rejects(assume(insider, {}), { name: 'AccessDenied' });
    await assert.rejects(assume(insider, { ExternalId: 'guess' }), { name: 'AccessDenied' });
    await assume(insider, { ExternalId: 'pairing-1' });
    const machine = [...iam.roles.values()].find(({ name }) =>
      name.includes('LinkStateMachineRole'),
    )!;
    await assert.rejects(assume(machine, { ExternalId: 'pairing-1' }), { name: 'AccessDenied' });
    const reader = { RoleArn: `arn:aws:iam::${ACCOUNT_D}:role/poolbridge-read` };
    for (const other of [outsider, machine, insider]) {
      await assert.rejects(assume(other, reader), { name: 'AccessDenied' });
    }
    const reading = [...iam.roles.values()].find(({ name }) =>
      name.includes('-ResolveTargetsRole-'),
    );
    await assume(reading!, reader);
  });

  test('is limited in each session to one identity pool and to what the step does', async () => {
    const { functions, trail } = world.local.aws;
    const { records } = trail;
    // The function that ran when its execution was stopped.
    while (functions.all().some(({ busy }) => busy.size > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    // A recheck after a write of an earlier test may assume the role at the same time.
    const askedBy = (execution: string) =>
      records
        .filter(({ eventName }) => eventName === 'AssumeRole')
        .map(({ requestParameters }) => requestParameters as Record<string, string>)
        .filter(({ roleSessionName }) => roleSessionName?.startsWith(`${execution}-`));
    const clientId = await world.createAppClient(NAMED);
    const ended = await world.run({ userPoolId: NAMED, clientId }, 'narrow');
    ended.result();
    const sessions = askedBy('narrow').map(
      ({ policy, durationSeconds, roleSessionName, sourceIdentity }) => {
        assert.equal(durationSeconds, '900');
        assert.match(roleSessionName!, /^narrow-[0-9a-f]{8}$/);
        assert.equal(sourceIdentity, roleSessionName);
        const [statement, ...more] = JSON.parse(policy!).Statement;
        assert.deepEqual(more, []);
        return statement;
      },
    );
    const Resource = `arn:aws:cognito-identity:ap-south-1:222222222222:identitypool/${pools.mobile}`;
    const allow = (...actions: string[]) => ({
      Effect: 'Allow',
      Action: actions.map((action) => `cognito-identity:${action}`),
      Resource,
    });
    assert.deepEqual(sessions, [
      { Effect: 'Deny', Action: '*', Resource: '*' },
      allow('DescribeIdentityPool'),
      allow('DescribeIdentityPool', 'UpdateIdentityPool', 'TagResource', 'UntagResource'),
      allow('DescribeIdentityPool'),
    ]);
    const report = await world.run({ link: 'web' }, 'report', world.reconcileArn);
    assert.equal(report.status, 'SUCCEEDED');
    assert.deepEqual(
      askedBy('report').map(({ policy }) => JSON.parse(policy!).Statement),
      [
        [
          {
            ...allow('DescribeIdentityPool'),
            Resource: Resource.replace(pools.mobile, pools.web),
          },
        ],
        [{ Effect: 'Allow', Action: 'cloudtrail:LookupEvents', Resource: '*' }],
      ],
    );
    const write = records.findLast(({ eventName }) => eventName === 'UpdateIdentityPool')!;
    const { arn, sessionContext } = write['userIdentity'] as Record<string, unknown>;
    assert.match(
      String(arn),
      /^arn:aws:sts::222222222222:assumed-role\/poolbridge-link\/narrow-[0-9a-f]{8}$/,
    );
    assert.match(JSON.stringify(sessionContext), /"sourceIdentity":"narrow-[0-9a-f]{8}"/);
  });
});
