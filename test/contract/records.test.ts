import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  DeleteUserPoolClientCommand,
  DeleteUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Environment, environment, eventually, real } from './environment.ts';

const region = process.env['AWS_REGION'] ?? 'us-east-1';
const NAME = `poolbridge-contract-${Date.now()}`;

describe('what EventBridge hears of user pools', () => {
  let env: Environment;
  let QueueUrl: string;

  after(() => env.close());
  before(async () => {
    env = await environment();
    const { Account } = await env.caller();
    const sqs = env.client(SQSClient);
    const events = env.client(EventBridgeClient);
    const Arn = `arn:aws:sqs:${region}:${Account}:${NAME}`;
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: Arn,
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    const queue = await sqs.send(
      new CreateQueueCommand({ QueueName: NAME, Attributes: { Policy } }),
    );
    QueueUrl = queue.QueueUrl!;
    env.undo(() => sqs.send(new DeleteQueueCommand({ QueueUrl })));
    const EventPattern = JSON.stringify({
      source: ['aws.cognito-idp'],
      detail: { eventName: ['CreateUserPoolClient', 'DeleteUserPoolClient', 'DeleteUserPool'] },
    });
    await events.send(new PutRuleCommand({ Name: NAME, EventPattern }));
    await events.send(new PutTargetsCommand({ Rule: NAME, Targets: [{ Id: 'queue', Arn }] }));
    env.undo(async () => {
      await events.send(new RemoveTargetsCommand({ Rule: NAME, Ids: ['queue'] }));
      await events.send(new DeleteRuleCommand({ Name: NAME }));
    });
  });

  const heard = new Map<string, Record<string, unknown>>();
  /** The record of one kind of call about one user pool. */
  const recordOf = (eventName: string, userPoolId: string) =>
    eventually(async () => {
      const sqs = env.client(SQSClient);
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          WaitTimeSeconds: real ? 20 : 0,
          MaxNumberOfMessages: 10,
        }),
      );
      for (const { Body = '{}', ReceiptHandle } of Messages) {
        const { detail } = JSON.parse(Body);
        heard.set(`${detail.eventName} ${detail.requestParameters.userPoolId}`, detail);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
      return heard.get(`${eventName} ${userPoolId}`);
    });

  test('a new app client is told with its ids and its name, and without its secret', async (t) => {
    const UserPoolId = await env.userPool();
    const { UserPoolClient } = await env
      .client(CognitoIdentityProviderClient)
      .send(
        new CreateUserPoolClientCommand({ UserPoolId, ClientName: 'web', GenerateSecret: true }),
      );
    const record = await recordOf('CreateUserPoolClient', UserPoolId);
    if (real) t.diagnostic(JSON.stringify(record));
    const { userPoolClient: told } = record['responseElements'] as {
      userPoolClient: Record<string, unknown>;
    };
    assert.equal(told['userPoolId'], UserPoolId);
    assert.equal(told['clientId'], UserPoolClient!.ClientId);
    assert.equal(told['clientName'], 'web');
    assert.ok(!JSON.stringify(record).includes(UserPoolClient!.ClientSecret!));
    assert.equal(record['eventType'], 'AwsApiCall');
    assert.equal(record['eventSource'], 'cognito-idp.amazonaws.com');
    assert.ok(!('errorCode' in record));
  });

  test('a deleted app client is told with its ids', async (t) => {
    const UserPoolId = await env.userPool();
    const ClientId = await env.appClient(UserPoolId);
    await env
      .client(CognitoIdentityProviderClient)
      .send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId }));
    const record = await recordOf('DeleteUserPoolClient', UserPoolId);
    if (real) t.diagnostic(JSON.stringify(record));
    assert.deepEqual(record['requestParameters'], { userPoolId: UserPoolId, clientId: ClientId });
    assert.equal(record['responseElements'], null);
  });

  test('a deleted user pool is told once, and its clients are not', async (t) => {
    const UserPoolId = await env.userPool();
    await env.appClient(UserPoolId);
    await env.client(CognitoIdentityProviderClient).send(new DeleteUserPoolCommand({ UserPoolId }));
    const record = await recordOf('DeleteUserPool', UserPoolId);
    if (real) t.diagnostic(JSON.stringify(record));
    assert.deepEqual(record['requestParameters'], { userPoolId: UserPoolId });
    assert.ok(!heard.has(`DeleteUserPoolClient ${UserPoolId}`));
  });

  test('nobody else may speak for AWS', async () => {
    const { Entries } = await env.client(EventBridgeClient).send(
      new PutEventsCommand({
        Entries: [{ Source: 'aws.cognito-idp', DetailType: 'x', Detail: '{}' }],
      }),
    );
    assert.equal(Entries![0]!.ErrorCode, 'NotAuthorizedForSourceException');
  });
});
