/** A token bucket: how many requests pass at once, and how many are added a second. */
export interface Bucket {
  size: number;
  perSecond: number;
}

/** A request rate that AWS publishes, for each account in each Region. */
export interface RequestRate {
  service: string;
  /** AWS's name of it: of a category, or of the only operation that it limits. */
  name: string;
  /** The operations that share the bucket; `others` are all that no rate of the service names. */
  operations?: readonly string[] | 'others';
  /** Which calls of these operations count, if not all do. */
  counts?: (input: Record<string, unknown>) => boolean;
  bucket: Bucket;
  /** The Regions where the bucket is another. */
  regions?: Readonly<Record<string, Bucket>>;
  /** A second bucket, for each user pool and each operation by itself. */
  perUserPool?: Bucket;
  /** Where AWS publishes it. */
  page: string;
}

/**
 * AWS publishes no bucket size beside most rates. That the bucket then holds one second's worth is
 * an assumption.
 */
const each = (perSecond: number): Bucket => ({ size: perSecond, perSecond });

const stepFunctions = 'https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html';
const cognito = 'https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html';
const trail =
  'https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html';
const cloudWatchLogs =
  'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html';
const eventBridge = 'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html';
const iam = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html';
const functions = 'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html';

type Size = readonly [size: number, perSecond: number];

/** An operation of Step Functions, whose three largest Regions may have a bucket of their own. */
function states<const Name extends string>(name: Name, [size, perSecond]: Size, largest?: Size) {
  const large = largest && { size: largest[0], perSecond: largest[1] };
  return {
    service: 'states',
    name,
    bucket: { size, perSecond },
    regions: large ? { 'us-east-1': large, 'us-west-2': large, 'eu-west-1': large } : {},
    page: stepFunctions,
  } as const;
}

/** A category of user pool operations. */
function userPools<const Name extends string>(
  name: Name,
  perSecond: number,
  operations: readonly string[],
) {
  return {
    service: 'cognito-idp',
    name,
    operations,
    bucket: each(perSecond),
    page: cognito,
  } as const;
}

/** A category whose operations each have a bucket for each user pool, too. */
const resources = <const Name extends string>(
  name: Name,
  perSecond: number,
  operations: readonly string[],
) => ({ ...userPools(name, perSecond, operations), perUserPool: each(5) });

/** An operation of identity pools. AWS publishes the least: a Region may have more. */
const identityPools = <const Name extends string>(name: Name, perSecond: number) =>
  ({ service: 'cognito-identity', name, bucket: each(perSecond), page: cognito }) as const;

const cloudTrail = <const Name extends string>(name: Name, perSecond: number) =>
  ({ service: 'cloudtrail', name, bucket: each(perSecond), page: trail }) as const;

// A new password counts as account recovery, every other answer as authentication.
const challengeResponses = ['RespondToAuthChallenge', 'AdminRespondToAuthChallenge'] as const;

/**
 * Every request rate that AWS publishes for the operations here. Where it publishes none there is
 * none, above all for UpdateIdentityPool and DescribeIdentityPool. DynamoDB counts units for each partition
 * key (local/dynamodb/key-throughput.ts), SQS and SNS have rates far above what is asked for here, and Lambda limits invocations by their concurrency.
 */
