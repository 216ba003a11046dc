import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type LocalAws, startAws } from '../../../index.ts';

const OWNER = '111111111111';
const OTHER = '222222222222';
const ARN = `arn:aws:sqs:us-east-1:${OWNER}:q`;

function clientOf(local: LocalAws, accessKeyId = OWNER, region = 'us-east-1'): SQSClient {
  const credentials = { accessKeyId, secretAccessKey: 'x' };
  return new SQSClient({ endpoint: local.endpoint, region, credentials, maxAttempts: 1 });
}

/** An AWS with one queue, and an SQS client of its owner. */
async function withQueue(t: TestContext, Attributes: Record<string, string> = {}) {
  const local = await startAws({ trail: false });
  t.after(() => local.close());
  const sqs = clientOf(local);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q', Attributes }));
  assert.equal(QueueUrl, `${local.endpoint}/${OWNER}/q`);
  const send = (MessageBody: string) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const receive = async (more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...more }))).Messages ?? [];
  let asked = 0;
  const { aws } = local;
  const { call } = aws;
  aws.call = (request) => {
    if (request.operation === 'ReceiveMessage') asked += 1;
    return call.call(aws, request);
  };
  /** Starts a long poll, and returns when the server has received it. Does not depend on the clock. */
  const poll = async (WaitTimeSeconds: number): Promise<{ messages: Promise<Message[]> }> => {
    const before = asked;
    const messages = receive({ WaitTimeSeconds });
    while (asked === before) await setImmediate();
    return { messages };
  };
  return { local, sqs, QueueUrl, send, receive, poll };
}

/** Stops the clock. The network still works. */
function freeze(t: TestContext): void {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  t.after(() => mock.timers.reset());
}

test('a message is received unchanged, with the digests of its body and its attributes', async (t) => {
  const { sqs, QueueUrl, receive } = await withQueue(t);
  const MessageAttributes = {
    text: { DataType: 'String', StringValue: 'ä' },
    count: { DataType: 'Number.int', StringValue: '1' },
    bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 1, 255) },
  };
  const sent = await sqs.send(
    new SendMessageCommand({ QueueUrl, MessageBody: 'käse', MessageAttributes }),
  );
  // The SDK verifies the first digest. The second comes from another implementation of SQS.
  assert.equal(sent.MD5OfMessageBody, '479ce55152efba4b251e970f79a49312');
  assert.equal(sent.MD5OfMessageAttributes, 'bacd23c5e83acb3d66cdadda857ef5d6');
  const [message] = await receive({
    MessageAttributeNames: ['All'],
    MessageSystemAttributeNames: ['All'],
  });
  assert.equal(message?.Body, 'käse');
  assert.equal(message.MessageId, sent.MessageId);
  assert.deepEqual(message.MessageAttributes, MessageAttributes);
  assert.equal(message.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.equal(message.Attributes?.ApproximateReceiveCount, '1');
  assert.equal(message.Attributes?.SenderId, OWNER);
});

test('only requested attributes are returned', async (t) => {
  const { sqs, QueueUrl, receive } = await withQueue(t, { VisibilityTimeout: '0' });
  const value = { DataType: 'String', StringValue: 'v' };
  const MessageAttributes = { 'a.x': value, 'a.y': value, b: value };
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'm', MessageAttributes }));
  const names = async (MessageAttributeNames: string[]) => {
    const [message] = await receive({ MessageAttributeNames });
    return Object.keys(message?.MessageAttributes ?? {});
  };
  assert.deepEqual(await names([]), []);
  assert.deepEqual(await names(['b', 'nothing']), ['b']);
  assert.deepEqual(await names(['a.*']), ['a.x', 'a.y']);
});

test('a received message is hidden until its visibility timeout, which invalidates its receipt handle', async (t) => {
  const { sqs, QueueUrl, send, receive } = await withQueue(t, { VisibilityTimeout: '30' });
  await send('m');
  freeze(t);
  const [first] = await receive();
  assert.deepEqual(await receive(), []);
  mock.timers.tick(30_000);
  const [second] = await receive();
  assert.equal(second?.MessageId, first?.MessageId);
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
  mock.timers.tick(30_000);
  const [third] = await receive();
  assert.equal(third?.MessageId, first?.MessageId);
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: third?.ReceiptHandle }));
  mock.timers.tick(30_000);
  assert.deepEqual(await receive(), []);
});

