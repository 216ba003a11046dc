import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { deployStack, type LocalAws, startAws } from '../../../index.ts';
import { parsePolicy } from '../../../kernel/iam.ts';

const ACCOUNT = '111111111111';
const REGION = 'eu-west-1';
const TOPIC = `arn:aws:sns:${REGION}:${ACCOUNT}:alarms`;
const QUEUE = `arn:aws:sqs:${REGION}:${ACCOUNT}:alarms`;
const MACHINE = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:nightly`;
const alarmArn = (name: string) => `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`;

const allowing = (Action: string, Resource: string, Service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service }, Action, Resource }],
});

const alarm = (AlarmName: string, MetricName: string) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName,
    Namespace: 'AWS/States',
    MetricName,
    Dimensions: [{ Name: 'StateMachineArn', Value: MACHINE }],
    Statistic: 'Sum',
    Period: 3600,
    EvaluationPeriods: 2,
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
    AlarmActions: [{ Ref: 'Topic' }],
  },
});

let local: LocalAws;
let sqs: SQSClient;
let sfn: SFNClient;
let queueUrl: string;

interface Caller {
  accessKeyId: string;
  sessionToken?: string;
}

/** Calls an operation in the AWS query protocol. */
async function ask(
  service: string,
  input: Record<string, string>,
  { accessKeyId, sessionToken }: Caller = { accessKeyId: ACCOUNT },
): Promise<string> {
  const scope = `${accessKeyId}/20260101/${REGION}/${service}/aws4_request`;
  const response = await fetch(local.endpoint, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}`,
      ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
    },
    body: new URLSearchParams({ Version: '2010-08-01', ...input }),
  });
  return `${response.status} ${await response.text()}`;
}

const setState = (AlarmName: string, StateValue: string, more: Record<string, string> = {}) => {
  const input = { Action: 'SetAlarmState', AlarmName, StateValue, StateReason: 'a test' };
  return ask('cloudwatch', { ...input, ...more });
};

before(async () => {
  local = await startAws({ trail: false });
  const config = {
    endpoint: local.endpoint,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'any' },
  };
  sqs = new SQSClient(config);
  sfn = new SFNClient(config);
  const Policy = JSON.stringify(allowing('sqs:SendMessage', QUEUE, 'sns.amazonaws.com'));
  const made = await sqs.send(
    new CreateQueueCommand({ QueueName: 'alarms', Attributes: { Policy } }),
  );
  queueUrl = made.QueueUrl ?? '';
  await deployStack(local.aws, {
    name: 'stack',
    account: ACCOUNT,
    region: REGION,
    template: {
      Resources: {
        Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'alarms' } },
        TopicPolicy: {
          Type: 'AWS::SNS::TopicPolicy',
          Properties: {
            Topics: [{ Ref: 'Topic' }],
            PolicyDocument: allowing('sns:Publish', TOPIC, 'cloudwatch.amazonaws.com'),
          },
        },
        Failures: alarm('failures', 'ExecutionsFailed'),
        Overdue: alarm('overdue', 'ExecutionsSucceeded'),
        Printed: {
          Type: 'AWS::CloudWatch::Alarm',
          Properties: {
            ...alarm('printed', 'Done').Properties,
            Namespace: 'Own',
            Dimensions: [
              { Name: 'service', Value: 'one' },
              { Name: 'stage', Value: 'dev' },
            ],
            Threshold: 3,
          },
        },
        Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/lambda/job' } },
        Rule: { Type: 'AWS::Events::Rule', Properties: { EventPattern: { source: ['a'] } } },
        Triggered: {
          Type: 'AWS::CloudWatch::Alarm',
          Properties: {
            AlarmName: 'triggered',
            Namespace: 'AWS/Events',
            MetricName: 'TriggeredRules',
            Dimensions: [{ Name: 'RuleName', Value: { Ref: 'Rule' } }],
            Statistic: 'Sum',
            Period: 300,
            EvaluationPeriods: 1,
            Threshold: 2,
            ComparisonOperator: 'GreaterThanOrEqualToThreshold',
            TreatMissingData: 'notBreaching',
            AlarmActions: [{ Ref: 'Topic' }],
          },
        },
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            AssumeRolePolicyDocument: allowing('sts:AssumeRole', '*', 'states.amazonaws.com'),
          },
        },
        Machine: {
          Type: 'AWS::StepFunctions::StateMachine',
          Properties: {
            StateMachineName: 'nightly',
            RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
            DefinitionString: '{"StartAt":"Do","States":{"Do":{"Type":"Pass","End":true}}}',
          },
        },
      },
    },
  });
  const subscription = { TopicArn: TOPIC, Protocol: 'sqs', Endpoint: QUEUE };
  assert.match(await ask('sns', { Action: 'Subscribe', ...subscription }), /^200 /);
});
after(() => local.close());

/** Receives and deletes the messages of the alarms' topic. */
async function notifications(): Promise<unknown[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
  );
  for (const { ReceiptHandle } of Messages) {
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
  }
  return Messages.map(({ Body = '' }) => JSON.parse(JSON.parse(Body).Message));
}