export const requestRates = [
  states('StartExecution', [800, 150], [1300, 300]),
  states('StopExecution', [500, 25], [1000, 200]),
  states('DescribeExecution', [250, 10], [300, 15]),
  states('GetExecutionHistory', [400, 20]),
  states('ListExecutions', [100, 2], [200, 5]),
  states('SendTaskSuccess', [1500, 300], [3000, 500]),
  states('SendTaskFailure', [1500, 300], [3000, 500]),
  states('SendTaskHeartbeat', [1500, 300], [3000, 500]),
  states('RedriveExecution', [800, 150], [1300, 300]),
  states('DescribeStateMachine', [200, 20]),
  states('DescribeStateMachineForExecution', [200, 1]),
  states('ListStateMachines', [100, 5]),

  userPools('UserAuthentication', 120, [
    'InitiateAuth',
    'AdminInitiateAuth',
    'GetTokensFromRefreshToken',
  ]),
  // Three times UserAuthentication. Above that AWS counts an answer as UserAuthentication; here it
  // is refused.
  {
    ...userPools('challenge responses', 360, challengeResponses),
    counts: ({ ChallengeName }: Record<string, unknown>) =>
      ChallengeName !== 'NEW_PASSWORD_REQUIRED',
  },
  {
    ...userPools('UserAccountRecovery', 30, ['AdminSetUserPassword', ...challengeResponses]),
    counts: ({ ChallengeName }: Record<string, unknown>) =>
      ChallengeName === undefined || ChallengeName === 'NEW_PASSWORD_REQUIRED',
  },
  userPools('UserCreation', 50, ['SignUp', 'AdminCreateUser', 'AdminConfirmSignUp']),
  userPools('UserRead', 120, ['AdminGetUser', 'GetUser']),
  userPools('UserUpdate', 25, [
    'AdminAddUserToGroup',
    'AdminDeleteUser',
    'AdminDisableUser',
    'AdminEnableUser',
    'AdminRemoveUserFromGroup',
    'AdminUserGlobalSignOut',
    'GlobalSignOut',
  ]),
  userPools('UserToken', 120, ['RevokeToken']),
  userPools('UserList', 30, ['ListUsers', 'ListUsersInGroup']),
  userPools('UserPoolRead', 15, ['DescribeUserPool', 'ListUserPools']),
  userPools('UserPoolUpdate', 15, ['CreateUserPool', 'UpdateUserPool', 'DeleteUserPool']),
  resources('UserPoolResourceRead', 20, ['GetGroup', 'ListGroups', 'ListTagsForResource']),
  resources('UserPoolResourceUpdate', 15, ['CreateGroup', 'TagResource', 'UntagResource']),
  resources('UserPoolClientRead', 15, ['DescribeUserPoolClient', 'ListUserPoolClients']),
  resources('UserPoolClientUpdate', 15, [
    'CreateUserPoolClient',
    'UpdateUserPoolClient',
    'DeleteUserPoolClient',
  ]),

  identityPools('GetId', 25),
  identityPools('GetOpenIdToken', 200),
  identityPools('GetCredentialsForIdentity', 200),
  identityPools('TagResource', 5),
  identityPools('UntagResource', 5),
  identityPools('ListTagsForResource', 10),

  cloudTrail('LookupEvents', 2),
  cloudTrail('DescribeTrails', 10),
  cloudTrail('GetTrailStatus', 10),
  cloudTrail('GetEventSelectors', 10),

  {
    service: 'logs',
    name: 'FilterLogEvents',
    bucket: each(10),
    regions: {
      'us-east-1': each(25),
      'ap-northeast-3': each(5),
      'ap-southeast-3': each(5),
      'ca-west-1': each(5),
      'eu-central-1': each(5),
      'il-central-1': each(5),
    },
    page: cloudWatchLogs,
  },
  { service: 'logs', name: 'DescribeLogGroups', bucket: each(10), page: cloudWatchLogs },

  {
    service: 'events',
    name: 'PutEvents',
    bucket: each(400),
    regions: {
      'us-east-1': each(10_000),
      'us-east-2': each(2400),
      'us-west-1': each(1200),
      'us-west-2': each(10_000),
      'ap-east-1': each(600),
      'ap-northeast-1': each(1200),
      'ap-northeast-2': each(600),
      'ap-south-1': each(600),
      'ap-southeast-1': each(1200),
      'ap-southeast-2': each(1200),
      'ca-central-1': each(600),
      'eu-central-1': each(2400),
      'eu-north-1': each(600),
      'eu-south-2': each(2400),
      'eu-west-1': each(10_000),
      'eu-west-2': each(1200),
      'eu-west-3': each(600),
      'sa-east-1': each(600),
    },
    page: eventBridge,
  },
  {
    service: 'events',
    name: 'control plane',
    operations: 'others',
    bucket: each(50),
    page: eventBridge,
  },

  {
    service: 'sts',
    name: 'requests with AWS credentials',
    operations: ['AssumeRole', 'GetCallerIdentity'],
    bucket: each(600),
    page: iam,
  },

  { service: 'lambda', name: 'GetFunction', bucket: each(100), page: functions },
  // All of the control plane but GetFunction and GetPolicy.
  {
    service: 'lambda',
    name: 'control plane',
    operations: ['ListFunctions'],
    bucket: each(15),
    page: functions,
  },
] as const satisfies readonly RequestRate[];

type NameOf<Rate> = Rate extends {
  service: infer Service extends string;
  name: infer Name extends string;
}
  ? Service | `${Service}:${Name}`
  : never;

/** Names one rate, or all rates of a service: `states:DescribeExecution`, `cognito-idp`. */
export type RateName = NameOf<(typeof requestRates)[number]>;
