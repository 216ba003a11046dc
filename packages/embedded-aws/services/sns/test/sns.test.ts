import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startAws } from '../../../index.ts';

const OWNER = '111111111111';
const OTHER = '222222222222';
const TOPIC = `arn:aws:sns:us-east-1:${OWNER}:t`;
const QUEUE = `arn:aws:sqs:us-east-1:${OWNER}:q`;

/** An AWS with a topic, and a queue whose policy allows messages from the topic. */
async function withTopic(t: TestContext) {
  const local = await startAws({ trail: false });
  t.after(() => local.close());
  const ask = async (Action: string, input: Record<string, string>, account = OWNER) => {
    const response = await fetch(local.endpoint, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${account}/20260101/us-east-1/sns/aws4_request`,
      },
      body: new URLSearchParams({ Action, Version: '2010-03-31', ...input }),
    });
    return `${response.status} ${await response.text()}`;
  };
  const credentials = { accessKeyId: OWNER, secretAccessKey: 'any' };
  const sqs = new SQSClient({ endpoint: local.endpoint, region: 'us-east-1', credentials });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  const allow = (sourceArn: string) => {
    const Statement = {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Resource: QUEUE,
      Action: 'sqs:SendMessage',
      Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
    return sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  };
  await allow(TOPIC);
  const received = async () =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? [];
  assert.match(await ask('CreateTopic', { Name: 't' }), /^200 .*<TopicArn>arn:aws:sns:us-east-1:/);
  return { ask, allow, received };
}

const subscribe = { TopicArn: TOPIC, Protocol: 'sqs', Endpoint: QUEUE };

test('a topic sends its messages to the subscribed queues', async (t) => {
  const { ask, received } = await withTopic(t);
  assert.match(await ask('Subscribe', subscribe), /^200 .*<SubscriptionArn>arn:aws:sns:.*:t:/);
  const published = await ask('Publish', { TopicArn: TOPIC, Message: 'hello' });
  const [, id] = /^200 .*doc\/2010-03-31\/.*<MessageId>(.+)<\/MessageId>/.exec(published)!;
  const [message, ...more] = await received();
  assert.deepEqual(more, []);
  const { Timestamp, ...body } = JSON.parse(message!.Body!);
  assert.ok(Date.parse(Timestamp) > 0);
  assert.deepEqual(body, {
    Type: 'Notification',
    MessageId: id,
    TopicArn: TOPIC,
    Message: 'hello',
  });
});

test('a queue whose policy does not allow the topic gets no messages', async (t) => {
  const { ask, allow, received } = await withTopic(t);
  await ask('Subscribe', subscribe);
  await allow(`${TOPIC}-other`);
  assert.match(await ask('Publish', { TopicArn: TOPIC, Message: 'psst' }), /^200 /);
  assert.deepEqual(await received(), []);
});

const refused: [string, string, Record<string, string>, RegExp][] = [
  [
    'a topic that does not exist',
    'Publish',
    { TopicArn: `${TOPIC}x`, Message: 'x' },
    /404.*NotFound/,
  ],
  ['an empty message', 'Publish', { TopicArn: TOPIC }, /400.*InvalidParameter.*Empty message/],
  [
    'a message larger than 256 KB',
    'Publish',
    { TopicArn: TOPIC, Message: 'x'.repeat(262_145) },
    /400.*Message too long/,
  ],
  ['a subject', 'Publish', { TopicArn: TOPIC, Message: 'x', Subject: 'y' }, /501.*Subject/],
  ['a name with a space', 'CreateTopic', { Name: 'a b' }, /400.*InvalidParameter.*Topic Name/],
  ['a FIFO topic', 'CreateTopic', { Name: 'a.fifo' }, /501.*FIFO topics/],
  ['an email subscription', 'Subscribe', { ...subscribe, Protocol: 'email' }, /501.*email/],
];
for (const [what, operation, input, answer] of refused) {
  test(`${what} is refused`, async (t) => {
    const { ask } = await withTopic(t);
    assert.match(await ask(operation, input), answer);
  });
}

test('another account cannot publish to a topic unless its policy allows it', async (t) => {
  const { ask } = await withTopic(t);
  const asked = ask('Publish', { TopicArn: TOPIC, Message: 'x' }, OTHER);
  assert.match(await asked, /^400 .*AccessDenied/);
});
