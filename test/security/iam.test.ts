import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityClient,
  type CognitoIdentityProvider,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Output } from '../../core/outcome.ts';
import type { PolicyDocument } from '../../local/kernel/iam.ts';
import {
  deployAccountB,
  deployForwarder,
  deployUserPoolAccount,
} from '../../local/poolbridge/deploy.ts';
import {
  ACCOUNT_A,
  ACCOUNT_B,
  ACCOUNT_D,
  type Ended,
  HOME,
  pools,
  startWorld,
  World,
} from '../world.ts';
import { type Grant, grantsOf } from './grants.ts';

const NAMED = 'us-east-1_Mobile001';
const APPROVED = 'us-east-1_Approve01';
const TAGGED = 'us-east-1_Web000001';
const ABROAD = 'us-east-1_Abroad003';
const accountB = { account: ACCOUNT_B, region: 'ap-south-1' };
const AWAY = { account: ACCOUNT_D, region: 'us-east-1' };
const HomeBusArn = `arn:aws:events:us-east-1:${ACCOUNT_A}:event-bus/default`;
const QUEUE = `${ACCOUNT_A}/poolbridge-dev-undelivered-events`;
const OTHERS = ['poolbridge-link', 'poolbridge-read'];

/** What AWS asks for, but the embedded AWS does by itself. */
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