describe('SetAlarmState', () => {
  test('runs the alarm’s actions only when the state changes to ALARM', async () => {
    const changed = (OldStateValue: string) => ({
      AlarmName: 'failures',
      NewStateValue: 'ALARM',
      OldStateValue,
    });
    assert.equal(local.aws.alarms.state(alarmArn('failures')), 'INSUFFICIENT_DATA');
    assert.match(await setState('failures', 'ALARM'), /^200 /);
    assert.equal(local.aws.alarms.state(alarmArn('failures')), 'ALARM');
    assert.deepEqual(await notifications(), [changed('INSUFFICIENT_DATA')]);
    await setState('failures', 'ALARM');
    await setState('failures', 'OK');
    assert.deepEqual(await notifications(), []);
    await setState('failures', 'ALARM');
    assert.deepEqual(await notifications(), [changed('OK')]);
  });

  test('refuses an unknown alarm and invalid input', async () => {
    assert.match(await setState('unknown', 'OK'), /^4\d\d .*<Code>ResourceNotFound<\/Code>/);
    const invalid = /^400 .*<Code>ValidationException<\/Code>.*failed to satisfy constraint/;
    assert.match(await setState('failures', 'BROKEN'), invalid);
    assert.match(await setState('', 'OK'), invalid);
    assert.match(await setState('failures', 'OK', { StateReason: 'x'.repeat(1024) }), invalid);
  });

  test('requires the permission on the alarm', async () => {
    const Statement = [
      { Effect: 'Allow', Action: 'cloudwatch:SetAlarmState', Resource: alarmArn('overdue') },
    ];
    const role = local.aws.iam.putRole({
      arn: `arn:aws:iam::${ACCOUNT}:role/operator`,
      name: 'operator',
      trust: parsePolicy({ Statement: [] }),
      policies: [parsePolicy({ Statement })],
    });
    const { session } = local.aws.iam.openSession(role, { name: 'test', seconds: 900 });
    const input = { Action: 'SetAlarmState', StateValue: 'OK', StateReason: 'a test' };
    const answerFor = (AlarmName: string) => ask('cloudwatch', { ...input, AlarmName }, session);
    assert.match(await answerFor('failures'), /^4\d\d .*AccessDenied/);
    assert.match(await answerFor('overdue'), /^200 /);
    await notifications();
  });
});

test('an alarm on succeeded executions is evaluated and keeps no other state', async () => {
  const state = () => local.aws.alarms.state(alarmArn('overdue'));
  await setState('overdue', 'OK');
  assert.equal(state(), 'ALARM', 'no execution has succeeded');
  const start = new StartExecutionCommand({ stateMachineArn: MACHINE });
  const { executionArn } = await sfn.send(start);
  const describeIt = new DescribeExecutionCommand({ executionArn });
  while ((await sfn.send(describeIt)).status === 'RUNNING');
  await local.aws.alarms.evaluate(alarmArn('overdue'));
  assert.equal(state(), 'OK');
  await setState('overdue', 'ALARM');
  assert.equal(state(), 'OK');
});

test('an alarm on a rule counts the events that triggered the rule', async () => {
  const events = new EventBridgeClient({
    endpoint: local.endpoint,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'any' },
  });
  const states: string[] = [];
  for (const Source of ['a', 'b', 'a']) {
    const entry = { Source, DetailType: 'd', Detail: '{}' };
    await events.send(new PutEventsCommand({ Entries: [entry] }));
    await local.aws.alarms.evaluate(alarmArn('triggered'));
    states.push(local.aws.alarms.state(alarmArn('triggered')));
  }
  assert.deepEqual(states, ['OK', 'OK', 'ALARM']);
});

test('an alarm on a metric that functions print adds its values up, for its dimensions only', async () => {
  const arn = alarmArn('printed');
  const group = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/aws/lambda/job`;
  const print = (Dimensions: string[], values: object, Namespace = 'Own') => {
    const Metrics = [{ Name: 'Done', Unit: 'Count' }];
    const _aws = {
      Timestamp: 0,
      CloudWatchMetrics: [{ Namespace, Dimensions: [Dimensions], Metrics }],
    };
    local.aws.logGroups.write(group, 's', [JSON.stringify({ _aws, service: 'one', ...values })]);
  };
  const state = async () => {
    await local.aws.alarms.evaluate(arn);
    return local.aws.alarms.state(arn);
  };
  assert.equal(await state(), 'ALARM', 'nothing was printed');
  local.aws.logGroups.write(group, 's', ['{"CloudWatchMetrics"', 'any']);
  print(['service'], { Done: 9 });
  print(['service', 'stage'], { Done: 9, stage: 'prod' });
  print(['service', 'stage'], { Done: 9, stage: 'dev' }, 'Other');
  print(['service', 'stage'], { Done: 2, stage: 'dev' });
  assert.equal(await state(), 'ALARM');
  print(['service', 'stage'], { Done: [1], stage: 'dev' });
  assert.equal(await state(), 'OK');
});
