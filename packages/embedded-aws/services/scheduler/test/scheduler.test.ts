import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembleAws } from '../../../index.ts';
import { deployStack } from '../../../kernel/cloudformation.ts';

const SET_STATE = 'arn:aws:scheduler:::aws-sdk:cloudwatch:setAlarmState';

/** Deploys an alarm, and a schedule that calls an operation on it with a role. */
async function deployed(Arn = SET_STATE, Service = 'scheduler.amazonaws.com') {
  const aws = assembleAws();
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { Service },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
    },
  ];
  const Allow = { Effect: 'Allow', Action: 'cloudwatch:*', Resource: '*' };
  const template = {
    Resources: {
      Alarm: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: { AlarmName: 'alarm', Namespace: 'Any', MetricName: 'Any', AlarmActions: [] },
      },
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: { Version: '2012-10-17', Statement },
          Policies: [
            { PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement: [Allow] } },
          ],
        },
      },
      Schedule: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          Name: 'daily',
          ScheduleExpression: 'rate(1 day)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: {
            Arn,
            RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
            Input: '{"AlarmName":"alarm","StateValue":"ALARM","StateReason":"a test"}',
          },
        },
      },
    },
  };
  const where = { name: 'stack', account: '111111111111', region: 'eu-west-1' };
  await deployStack(aws, { ...where, parameters: {}, template });
  const [schedule = ''] = aws.schedules.arns();
  const state = () => aws.alarms.state('arn:aws:cloudwatch:eu-west-1:111111111111:alarm:alarm');
  aws.schedules.stop();
  return { run: () => aws.schedules.run(schedule), state };
}

test('a schedule calls an operation of the AWS API with its role', async () => {
  const { run, state } = await deployed();
  assert.equal(state(), 'INSUFFICIENT_DATA');
  await run();
  assert.equal(state(), 'ALARM');
});

test('a schedule fails if its role does not trust EventBridge Scheduler', async () => {
  const { run, state } = await deployed(SET_STATE, 'events.amazonaws.com');
  await assert.rejects(run(), { name: 'AccessDeniedException' });
  assert.equal(state(), 'INSUFFICIENT_DATA');
});

test('a schedule cannot call an operation that only reads', async () => {
  const reading = SET_STATE.replace('setAlarmState', 'describeAlarms');
  await assert.rejects(deployed(reading), /describeAlarms is not supported/);
});
