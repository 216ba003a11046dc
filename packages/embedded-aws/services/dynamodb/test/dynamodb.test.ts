import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type LocalAws, startAws } from '../../../index.ts';
import { deployStack } from '../../../kernel/cloudformation.ts';

describe('a table', () => {
  let local: LocalAws;
  let dynamodb: DynamoDBClient;
  const home = { account: '111111111111', region: 'us-east-1' };
  const clientOf = ({ account, region }: typeof home) =>
    new DynamoDBClient({
      endpoint: local.endpoint,
      region,
      credentials: { accessKeyId: account, secretAccessKey: 'any' },
    });

  before(async () => {
    local = await startAws();
    dynamodb = clientOf(home);
    await deployStack(local.aws, {
      ...home,
      name: 'tables',
      template: {
        Resources: {
          Leases: {
            Type: 'AWS::DynamoDB::Table',
            Properties: {
              TableName: 'leases',
              BillingMode: 'PAY_PER_REQUEST',
              AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
              KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
            },
          },
        },
      },
    });
  });
  after(() => local.close());

  test('stores items, and writes only if the condition holds', async () => {
    const put = (owner: string) =>
      dynamodb.send(
        new PutItemCommand({
          TableName: 'leases',
          Item: { id: { S: 'pool' }, owner: { S: owner } },
          ConditionExpression: 'attribute_not_exists(id)',
        }),
      );
    await put('first');
    await assert.rejects(put('second'), { name: 'ConditionalCheckFailedException' });
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: 'leases',
        Key: { id: { S: 'pool' } },
        UpdateExpression: 'SET #o = :new',
        ConditionExpression: '#o = :old',
        ExpressionAttributeNames: { '#o': 'owner' },
        ExpressionAttributeValues: { ':old': { S: 'first' }, ':new': { S: 'third' } },
      }),
    );
    const { Item } = await dynamodb.send(
      new GetItemCommand({ TableName: 'leases', Key: { id: { S: 'pool' } }, ConsistentRead: true }),
    );
    assert.deepEqual(Item, { id: { S: 'pool' }, owner: { S: 'third' } });
  });

  test('refuses an item larger than 400 KB, when it is put and when it grows', async () => {
    const id = { S: 'long' };
    const put = (S: string) =>
      dynamodb.send(new PutItemCommand({ TableName: 'leases', Item: { id, body: { S } } }));
    const mostBytes = 400 * 1024 - 'idlongbody'.length;
    await put('é'.repeat(mostBytes / 2));
    await assert.rejects(put('é'.repeat(mostBytes / 2 + 1)), { name: 'ValidationException' });
    await put('x'.repeat(mostBytes));
    const grow = new UpdateItemCommand({
      TableName: 'leases',
      Key: { id },
      UpdateExpression: 'SET more = :more',
      ExpressionAttributeValues: { ':more': { S: 'x' } },
    });
    await assert.rejects(dynamodb.send(grow), { name: 'ValidationException' });
  });

  test('allows 1,000 write units and 3,000 read units per second for one partition key', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const { aws } = local;
    const principal = aws.iam.principalOf(home.account);
    const call = (operation: string, input: object) =>
      aws.call({
        service: 'dynamodb',
        operation,
        region: home.region,
        principal,
        input: { TableName: 'leases', ...input },
      });
    const put = (id: string) =>
      call('PutItem', { Item: { id: { S: id }, body: { S: 'x'.repeat(390 * 1024) } } });
    const get = (id: string) => call('GetItem', { Key: { id: { S: id } }, ConsistentRead: true });
    const throttled = { name: 'ThrottlingException' };
    // Each call consumes 391 write units or 98 read units.
    for (let i = 0; i < 3; i++) await put('hot');
    await assert.rejects(put('hot'), throttled);
    await put('another');
    for (let i = 0; i < 31; i++) await get('hot');
    await assert.rejects(get('hot'), throttled);
    await get('another');
    t.mock.timers.tick(1000);
    await put('hot');
    await get('hot');
  });

  test('exists only in its own account and Region', async () => {
    for (const elsewhere of [
      { ...home, account: '222222222222' },
      { ...home, region: 'eu-west-1' },
    ]) {
      const get = new GetItemCommand({ TableName: 'leases', Key: { id: { S: 'pool' } } });
      await assert.rejects(clientOf(elsewhere).send(get), { name: 'ResourceNotFoundException' });
    }
  });
});
