import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { assembleAws, deployStack, readTemplate } from 'embedded-aws';
import type { Principal } from 'embedded-aws/kernel/iam.ts';
import { deployService } from '../../demo/deploy.ts';
import { Judged } from '../judged.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, HOME, pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT_A}:poolbridge-dev-alarms`;

describe('the alarm topic', () => {
  let world: World;

  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(MOBILE);
    await world.createIdentityPool(pools.mobile);
    await subscribe(TOPIC, HOME);
  });
  after(() => world.close());

  const sns = (operation: string, input: object, where = HOME, principal?: Principal) => {
    const { account, region } = where;
    const root = { kind: 'root', account, arn: `arn:aws:iam::${account}:root` } as const;
    const asked = { service: 'sns', operation, region, principal: principal ?? root };
    return world.local.aws.call({ ...asked, input: { ...input } });
  };

  /** Subscribes a queue `notifications` of that account to the topic. */
  async function subscribe(TopicArn: string, where: typeof HOME): Promise<void> {
    const Endpoint = `arn:aws:sqs:${where.region}:${where.account}:notifications`;
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: Endpoint,
        Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await world
      .client(SQSClient, where)
      .send(new CreateQueueCommand({ QueueName: 'notifications', Attributes: { Policy } }));
    await sns('Subscribe', { TopicArn, Protocol: 'sqs', Endpoint }, where);
  }

  /** What was published since the last call. */
  async function notifications({ account, region } = HOME): Promise<string[]> {
    const sqs = world.client(SQSClient, { account, region });
    const QueueUrl = `${world.local.endpoint}/${account}/notifications`;
    await world.local.aws.buses.settled();
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { ReceiptHandle } of Messages) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return Messages.map(({ Body }) => JSON.parse(Body!).Message);
  }

  /** The state of an alarm of the stage, as it is now. */
  async function evaluated(name: string): Promise<string> {
    const { alarms } = world.local.aws;
    const arn = `arn:aws:cloudwatch:us-east-1:${ACCOUNT_A}:alarm:poolbridge-dev-${name}`;
    await alarms.evaluate(arn);
    return alarms.state(arn);
  }

  const sentence = (execution: string, status: string, region = 'us-east-1') =>
    `"Poolbridge: ${execution} has ended as ${status}; to see why, run aws stepfunctions describe-execution --region ${region} --execution-arn ${execution}"`;

  const machine = () => world.local.aws.stateMachines.machine(world.machineArn);

  test('is notified of an execution that fails, with its ARN', async () => {
    const mistaken = { userPoolId: MOBILE, clientId: 'unknown' };
    const rung = () => {
      const names = ['executions-failed', 'reconcile-failed'];
      return Promise.all(names.map((name) => evaluated(name)));
    };
    // A person sees their own mistakes and dry runs at once.
    for (const input of [mistaken, { ...mistaken, dryRun: true }, { userPoolId: 7 }]) {
      assert.equal((await world.run(input)).status, 'FAILED');
    }
    for (const input of [{ link: 'unknown', repair: true }, { link: 'tight' }]) {
      assert.equal((await world.run(input, undefined, world.reconcileArn)).status, 'FAILED');
    }
    assert.deepEqual(await notifications(), []);
    assert.deepEqual(await rung(), ['OK', 'OK']);
    const asked = { request: mistaken, requestedBy: { via: 'event' } };
    const { executionArn, status } = await world.run(asked);
    assert.equal(status, 'FAILED');
    assert.deepEqual(await notifications(), [sentence(executionArn, 'FAILED')]);
    assert.deepEqual(await rung(), ['ALARM', 'OK']);
    assert.match(JSON.parse((await notifications())[0]!).AlarmName, /executions-failed$/);
  });

  test('is notified of an execution that no function could report', async () => {
    const { definition } = machine();
    const { States } = definition;
    definition.States = { ...States, ResolveTargets: States['NotReported']! };
    const { executionArn, error } = await world.run({ userPoolId: MOBILE, clientId: 'unknown' });
    definition.States = States;
    assert.equal(error, 'BrokenAnswerError');
    assert.deepEqual(await notifications(), [sentence(executionArn, 'FAILED')]);
  });

  test('is notified of an execution that times out', async () => {
    const { definition } = machine();
    const { TimeoutSeconds } = definition;
    // One hour, plus the day that a link in test/links.yml waits for approval.
    assert.equal(TimeoutSeconds, 3600 + 86_400);
    definition.TimeoutSeconds = 0;
    const { executionArn, status } = await world.run({ userPoolId: MOBILE, clientId: 'unknown' });
    definition.TimeoutSeconds = TimeoutSeconds;
    assert.equal(status, 'TIMED_OUT');
    assert.deepEqual(await notifications(), [sentence(executionArn, 'TIMED_OUT')]);
  });

  test('is notified of an execution that is stopped', async () => {
    const sfn = world.client(SFNClient, HOME);
    const input = JSON.stringify({ userPoolId: MOBILE, clientId: 'unknown' });
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn: world.machineArn, input }),
    );
    await sfn.send(new StopExecutionCommand({ executionArn }));
    assert.equal((await world.ended(executionArn!)).status, 'ABORTED');
    assert.deepEqual(await notifications(), [sentence(executionArn!, 'ABORTED')]);
    const repair = { link: 'tight', repair: true };
    const reconcile = await world.run(repair, undefined, world.reconcileArn);
    assert.deepEqual(await notifications(), [sentence(reconcile.executionArn, 'FAILED')]);
    assert.equal(await evaluated('reconcile-failed'), 'ALARM');
    await notifications();
  });

  test('is not notified of an execution that succeeds', async () => {
    const clientId = await world.createAppClient(MOBILE);
    (await world.run({ userPoolId: MOBILE, clientId })).result();
    assert.deepEqual(await notifications(), []);
  });

  /** The alarms of an account, by their ARNs. */
  const alarms = (account = ACCOUNT_A) =>
    [...world.local.aws.alarms].filter(([arn]) => arn.split(':')[4] === account);
  const alarm = (name: string) => {
    const [, found] = alarms().find(([arn]) => arn.endsWith(`:alarm:poolbridge-dev-${name}`))!;
    return found;
  };

  test('accepts messages from the alarms that name it, and from no other service or alarm', async () => {
    const by = (arn: string, sourceArn: string): Principal => ({
      kind: 'service',
      account: ACCOUNT_A,
      arn,
      sourceArn,
    });
    assert.equal(alarms().length, 9);
    for (const [arn, { AlarmActions }] of alarms()) {
      assert.deepEqual(AlarmActions, [TOPIC]);
      const message = { TopicArn: TOPIC, Message: arn };
      await sns('Publish', message, HOME, by('cloudwatch.amazonaws.com', arn));
      assert.deepEqual(await notifications(), [arn]);
      for (const stranger of [
        by('cloudwatch.amazonaws.com', `${arn}-other`),
        by('events.amazonaws.com', arn),
      ]) {
        const refused = sns('Publish', message, HOME, stranger);
        await assert.rejects(refused, { name: 'AccessDeniedException' });
      }
    }
    assert.deepEqual(await notifications(), []);
  });

  test('has an alarm for every way in which an execution can fail for good', () => {
    const { machineArn, reconcileArn } = world;
    for (const [name, ...measured] of [
      ['executions-failed', 'AWS/Events', 'TriggeredRules', 'poolbridge-dev-link-failed'],
      ['executions-timed-out', 'AWS/States', 'ExecutionsTimedOut', machineArn],
      ['executions-aborted', 'AWS/States', 'ExecutionsAborted', machineArn],
      ['reconcile-failed', 'AWS/Events', 'TriggeredRules', 'poolbridge-dev-reconcile-failed'],
      ['reconcile-timed-out', 'AWS/States', 'ExecutionsTimedOut', reconcileArn],
    ] as const) {
      const { Namespace, MetricName, Dimensions = [] } = alarm(name);
      assert.deepEqual([Namespace, MetricName, ...Dimensions.map(({ Value }) => Value)], measured);
    }
  });

  test('has an alarm for events that could not be delivered', async () => {
    const { Namespace, MetricName, Dimensions = [] } = alarm('events-undelivered');
    assert.equal(`${Namespace} ${MetricName}`, 'AWS/SQS ApproximateNumberOfMessagesVisible');
    const [{ Name, Value: QueueName } = { Name: '', Value: '' }] = Dimensions;
    assert.equal(Name, 'QueueName');
    const { QueueUrl } = await world
      .client(SQSClient, HOME)
      .send(new GetQueueUrlCommand({ QueueName }));
    const bus = world.local.aws.buses.find(
      `arn:aws:events:us-east-1:${ACCOUNT_A}:event-bus/default`,
    );
    const queues = [...bus!.rules.values()].flatMap(({ targets }) =>
      [...targets.values()].map(({ DeadLetterConfig }) => DeadLetterConfig?.Arn),
    );
    const names = queues.map((arn) => arn?.split(':').at(-1));
    assert.deepEqual([...new Set(names)], [QueueUrl?.split('/').at(-1)], 'of every rule');
  });

  test('has an alarm for waits for the lease, which are errors of UpdateIdentityPool', async () => {
    const { Namespace, MetricName, Dimensions = [] } = alarm('lease-waits');
    const FunctionName = 'poolbridge-dev-UpdateIdentityPool';
    assert.deepEqual([Namespace, MetricName], ['AWS/Lambda', 'Errors']);
    assert.deepEqual(Dimensions, [{ Name: 'FunctionName', Value: FunctionName }]);

    // Another execution holds the lease until a wait is logged.
    const dynamodb = world.client(DynamoDBClient, HOME);
    const table = { TableName: 'poolbridge-dev' };
    const Key = { pk: { S: pools.mobile }, sk: { S: 'lease' } };
    const expiresAt = { N: String(Date.now() + 80_000) };
    const Item = { ...Key, nonce: { S: 'other' }, expiresAt };
    await dynamodb.send(new PutItemCommand({ ...table, Item }));
    const clientId = await world.createAppClient(MOBILE);
    const execution = world.run({ userPoolId: MOBILE, clientId });
    const logs = world.client(CloudWatchLogsClient, HOME);
    // The query in docs/runbook.md.
    const waits = new FilterLogEventsCommand({
      logGroupName: `/aws/lambda/${FunctionName}`,
      filterPattern: '{ $.error = "PoolBusyError" }',
    });
    let lines: string[] = [];
    while (lines.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { events = [] } = await logs.send(waits);
      lines = events.map(({ message }) => message!);
    }
    await dynamodb.send(new DeleteItemCommand({ ...table, Key }));
    const { executionArn, ...ended } = await execution;
    assert.equal(ended.result().results[0]?.outcome, 'LINKED');
    assert.equal(JSON.parse(lines[0]!).correlation_id, executionArn);
    const failed = (await world.history(executionArn)).flatMap(
      ({ lambdaFunctionFailedEventDetails: details }) => details?.error ?? [],
    );
    assert.ok(failed.includes('PoolBusyError'), String(failed));
  });

  test('has an alarm for entries that others removed, which counts the step that looks for the cause', () => {
    const { Namespace, MetricName, Dimensions, AlarmDescription } = alarm('entries-removed');
    assert.equal(`${Namespace} ${MetricName}`, 'AWS/Lambda Invocations');
    const FunctionName = 'poolbridge-dev-ExplainRemoved';
    assert.deepEqual(Dimensions, [{ Name: 'FunctionName', Value: FunctionName }]);
    assert.ok(world.local.aws.functions.all().some(({ name }) => name === FunctionName));
    assert.match(AlarmDescription, /See docs\/runbook\/entries-removed\.md/);
  });

  test('has a runbook page for each alarm, and all alarms are on the dashboard', () => {
    const { dashboards, functions } = world.local.aws;
    const own = `arn:aws:cloudwatch:${HOME.region}:${ACCOUNT_A}:`;
    const alarms = new Map([...world.local.aws.alarms].filter(([arn]) => arn.startsWith(own)));
    const pages = readdirSync(new URL('../../docs/runbook/', import.meta.url));
    const names = [...alarms.values()].map(({ AlarmName }) => AlarmName);
    const prefix = 'poolbridge-dev-';
    assert.deepEqual(names.map((name) => `${name.slice(prefix.length)}.md`).sort(), pages.sort());
    for (const { AlarmName, AlarmDescription } of alarms.values()) {
      const page = `docs/runbook/${AlarmName.slice(prefix.length)}.md`;
      assert.ok(AlarmDescription.endsWith(` See ${page}.`), AlarmName);
    }
    const { widgets } = JSON.parse(dashboards.bodies.get('poolbridge-dev')!) as {
      widgets: { properties: { alarms?: string[]; metrics?: unknown[][] } }[];
    };
    const shown = widgets.flatMap(({ properties }) => properties.alarms ?? []);
    assert.deepEqual(shown.sort(), [...alarms.keys()].sort());
    const metrics = widgets.flatMap(({ properties }) => properties.metrics ?? []).flat();
    const { machines } = world.local.aws.stateMachines;
    for (const arn of metrics.filter((each) => String(each).startsWith('arn:'))) {
      assert.ok(machines.has(String(arn)), String(arn));
    }
    assert.ok(functions.all().some(({ name }) => metrics.includes(name)));
  });

  test('has an alarm for days without a successful reconcile, if there is a schedule', async () => {
    const overdue = alarm('reconcile-overdue');
    const { Namespace, MetricName, Dimensions, Period, EvaluationPeriods } = overdue;
    assert.equal(`${Namespace} ${MetricName}`, 'Poolbridge ReconcileWhole');
    assert.deepEqual(Dimensions, [
      { Name: 'service', Value: 'poolbridge' },
      { Name: 'stateMachine', Value: world.reconcileArn.split(':').at(-1) },
    ]);
    assert.equal(overdue.TreatMissingData, 'breaching');
    // CloudFormation accepts a default only as text.
    assert.deepEqual([Period, EvaluationPeriods], [3600, '50']);

    const folder = process.env['POOLBRIDGE_ARTIFACT']!;
    const deployed = async (parameters: Record<string, string>) => {
      const aws = assembleAws();
      await deployService(aws, HOME, { folder }, 'dev', parameters);
      const bus = aws.buses.find(`arn:aws:events:us-east-1:${ACCOUNT_A}:event-bus/default`);
      const names = [...aws.alarms.values()].map(({ AlarmName }) => AlarmName);
      return {
        rings: names.includes('poolbridge-dev-reconcile-overdue'),
        resets: aws.schedules.arns().length,
        runs: bus!.rules.has('poolbridge-dev-reconcile'),
      };
    };
    const off = await deployed({ ReconcileScheduleExpression: 'off' });
    assert.deepEqual(off, { rings: false, resets: 0, runs: false });
    const rarely = { ReconcileScheduleExpression: 'rate(30 days)', ReconcileOverdueHours: 'off' };
    assert.deepEqual(await deployed(rarely), { rings: false, resets: 0, runs: true });
    // CloudWatch evaluates at most seven days.
    await assert.rejects(deployed({ ReconcileOverdueHours: '169' }), /ReconcileOverdueHours/);
    await assert.rejects(deployed({ ReconcileScheduleExpression: '' }), /ScheduleExpression/);
  });

  test('is notified every day while reconcile is overdue, also after the first deployment', async () => {
    const account = '555555555555';
    const where = { account, region: 'us-east-1' };
    const { aws } = world.local;
    await deployService(aws, where, { folder: process.env['POOLBRIDGE_ARTIFACT']! });
    const arn = `arn:aws:cloudwatch:us-east-1:${account}:alarm:poolbridge-dev-reconcile-overdue`;
    const schedules = aws.schedules.arns().filter((each) => each.includes(`:${account}:`));
    const [reset = '', ...more] = schedules;
    assert.deepEqual(more, []);
    const overdue = { AlarmName: 'poolbridge-dev-reconcile-overdue', NewStateValue: 'ALARM' };
    const rung = async () =>
      (await notifications(where)).map((message) => {
        const { AlarmName, NewStateValue } = JSON.parse(message) as Record<string, string>;
        return { AlarmName, NewStateValue };
      });

    // Nothing has run yet, so the alarm goes off at once, before anyone has subscribed.
    await aws.alarms.evaluate(arn);
    assert.equal(aws.alarms.state(arn), 'ALARM');
    await subscribe(TOPIC.replace(ACCOUNT_A, account), where);
    await aws.alarms.evaluate(arn);
    assert.deepEqual(await rung(), [], 'an alarm that stays in ALARM notifies no one');
    await aws.schedules.run(reset);
    assert.deepEqual(await rung(), [overdue]);
    await aws.schedules.run(reset);
    assert.deepEqual(await rung(), [overdue]);

    // Neither a recheck of one identity pool ends it, nor a deployment that compares some, nor a report.
    const machine = aws.stateMachines.machine(
      `arn:aws:states:us-east-1:${account}:stateMachine:poolbridge-dev-reconcile`,
    );
    const { ReconcileIdentityPools: pooled } = machine.definition.States;
    const compared = { identityPoolId: pools.mobile, links: [], entries: [], counts: {} };
    Object.assign(pooled!, {
      ItemProcessor: {
        StartAt: 'Compared',
        States: { Compared: { Type: 'Pass', Result: compared, End: true } },
      },
    });
    const reconcile = async (input: object) => {
      const execution = aws.stateMachines.start(machine, randomUUID(), JSON.stringify(input));
      await execution.running?.ended;
      assert.equal(execution.status, 'SUCCEEDED', execution.cause);
    };
    const recheck = { identityPoolId: pools.mobile, waitUntil: new Date().toISOString() };
    await reconcile({ repair: true, ...recheck });
    await reconcile({ repair: false });
    await new Judged(world, where).keepAllBut(pools.mobile);
    await reconcile({ repair: true, changedOnly: true });
    await aws.alarms.evaluate(arn);
    assert.equal(aws.alarms.state(arn), 'ALARM');

    // A reconcile of all of them ends it, and a reset of an alarm in OK notifies no one.
    await reconcile({ repair: true });
    await until(async () => {
      await aws.alarms.evaluate(arn);
      return aws.alarms.state(arn) === 'OK';
    });
    await aws.schedules.run(reset);
    assert.equal(aws.alarms.state(arn), 'OK');
    assert.deepEqual(await rung(), []);

    // It starts again when none has succeeded for 50 hours.
    const printed = aws.logGroups.find(
      `arn:aws:logs:us-east-1:${account}:log-group:/aws/lambda/poolbridge-dev-ReportReconcile`,
    )!;
    printed.events = printed.events.map(({ message, stream }) => {
      return { message, stream, timestamp: Date.now() - 51 * 3_600_000 };
    });
    await aws.alarms.evaluate(arn);
    assert.deepEqual(await rung(), [overdue]);
  });

  test('can be a topic of your own, with alarmTopic', async () => {
    const where = { account: '444444444444', region: 'eu-west-1' };
    const { TopicArn } = (await sns('CreateTopic', { Name: 'ours' }, where)) as {
      TopicArn: string;
    };
    await subscribe(TopicArn, where);
    const folder = process.env['POOLBRIDGE_ARTIFACT'];
    const template = readTemplate(`${folder}/cloudformation-template-update-stack.json`);
    const stack = { ...where, name: 'poolbridge-dev', template };
    const { aws } = world.local;
    await assert.rejects(
      deployStack(aws, { ...stack, parameters: { AlarmTopicArn: 'ours' } }),
      /does not allow the value 'ours' for the parameter AlarmTopicArn/,
    );
    const parameters = { AlarmTopicArn: TopicArn };
    const outputs = await deployStack(aws, { ...stack, parameters });
    assert.equal(outputs['AlarmTopicArn'], TopicArn);
    assert.deepEqual(
      alarms(where.account).map(([, { AlarmActions }]) => AlarmActions),
      Array.from({ length: 9 }, () => [TopicArn]),
    );
    const made = TOPIC.replace(ACCOUNT_A, where.account).replace('us-east-1', where.region);
    await assert.rejects(sns('Publish', { TopicArn: made, Message: 'x' }, where), {
      name: 'NotFound',
    });
    const sfn = world.client(SFNClient, where);
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({
        stateMachineArn: outputs['LinkStateMachineArn'],
        input: '{}',
      }),
    );
    await sfn.send(new StopExecutionCommand({ executionArn }));
    assert.deepEqual(await notifications(where), [sentence(executionArn!, 'ABORTED', 'eu-west-1')]);
  });
});