test('the visibility of a message can be changed while it is in flight', async (t) => {
  const { sqs, QueueUrl, send, receive } = await withQueue(t);
  await send('m');
  const change = (message: Message | undefined, VisibilityTimeout: number) =>
    sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout,
      }),
    );
  const [first] = await receive();
  await change(first, 0);
  const [again] = await receive();
  assert.equal(again?.Body, 'm');
  await change(again, 0);
  await assert.rejects(change(again, 5), { name: 'MessageNotInflight' });
});

test('a long poll answers as soon as a message arrives', async (t) => {
  const { send, poll } = await withQueue(t);
  freeze(t);
  const { messages } = await poll(20);
  await send('late');
  assert.deepEqual(
    (await messages).map(({ Body }) => Body),
    ['late'],
  );
});

test('a long poll receives a delayed message when it is due, and ends empty without one', async (t) => {
  const { send, receive, poll } = await withQueue(t, { DelaySeconds: '7' });
  freeze(t);
  await send('due');
  assert.deepEqual(await receive(), []);
  const first = await poll(20);
  mock.timers.tick(7000);
  assert.equal((await first.messages)[0]?.Body, 'due');
  const second = await poll(5);
  mock.timers.tick(5000);
  assert.deepEqual(await second.messages, []);
});

test('a queue counts its messages, and deletes them after the retention period', async (t) => {
  const { sqs, QueueUrl, send, receive } = await withQueue(t, { MessageRetentionPeriod: '60' });
  for (const body of ['a', 'b', 'c']) await send(body);
  const counts = async () => {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    const { ApproximateNumberOfMessages: there, QueueArn } = Attributes ?? {};
    assert.equal(QueueArn, ARN);
    return [there, Attributes?.['ApproximateNumberOfMessagesNotVisible']];
  };
  freeze(t);
  assert.equal((await receive({ MaxNumberOfMessages: 2 })).length, 2);
  assert.deepEqual(await counts(), ['1', '2']);
  mock.timers.tick(61_000);
  assert.deepEqual(await counts(), ['0', '0']);
});

test('a queue can be purged once a minute', async (t) => {
  const { sqs, QueueUrl, send, receive } = await withQueue(t);
  await send('a');
  await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  assert.deepEqual(await receive(), []);
  await assert.rejects(sqs.send(new PurgeQueueCommand({ QueueUrl })), {
    name: 'PurgeQueueInProgress',
    message: 'Only one PurgeQueue operation on q is allowed every 60 seconds.',
  });
});

test('another account can do only what the policy of a queue allows', async (t) => {
  const { local, sqs, QueueUrl } = await withQueue(t);
  const other = clientOf(local, OTHER);
  const send = new SendMessageCommand({ QueueUrl, MessageBody: 'm' });
  await assert.rejects(other.send(send), { name: 'AccessDeniedException' });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: OTHER }, Action: 'sqs:SendMessage', Resource: ARN },
    ],
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await other.send(send);
  await assert.rejects(other.send(new ReceiveMessageCommand({ QueueUrl })), {
    name: 'AccessDeniedException',
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '' } }));
  await assert.rejects(other.send(send), { name: 'AccessDeniedException' });
});

test('creating an existing queue returns it, unless an attribute differs', async (t) => {
  const { sqs, QueueUrl } = await withQueue(t, { VisibilityTimeout: '5' });
  const again = (VisibilityTimeout: string) =>
    sqs.send(new CreateQueueCommand({ QueueName: 'q', Attributes: { VisibilityTimeout } }));
  assert.equal((await again('5')).QueueUrl, QueueUrl);
  await assert.rejects(again('6'), {
    name: 'QueueNameExists',
    message:
      'A queue already exists with the same name and a different value for attribute VisibilityTimeout',
  });
});

