import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAllowed, type Principal, parsePolicy } from 'embedded-aws/kernel/iam.ts';

const ACCOUNT = '111111111111';
const policy = parsePolicy(
  JSON.parse(
    readFileSync(new URL('../../resources/deployer-policy.json', import.meta.url), 'utf8'),
  ),
);
const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/someone`;
const deployer: Principal = {
  kind: 'role',
  account: ACCOUNT,
  arn,
  role: {
    arn: `arn:aws:iam::${ACCOUNT}:role/deployer`,
    name: 'deployer',
    id: 'AROA',
    trust: { Version: '2012-10-17', Statement: [] },
    policies: [policy],
  },
  session: {
    accessKeyId: '',
    secretAccessKey: '',
    sessionToken: '',
    name: 'someone',
    tags: {},
    expiration: 0,
    created: 0,
  },
};
const may = (action: string, resource: string) =>
  isAllowed({ principal: deployer, action, resource });

type Properties = Record<string, unknown>;

/** A type of resource: the calls that create, update and delete it, and its ARN. */
type Sort = [actions: string, arn: (properties: Properties, logicalId: string) => string];

const regional =
  (service: string, kind: string, key: string) =>
  (properties: Properties): string =>
    `arn:aws:${service}:us-east-1:${ACCOUNT}:${kind}${properties[key]}`;
const bucket = () => 'arn:aws:s3:::poolbridge-dev-serverlessdeploymentbucket-a1b2c3d4e5f6';
const alarmTopic = () => `arn:aws:sns:us-east-1:${ACCOUNT}:poolbridge-dev-alarms`;
const queue = () => `arn:aws:sqs:us-east-1:${ACCOUNT}:poolbridge-dev-undelivered-events`;
// The name that CloudFormation makes for a resource without a name of its own.
const inPath =
  (kind: string) =>
  ({ Path = '/' }: Properties, id: string) =>
    `arn:aws:iam::${ACCOUNT}:${kind}${Path}poolbridge-dev-${id}-A1B2C3`;

/**
 * The calls that the resource schemas list under `handlers`, as far as our properties need them.
 *
 * @see https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schemas.html
 */
const sorts: Record<string, Sort> = {
  'AWS::IAM::Role': [
    'iam:CreateRole iam:GetRole iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy iam:AttachRolePolicy iam:DetachRolePolicy iam:ListRolePolicies iam:ListAttachedRolePolicies iam:UpdateAssumeRolePolicy iam:UpdateRole iam:TagRole iam:UntagRole iam:DeleteRole iam:PassRole',
    inPath('role'),
  ],
  'AWS::IAM::ManagedPolicy': [
    'iam:CreatePolicy iam:GetPolicy iam:GetPolicyVersion iam:ListPolicyVersions iam:CreatePolicyVersion iam:DeletePolicyVersion iam:ListEntitiesForPolicy iam:DeletePolicy',
    inPath('policy'),
  ],
  'AWS::Logs::LogGroup': [
    'logs:CreateLogGroup logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:TagResource logs:UntagResource logs:ListTagsForResource logs:DeleteLogGroup',
    regional('logs', 'log-group:', 'LogGroupName'),
  ],
  'AWS::Lambda::Function': [
    'lambda:CreateFunction lambda:GetFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:GetRuntimeManagementConfig lambda:GetFunctionCodeSigningConfig lambda:GetFunctionRecursionConfig lambda:TagResource lambda:UntagResource lambda:DeleteFunction',
    regional('lambda', 'function:', 'FunctionName'),
  ],
  'AWS::CloudWatch::Alarm': [
    'cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:TagResource cloudwatch:UntagResource cloudwatch:ListTagsForResource cloudwatch:DeleteAlarms',
    regional('cloudwatch', 'alarm:', 'AlarmName'),
  ],
  'AWS::CloudWatch::Dashboard': [
    'cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards',
    ({ DashboardName }) => `arn:aws:cloudwatch::${ACCOUNT}:dashboard/${DashboardName}`,
  ],
  'AWS::Events::Rule': [
    'events:PutRule events:DescribeRule events:PutTargets events:RemoveTargets events:ListTargetsByRule events:ListTagsForResource events:TagResource events:UntagResource events:DeleteRule',
    regional('events', 'rule/', 'Name'),
  ],
  'AWS::Events::EventBusPolicy': [
    'events:DescribeEventBus events:PutPermission events:RemovePermission',
    () => `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`,
  ],
  'AWS::StepFunctions::StateMachine': [
    'states:CreateStateMachine states:DescribeStateMachine states:UpdateStateMachine states:TagResource states:UntagResource states:ListTagsForResource states:DeleteStateMachine states:StartExecution',
    regional('states', 'stateMachine:', 'StateMachineName'),
  ],
  'AWS::S3::Bucket': [
    's3:CreateBucket s3:PutEncryptionConfiguration s3:PutBucketPublicAccessBlock s3:ListBucket s3:GetBucketLocation s3:ListBucketVersions s3:DeleteBucket',
    bucket,
  ],
  'AWS::S3::BucketPolicy': ['s3:GetBucketPolicy s3:PutBucketPolicy s3:DeleteBucketPolicy', bucket],
  'AWS::DynamoDB::Table': [
    'dynamodb:CreateTable dynamodb:DescribeTable dynamodb:UpdateTable dynamodb:UpdateTimeToLive dynamodb:DescribeTimeToLive dynamodb:UpdateContinuousBackups dynamodb:DescribeContinuousBackups dynamodb:TagResource dynamodb:ListTagsOfResource dynamodb:DeleteTable',
    regional('dynamodb', 'table/', 'TableName'),
  ],
  'AWS::Scheduler::Schedule': [
    'scheduler:CreateSchedule scheduler:GetSchedule scheduler:UpdateSchedule scheduler:DeleteSchedule',
    regional('scheduler', 'schedule/default/', 'Name'),
  ],
  'AWS::SNS::Topic': [
    'sns:CreateTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:ListSubscriptionsByTopic sns:TagResource sns:DeleteTopic',
    alarmTopic,
  ],
  'AWS::SNS::TopicPolicy': ['sns:SetTopicAttributes', alarmTopic],
  'AWS::SQS::Queue': [
    'sqs:CreateQueue sqs:GetQueueUrl sqs:GetQueueAttributes sqs:SetQueueAttributes sqs:ListQueueTags sqs:TagQueue sqs:DeleteQueue',
    queue,
  ],
  'AWS::SQS::QueuePolicy': ['sqs:SetQueueAttributes', queue],
};

/** The calls that deploy and remove the packaged service: each action and its resource. */
function needs(): [action: string, resource: string][] {
  const file = join(
    process.env['POOLBRIDGE_ARTIFACT'] ?? '',
    'cloudformation-template-update-stack.json',
  );
  const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: Properties }>;
  };
  const stack = `arn:aws:cloudformation:us-east-1:${ACCOUNT}:stack/poolbridge-dev/1`;
  const bystack = ['CreateStack', 'CreateChangeSet', 'ExecuteChangeSet', 'DeleteStack'];
  return [
    ...Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) => {
      const sort = sorts[Type];
      assert.ok(sort, `nothing is known of ${Type}`);
      const [actions, arnOf] = sort;
      return actions.split(' ').map((action): [string, string] => [action, arnOf(Properties, id)]);
    }),
    ...bystack.map((action): [string, string] => [`cloudformation:${action}`, stack]),
    ['cloudformation:ValidateTemplate', '*'],
    ['logs:DescribeLogGroups', '*'],
    ['s3:PutObject', `${bucket()}/serverless/poolbridge/dev/1/link.zip`],
  ];
}

test('the policy for deployers allows creating, updating and removing everything in the service', () => {
  assert.deepEqual(
    needs().filter(([action, resource]) => !may(action, resource)),
    [],
  );
});

test('the policy for deployers has no service or resource that is not needed', () => {
  const whole = policy.Statement;
  try {
    for (const [i, statement] of whole.entries()) {
      for (const key of ['Action', 'Resource'] as const) {
        for (const left of [statement[key] ?? []].flat()) {
          const rest = [statement[key] ?? []].flat().filter((each) => each !== left);
          policy.Statement = whole.with(i, { ...statement, [key]: rest });
          const missed = needs().some(([action, resource]) => !may(action, resource));
          assert.ok(missed, `${statement.Sid}: ${left}`);
        }
      }
    }
  } finally {
    policy.Statement = whole;
  }
});

test('the policy for deployers allows nothing else', () => {
  for (const [action, resource] of [
    ['iam:CreateRole', `arn:aws:iam::${ACCOUNT}:role/admin`],
    ['iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/service-role/other`],
    ['iam:CreateUser', `arn:aws:iam::${ACCOUNT}:user/poolbridge/x`],
    ['lambda:UpdateFunctionCode', `arn:aws:lambda:us-east-1:${ACCOUNT}:function:other`],
    ['states:StartExecution', `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:other`],
    ['events:PutEvents', `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`],
    ['cognito-idp:CreateUserPoolClient', `arn:aws:cognito-idp:us-east-1:${ACCOUNT}:userpool/x`],
    ['cloudformation:DeleteStack', `arn:aws:cloudformation:us-east-1:${ACCOUNT}:stack/other/1`],
    ['s3:DeleteBucket', 'arn:aws:s3:::other'],
    ['sts:AssumeRole', 'arn:aws:iam::222222222222:role/poolbridge-link'],
  ] as const) {
    assert.equal(may(action, resource), false, `${action} ${resource}`);
  }
});