describe('what is granted', () => {
  let world: World;
  let abroad: World;
  let documents: [string, PolicyDocument][];
  /** The entry that others remove, time and again. */
  let taken: CognitoIdentityProvider;
  /** The dead-letter queues of the service and of the forwarder, and who may read them. */
  let queues: [string, typeof HOME][];

  before(async () => {
    world = await startWorld({ trail: false }, { ForwardingAccounts: ACCOUNT_D });
    abroad = new World(world.local, world.machineArn, AWAY);
    const { aws, endpoint } = world.local;
    const { UndeliveredEvents } = await deployForwarder(aws, AWAY, { HomeBusArn });
    queues = [
      [`${endpoint}/${QUEUE}`, HOME],
      [UndeliveredEvents!, AWAY],
    ];
    const reading = { TrustedAccountId: ACCOUNT_A, UserPoolIds: ABROAD };
    await deployUserPoolAccount(aws, AWAY, reading);
    // That they are described shows in what is linked.
    const updated = { IssuerConfiguration: { Type: 'UPDATED' } } as const;
    await abroad.createUserPool(ABROAD, {}, updated);
    world.local.aws.stateMachines.retryScale = 0.001;
    world.local.aws.identityPools.providerQuota = 1000;
    await world.createUserPool(NAMED, {}, updated);
    await world.createUserPool(APPROVED, {}, updated);
    await world.createUserPool(TAGGED, { team: 'web' }, updated);
    await world.createIdentityPool(pools.mobile);
    await world.createIdentityPool(pools.web);
    await deployAccountB(aws, accountB, {
      ...{ TrustedAccountId: ACCOUNT_A, ExternalId: 'pairing-1', NameWhoRemoves: 'true' },
      IdentityPoolIds: [pools.mobile, pools.web].join(','),
    });
    // Ours since yesterday.
    const ClientId = await world.createAppClient(TAGGED, 'web-taken');
    taken = { ProviderName: `cognito-idp.us-east-1.amazonaws.com/${TAGGED}`, ClientId };
    await aws.tables.ask(HOME, 'PutItem', {
      TableName: 'poolbridge-dev',
      Item: {
        ...{ pk: { S: pools.web }, sk: { S: `entry#${taken.ProviderName}#${ClientId}` } },
        body: {
          S: JSON.stringify({
            ...{ state: 'linked', providerName: taken.ProviderName, clientId: ClientId },
            ...{ links: ['web'], execution: 'x', sequence: 1, time: Date.now() - 86_400_000 },
          }),
        },
      },
    });
    const { roles } = world.local.aws.iam;
    const all = [...roles.values()].flatMap((role): [string, PolicyDocument][] => [
      ...role.policies.map((policy): [string, PolicyDocument] => [role.name, policy]),
      ...(OTHERS.includes(role.name)
        ? [[`the trust of ${role.name}`, role.trust] as [string, PolicyDocument]]
        : []),
    ]);
    // A managed policy that several roles carry is one document.
    documents = [
      ...new Map(all.map(([name, document]) => [document, [name, document] as const])),
    ].map(([, [name, document]]): [string, PolicyDocument] => [
      name.replace(/-[0-9A-F]{12}$/, ''),
      document,
    ]);
  });
  after(() => world.close());

  /** The whole job; the part that a grant is for comes first, since it is the one to fail. */
  const jobSucceeds = async ({ policy = '', action = '' }: Partial<Grant> = {}) => {
    // Room for what the job links, which would fill the quota after some of them.
    world.local.aws.identityPools.find(pools.mobile).pool.CognitoIdentityProviders = [];
    const reconciles = () => reconcileSucceeds(action === 'dynamodb:DeleteItem');
    const parts = /Reconcile|ResolveLinks|ListAppClients|ListUserPools|Removed|NameWho/.test(policy)
      ? [reconciles, linkSucceeds]
      : [linkSucceeds, reconciles];
    for (const part of parts) if (!(await part())) return false;
    return true;
  };

  /** A client of a tagged user pool is found and linked, and so is one that waits. */
  const reconcileSucceeds = async (someoneWaits: boolean): Promise<boolean> => {
    await world.createAppClient(TAGGED, 'web-app');
    if (someoneWaits) await leaveWaiting(await world.createAppClient(TAGGED, 'web-app'));
    await someoneRemoves(taken);
    const ended = await world.run({ link: 'web', repair: true }, undefined, world.reconcileArn);
    return (await isAnnounced(ended)) && (await isExplained(ended)) && (await scheduleStarts());
  };

  /** Account-B takes an entry away that was there for a moment. */
  const someoneRemoves = async (entry: CognitoIdentityProvider) => {
    const client = world.client(CognitoIdentityClient, accountB);
    const { CognitoIdentityProviders: others = [], ...rest } = await world.describe(pools.web);
    const pool = {
      ...rest,
      ...{ IdentityPoolId: pools.web, IdentityPoolName: rest.IdentityPoolName },
      AllowUnauthenticatedIdentities: rest.AllowUnauthenticatedIdentities,
    };
    for (const CognitoIdentityProviders of [[...others, entry], others]) {
      await client.send(new UpdateIdentityPoolCommand({ ...pool, CognitoIdentityProviders }));
    }
  };

  /** Whether an execution has told of the removed entry, and who it was. */
  const isExplained = async ({ executionArn }: Ended): Promise<boolean> => {
    const events = await world.history(executionArn);
    return events.some(({ lambdaFunctionSucceededEventDetails: answer }) =>
      answer?.output?.includes(`"removedBy":{"principalArn":"arn:aws:iam::${ACCOUNT_B}:root"`),
    );
  };

  const leaveWaiting = (clientId: string) => {
    const pending = { key: clientId, execution: 'another', operation: 'link', clientId };
    return world.local.aws.tables.ask(HOME, 'PutItem', {
      TableName: 'poolbridge-dev',
      Item: {
        ...{ pk: { S: pools.web }, sk: { S: `pending#${clientId}` }, ticket: { N: '1' } },
        expiresAt: { N: String(Date.now() + 60_000) },
        body: { S: JSON.stringify({ ...pending, userPoolId: TAGGED }) },
      },
    });
  };

  /** Whether the schedule starts an execution; it is stopped at once. */
  const scheduleStarts = async (): Promise<boolean> => {
    const { buses, stateMachines } = world.local.aws;
    buses.fire(`arn:aws:events:us-east-1:${ACCOUNT_A}:rule/poolbridge-dev-reconcile`);
    await buses.settled();
    const running = [...stateMachines.executions.values()].filter(
      ({ status }) => status === 'RUNNING',
    );
    for (const { arn: executionArn } of running) {
      await world.client(SFNClient, HOME).send(new StopExecutionCommand({ executionArn }));
    }
    await buses.settled();
    return (await drain(0)) === 0 && running.length > 0;
  };

  /**
   * An event links a client of a tagged user pool, a person one of a named one, another account's event
   * one of its own; deletions are heard of; a stop is told.
   */
  const linkSucceeds = async (): Promise<boolean> => {
    // What most grants are for; without it the rest need not be tried.
    const named = await world.createAppClient(NAMED);
    if (!(await isAnnounced(await world.run({ userPoolId: NAMED, clientId: named })))) return false;
    const tagged = await world.createAppClient(TAGGED, 'web-app');
    const foreign = await abroad.createAppClient(ABROAD, 'app-x');
    const Detail = JSON.stringify({ userPoolId: TAGGED, clientId: tagged });
    await world.client(EventBridgeClient, HOME).send(
      new PutEventsCommand({
        Entries: [{ Source: 'poolbridge', DetailType: 'LinkRequested', Detail }],
      }),
    );
    trailTells(foreign);
    const byEvents = await startedBy([tagged, foreign]);
    const announced = await Promise.all([...byEvents, ...(await deletions())].map(isAnnounced));
    return (
      byEvents.length === 2 &&
      announced.every(Boolean) &&
      (await isApproved()) &&
      (await isLookedUp()) &&
      (await stopIsTold()) &&
      (await alarmIsReset())
    );
  };

  /** Whether a write that needs approval is asked for, and done once it is approved. */
  const isApproved = async (): Promise<boolean> => {
    const clientId = await world.createAppClient(APPROVED);
    const input = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
    const sfn = world.client(SFNClient, HOME);
    const { executionArn = '' } = await sfn.send(
      new StartExecutionCommand({
        stateMachineArn: world.machineArn,
        input: JSON.stringify(input),
      }),
    );
    const ended = world.ended(executionArn);
    const asked = async (): Promise<string | undefined> => {
      for (;;) {
        const events = await world.history(executionArn);
        if (events.at(-1)?.type?.startsWith('Execution')) return undefined;
        const scheduled = events.find(({ type }) => type === 'TaskScheduled');
        const { parameters = '' } = scheduled?.taskScheduledEventDetails ?? {};
        const isAsked = events.some(({ type }) => type === 'TaskSubmitted');
        if (isAsked) return JSON.parse(parameters).Payload.token;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    };
    const taskToken = await asked();
    if (taskToken === undefined) return false;
    const output = JSON.stringify({ approvedBy: 'x', reason: 'x', time: '2026-01-31T12:00:00Z' });
    await sfn.send(new SendTaskSuccessCommand({ taskToken, output }));
    return isAnnounced(await ended);
  };

  /** What CloudTrail tells the other account of a new client. */
  const trailTells = (clientId: string): void =>
    world.local.aws.emit(AWAY.account, AWAY.region, {
      ...{ source: 'aws.cognito-idp', 'detail-type': 'AWS API Call via CloudTrail' },
      ...{ time: '2026-01-02T03:04:05Z', resources: [] },
      detail: {
        ...{ eventSource: 'cognito-idp.amazonaws.com', eventType: 'AwsApiCall' },
        ...{ eventName: 'CreateUserPoolClient', eventID: 'e', eventTime: '2026-01-02T03:04:05Z' },
        responseElements: { userPoolClient: { userPoolId: ABROAD, clientId, clientName: 'app-x' } },
      },
    });

  /** Of an app client that a name decides about, and of a user pool that had tags. */
  const deletions = (): Promise<Ended[]> =>
    Promise.all(
      [
        { userPoolId: 'us-east-1_Leaving02', clientId: 'gone' },
        { userPoolId: 'us-east-1_Leaving03' },
      ].map((what) =>
        world.run({
          request: { operation: 'unlink', ...what },
          requestedBy: { via: 'cloudtrail' },
        }),
      ),
    );

  /** Whether a link has read the issuer of the user pool. */
  const knowsIssuer = ({ output = '{}' }: Ended): boolean => {
    const { operation, results } = JSON.parse(output) as Partial<Output>;
    return operation !== 'link' || results!.every((result) => 'issuer' in result);
  };

  /** Whether an execution succeeded, and everyone was told. */
  const isAnnounced = async (ended: Ended): Promise<boolean> => {
    if (ended.status !== 'SUCCEEDED' || !knowsIssuer(ended)) return false;
    const events = await world.history(ended.executionArn);
    return !events.some((event) => event.stateEnteredEventDetails?.name === 'ReportUnannounced');
  };

  /** Whether an execution that is to be undone is looked for. */
  const isLookedUp = async (): Promise<boolean> => {
    const executionArn = `${world.machineArn.replace(':stateMachine:', ':execution:')}:nothing`;
    const { error } = await world.run({ operation: 'undo', executionArn });
    return error === 'InvalidRequestError';
  };

  /** Whether EventBridge could tell the alarm topic of an execution that was stopped. */
  const stopIsTold = async (): Promise<boolean> => {
    const sfn = world.client(SFNClient, HOME);
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn: world.machineArn, input: '{}' }),
    );
    await sfn.send(new StopExecutionCommand({ executionArn }));
    await world.local.aws.buses.settled();
    return (await drain(0)) === 0;
  };

  /** Whether EventBridge Scheduler could reset the alarm that tells again every day. */
  const alarmIsReset = async (): Promise<boolean> => {
    const { schedules } = world.local.aws;
    try {
      for (const arn of schedules.arns()) await schedules.run(arn);
      return schedules.arns().length > 0;
    } catch (error) {
      if ((error as Error).name === 'AccessDeniedException') return false;
      throw error;
    }
  };

  /** Takes what waits in the dead-letter queues, and says how much it was. */
  const drain = async (WaitTimeSeconds: number): Promise<number> => {
    const taken = await Promise.all(
      queues.map(async ([QueueUrl, where]) => {
        const sqs = world.client(SQSClient, where);
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 }),
        );
        for (const { ReceiptHandle } of Messages) {
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
        return Messages.length;
      }),
    );
    return taken.reduce((sum, each) => sum + each);
  };

  /** The executions that the events about some clients started; fewer when one ended in a queue. */
  const startedBy = async (clientIds: string[]): Promise<Ended[]> => {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      const all = await world.executions();
      const started = clientIds.flatMap((id) => all.find(({ input }) => input?.includes(id)) ?? []);
      if (started.length === clientIds.length) return started;
      if ((await drain(0)) > 0) {
        await world.local.aws.buses.settled();
        await drain(0);
        return started;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`An event about ${clientIds} neither started an execution nor was kept.`);
  };

  /** An event for a state machine that is gone waits in the queue. */
  const queueTakesEvents = async (): Promise<boolean> => {
    const { machines } = world.local.aws.stateMachines;
    const machine = machines.get(world.machineArn)!;
    machines.delete(world.machineArn);
    const Detail = JSON.stringify({ userPoolId: NAMED, clientId: 'x' });
    await world.client(EventBridgeClient, HOME).send(
      new PutEventsCommand({
        Entries: [{ Source: 'poolbridge', DetailType: 'LinkRequested', Detail }],
      }),
    );
    const taken = await drain(1);
    machines.set(world.machineArn, machine);
    return taken > 0;
  };

  test('is enough for the job', async () => {
    assert.ok(await jobSucceeds());
  });

  test('lets EventBridge write to the dead-letter queue, by the queue’s policy', async () => {
    assert.ok(await queueTakesEvents());
    const sqs = world.client(SQSClient, HOME);
    const QueueUrl = `${world.local.endpoint}/${QUEUE}`;
    const set = (Policy: string) =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }),
    );
    await set('');
    assert.equal(await queueTakesEvents(), false);
    await set(Attributes!['Policy']!);
    assert.ok(await queueTakesEvents());
  });

  test('is needed, every action on every resource, but for what only AWS itself can judge', async (t) => {
    const needless: string[] = [];
    // Of links that this job does not use.
    const elsewhere =
      /[3457]{12}|Mapped|Tight|Huge|Healed|Kept|Both|Half|Nowhere|Many|Chaos|Strict|Leaving|Issuer|LongTags|Mobile002|China|AbCdEf123|(0000000000[3-8]|00000011|c00[12])$/;
    const judged = documents
      .flatMap(([name, document]) => grantsOf(name, document))
      .filter(({ action }) => !Object.hasOwn(unjudged, action))
      .filter(
        ({ resource, condition }) => !elsewhere.test(resource) && !/healed|leaving/.test(condition),
      );
    for (const grant of judged) {
      const { policy, action, resource } = grant;
      const giveBack = grant.remove();
      const works = await jobSucceeds(grant);
      giveBack();
      t.diagnostic(`without ${action} on ${resource} (${policy}): ${works ? 'works' : 'fails'}`);
      if (works) needless.push(`${policy}: ${action} on ${resource}`);
    }
    assert.deepEqual(needless, []);
    assert.ok(await jobSucceeds());
  });

  test('is on everything only where AWS knows nothing narrower', () => {
    const wide = documents.flatMap(([, { Statement }]) =>
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
    const actions = documents.flatMap(([, { Statement }]) =>
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

  test('reaches the Lambda roles alone: other accounts trust no other role of Account-A', async () => {
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

  test('is narrowed in each session to one identity pool and to what the step does', async () => {
    const { functions, trail } = world.local.aws;
    const { records } = trail;
    // What ran when its execution was stopped.
    while (functions.all().some(({ busy }) => busy.size > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const since =
      (last = records.at(-1)) =>
      () =>
        records.slice(records.lastIndexOf(last!) + 1);
    const linking = since();
    const clientId = await world.createAppClient(NAMED);
    const ended = await world.run({ userPoolId: NAMED, clientId }, 'narrow');
    ended.result();
    const asked = linking()
      .filter(({ eventName }) => eventName === 'AssumeRole')
      .map(({ requestParameters }) => requestParameters as Record<string, string>);
    const sessions = asked.map(({ policy, durationSeconds, roleSessionName, sourceIdentity }) => {
      assert.equal(durationSeconds, '900');
      assert.match(roleSessionName!, /^narrow-[0-9a-f]{8}$/);
      assert.equal(sourceIdentity, roleSessionName);
      const [statement, ...more] = JSON.parse(policy!).Statement;
      assert.deepEqual(more, []);
      return statement;
    });
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
    const reporting = since();
    const report = await world.run({ link: 'web' }, 'report', world.reconcileArn);
    assert.equal(report.status, 'SUCCEEDED');
    const onlyRead = reporting()
      .filter(({ eventName }) => eventName === 'AssumeRole')
      .map(({ requestParameters }) => (requestParameters as Record<string, string>)['policy']);
    assert.deepEqual(
      onlyRead.map((policy) => JSON.parse(policy!).Statement),
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