test('queues are found by name and prefix, only in their own account and Region', async (t) => {
  const { local, sqs, QueueUrl } = await withQueue(t);
  await sqs.send(new CreateQueueCommand({ QueueName: 'other' }));
  const found = await sqs.send(new GetQueueUrlCommand({ QueueName: 'q' }));
  assert.equal(found.QueueUrl, QueueUrl);
  const listed = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'o' }));
  assert.deepEqual(listed.QueueUrls, [`${local.endpoint}/${OWNER}/other`]);
  const elsewhere = clientOf(local, OWNER, 'eu-west-1');
  assert.deepEqual((await elsewhere.send(new ListQueuesCommand({}))).QueueUrls, []);
  await assert.rejects(elsewhere.send(new GetQueueUrlCommand({ QueueName: 'q' })), {
    name: 'QueueDoesNotExist',
  });
});

test('the name of a deleted queue can be used again after a minute', async (t) => {
  const { sqs, QueueUrl, send } = await withQueue(t);
  freeze(t);
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  await assert.rejects(send('m'), {
    name: 'QueueDoesNotExist',
    message: 'The specified queue does not exist.',
  });
  const create = () => sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  await assert.rejects(create(), { name: 'QueueDeletedRecently' });
  mock.timers.tick(60_000);
  assert.equal((await create()).QueueUrl, QueueUrl);
});

test('input that SQS refuses is refused with its message', async (t) => {
  const { sqs, QueueUrl, send, receive } = await withQueue(t, { MaximumMessageSize: '1024' });
  const set = (Attributes: Record<string, string>) =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  const withAttribute = (attribute: { DataType: string; StringValue?: string }) =>
    sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: 'm',
        MessageAttributes: { a: attribute },
      }),
    );
  const refused: [() => Promise<unknown>, RegExp][] = [
    [() => send(''), /The request must contain the parameter MessageBody\./],
    [() => send('x'.repeat(1025)), /Message must be shorter than 1024 bytes\./],
    [() => send('\u0001'), /Invalid characters found/],
    [
      () => withAttribute({ DataType: 'String', StringValue: '' }),
      /must contain a non-empty value/,
    ],
    [() => withAttribute({ DataType: 'Odd', StringValue: 'v' }), /supported type prefixes/],
    [() => receive({ MaxNumberOfMessages: 11 }), /Reason: Must be between 1 and 10, if provided\./],
    [() => receive({ WaitTimeSeconds: 21 }), /Reason: Must be >= 0 and <= 20, if provided\./],
    [
      () => set({ VisibilityTimeout: '43201' }),
      /Invalid value for the parameter VisibilityTimeout/,
    ],
    [() => set({ Policy: '{' }), /Invalid value for the parameter Policy/],
    [() => set({ Odd: '1' }), /Unknown Attribute Odd\./],
    [() => set({ RedrivePolicy: '{}' }), /does not support redriving/],
    [
      () => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'x' })),
      /The input receipt handle "x" is not a valid receipt handle\./,
    ],
    [() => sqs.send(new CreateQueueCommand({ QueueName: 'a b' })), /Can only include alphanumeric/],
    [
      () => sqs.send(new CreateQueueCommand({ QueueName: 'a.fifo' })),
      /does not support FIFO queues/,
    ],
  ];
  for (const [request, message] of refused) await assert.rejects(request(), { message });
});

test('CloudFormation creates a queue and its policy, and updates them', async (t) => {
  const { local, sqs } = await withQueue(t);
  const at = { account: OWNER, region: 'us-east-1', partition: 'aws', logicalId: 'Q', stack: 's' };
  const types = local.aws.services.get('sqs')?.resources ?? {};
  const make = (seconds: number) =>
    types['AWS::SQS::Queue']?.create(
      { QueueName: 'made', MessageRetentionPeriod: seconds, SqsManagedSseEnabled: true },
      at,
    );
  const made = await make(600);
  assert.equal(made?.ref, `${local.endpoint}/${OWNER}/made`);
  assert.equal(made.attributes?.['Arn'], `arn:aws:sqs:us-east-1:${OWNER}:made`);
  assert.equal(made.attributes?.['QueueName'], 'made');
  await make(1200);
  const PolicyDocument = { Version: '2012-10-17', Statement: [] };
  await types['AWS::SQS::QueuePolicy']?.create({ Queues: [made.ref], PolicyDocument }, at);
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: made.ref,
      AttributeNames: ['MessageRetentionPeriod', 'Policy'],
    }),
  );
  assert.deepEqual(Attributes, {
    MessageRetentionPeriod: '1200',
    Policy: JSON.stringify(PolicyDocument),
  });
});
