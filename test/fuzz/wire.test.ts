import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { StaticOperationSchema } from '@smithy/types';
import { deployStack, type LocalAws, startAws } from 'embedded-aws';
import fc from 'fast-check';
import { Inputs, type Likely } from './model.ts';

const ACCOUNT = '111111111111';
const HOME = { account: ACCOUNT, region: 'us-east-1' };

// For each service: its SDK client, which contains the model, and its name on the wire.
const services = new Map([
  ['cloudtrail', ['cloudtrail', 'CloudTrail_20131101']],
  ['cognito-identity', ['cognito-identity', 'AWSCognitoIdentityService']],
  ['cognito-idp', ['cognito-identity-provider', 'AWSCognitoIdentityProviderService']],
  ['dynamodb', ['dynamodb', 'DynamoDB_20120810']],
  ['events', ['eventbridge', 'AWSEvents']],
  ['logs', ['cloudwatch-logs', 'Logs_20140328']],
  ['sqs', ['sqs', 'AmazonSQS']],
  ['states', ['sfn', 'AWSStepFunctions']],
]);

const require = createRequire(import.meta.url);

function modelOf(service: string, operation: string): StaticOperationSchema {
  const [client] = services.get(service) ?? [];
  return require(`@aws-sdk/client-${client}`)[`${operation}$`];
}

// Left out: deletions would remove what other calls need, and a long poll is slow.
const left = [
  'DeleteUserPool',
  'DeleteIdentityPool',
  'DeleteQueue',
  'DeleteTable',
  'ReceiveMessage',
];

describe('the embedded AWS', () => {
  let local: LocalAws;
  let likely: Likely;

  before(async () => {
    local = await startAws({ trailDelay: [0, 0] });
    likely = await furnished();
  });
  after(() => local.close());

  async function ask(service: string, operation: string, input: unknown) {
    const Credential = `${ACCOUNT}/20260102/us-east-1/${service}/aws4_request`;
    const [, target] = services.get(service) ?? [];
    const response = await fetch(local.endpoint, {
      method: 'POST',
      body: JSON.stringify(input),
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${Credential}, SignedHeaders=host, Signature=x`,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${target}.${operation}`,
      },
    });
    return { status: response.status, text: await response.text() };
  }

  async function made(service: string, operation: string, input: object) {
    const { status, text } = await ask(service, operation, input);
    assert.equal(status, 200, text);
    return JSON.parse(text || '{}');
  }

  /** Creates one resource of each kind, and returns the names and ids. */
  async function furnished(): Promise<Likely> {
    const { UserPool } = await made('cognito-idp', 'CreateUserPool', { PoolName: 'pool' });
    const { UserPoolClient } = await made('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: UserPool.Id,
      ClientName: 'client',
      ExplicitAuthFlows: ['ALLOW_ADMIN_USER_PASSWORD_AUTH', 'ALLOW_USER_PASSWORD_AUTH'],
    });
    const user = { UserPoolId: UserPool.Id, Username: 'user' };
    await made('cognito-idp', 'AdminCreateUser', user);
    const Password = 'Passw0rd!x';
    await made('cognito-idp', 'AdminSetUserPassword', { ...user, Password, Permanent: true });
    const { IdentityPoolId } = await made('cognito-identity', 'CreateIdentityPool', {
      IdentityPoolName: 'pool',
      AllowUnauthenticatedIdentities: true,
    });
    const { IdentityId } = await made('cognito-identity', 'GetId', { IdentityPoolId });
    const { QueueUrl } = await made('sqs', 'CreateQueue', { QueueName: 'queue' });
    await made('events', 'PutRule', { Name: 'rule', EventPattern: '{"source":["a"]}' });
    await deployStack(local.aws, {
      ...HOME,
      name: 'stack',
      template: {
        Resources: {
          Role: {
            Type: 'AWS::IAM::Role',
            Properties: {
              RoleName: 'machine',
              AssumeRolePolicyDocument: {
                Version: '2012-10-17',
                Statement: [
                  {
                    Effect: 'Allow',
                    Principal: { Service: 'states.amazonaws.com' },
                    Action: 'sts:AssumeRole',
                  },
                ],
              },
            },
          },
          Table: {
            Type: 'AWS::DynamoDB::Table',
            Properties: {
              TableName: 'table',
              BillingMode: 'PAY_PER_REQUEST',
              AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
              KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
            },
          },
          Machine: {
            Type: 'AWS::StepFunctions::StateMachine',
            Properties: {
              StateMachineName: 'machine',
              StateMachineType: 'STANDARD',
              RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
              DefinitionString: JSON.stringify({
                StartAt: 'Pass',
                States: { Pass: { Type: 'Pass', End: true } },
              }),
            },
          },
        },
      },
    });
    const stateMachineArn = `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:machine`;
    const { executionArn } = await made('states', 'StartExecution', { stateMachineArn });
    const identityPoolArn = `arn:aws:cognito-identity:us-east-1:${ACCOUNT}:identitypool/${IdentityPoolId}`;
    return {
      UserPoolId: [UserPool.Id],
      ClientId: [UserPoolClient.ClientId],
      Username: ['user', 'other'],
      GroupName: ['group'],
      Password: [Password, 'short'],
      AuthFlow: ['USER_PASSWORD_AUTH', 'ADMIN_USER_PASSWORD_AUTH', 'REFRESH_TOKEN_AUTH'],
      'AuthParameters keys': ['USERNAME', 'PASSWORD', 'REFRESH_TOKEN'],
      AuthParameters: ['user', Password],
      IdentityPoolId: [IdentityPoolId],
      IdentityId: [IdentityId],
      ProviderName: [`cognito-idp.us-east-1.amazonaws.com/${UserPool.Id}`],
      IdentityProviderName: [`cognito-idp.us-east-1.amazonaws.com/${UserPool.Id}`],
      'Logins keys': [`cognito-idp.us-east-1.amazonaws.com/${UserPool.Id}`],
      ResourceArn: [UserPool.Arn, identityPoolArn],
      QueueUrl: [QueueUrl],
      QueueName: ['queue', 'other'],
      AttributeNames: ['All'],
      TableName: ['table'],
      'Key keys': ['pk'],
      'Item keys': ['pk'],
      Rule: ['rule'],
      EventBusName: ['default', 'bus'],
      EventPattern: ['{"source":["a"]}', '{"detail":{"a":[{"exists":true}]}}'],
      Event: ['{"id":"1","source":"a","detail":{"a":1}}'],
      Detail: ['{}', '{"a":[1]}'],
      stateMachineArn: [stateMachineArn],
      executionArn: [executionArn],
      input: ['{}', '[1]'],
      EventName: ['CreateUserPool'],
      NextToken: ['1', '9'],
      nextToken: ['1', '9'],
    };
  }

  test('answers any input of any operation with a result or an error of AWS, and never fails itself', async () => {
    const inputs = new Inputs(likely);
    const calls = [...local.aws.services].flatMap(([service, { operations }]) =>
      (services.has(service) ? Object.keys(operations) : [])
        .filter((operation) => !left.includes(operation))
        .map((operation) =>
          inputs.of(modelOf(service, operation)[4]).map((input) => ({ service, operation, input })),
        ),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(...calls), async ({ service, operation, input }) => {
        const { status, text } = await ask(service, operation, input);
        if (status === 200) return;
        assert.ok(status < 500 || status === 501, `${status} ${text}`);
        assert.match(JSON.parse(text).__type, /^[\w.#]+$/);
      }),
      { numRuns: 400 },
    );
  });
});
