import { randomUUID } from 'node:crypto';
import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import { type PolicyDocument, type Principal, parsePolicy } from '../../kernel/iam.ts';
import type { Service } from '../../kernel/service.ts';
import { sendToQueue } from '../events/targets.ts';

type Place = Pick<Call, 'account' | 'region' | 'partition'>;

interface Topic {
  arn: string;
  policy?: PolicyDocument;
  /** The ARNs of the subscribed queues, by subscription ARN. */
  queues: Map<string, string>;
}

const arnOf = ({ partition, region, account }: Place, name: string): string =>
  `arn:${partition}:sns:${region}:${account}:${name}`;

// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const MOST_BYTES = 262_144;

const invalid = (message: string): never => {
  throw new AwsError('InvalidParameter', `Invalid parameter: ${message}`);
};

/**
 * The input with its supported members.
 *
 * @throws UnsupportedError for any other member.
 */
function known<Name extends string>({ input, operation }: Call, ...names: Name[]) {
  const odd = Object.keys(input).find((name) => !(names as string[]).includes(name));
  if (odd !== undefined) throw new UnsupportedError(`${odd} of sns:${operation}`);
  return input as Partial<Record<Name, string>>;
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
const notification = (TopicArn: string, MessageId: string, Message: string): string =>
  JSON.stringify({
    Type: 'Notification',
    MessageId,
    TopicArn,
    Message,
    Timestamp: new Date().toISOString(),
  });

function start(aws: Aws): Service {
  const topics = new Map<string, Topic>();

  function create(place: Place, name: string): Topic {
    if (name.endsWith('.fifo')) throw new UnsupportedError('FIFO topics');
    if (!/^[\w-]{1,256}$/.test(name)) invalid('Topic Name');
    const arn = arnOf(place, name);
    const topic = topics.get(arn) ?? { arn, queues: new Map() };
    topics.set(arn, topic);
    return topic;
  }

  function topicAt(arn: unknown): Topic {
    const topic = topics.get(String(arn));
    if (topic) return topic;
    throw new AwsError('NotFound', 'Topic does not exist', 404);
  }

  const onTopic = ({ input }: Call) => {
    const { arn, policy } = topicAt(input['TopicArn']);
    return { resource: arn, resourcePolicy: policy };
  };

  /** Sends to all queues. If a queue's policy does not allow it, the message is lost, as in AWS. */
  async function deliver({ arn, queues }: Topic, body: string): Promise<void> {
    const account = arn.split(':')[4] ?? '';
    const service: Principal = {
      kind: 'service',
      arn: 'sns.amazonaws.com',
      account,
      sourceArn: arn,
    };
    for (const queue of queues.values()) {
      await sendToQueue(aws, queue, service, body).catch((error) => {
        if (!(error instanceof AwsError)) throw error;
      });
    }
  }

  return {
    operations: {
      CreateTopic: {
        writes: true,
        judge: (call) => ({ resource: arnOf(call, String(call.input['Name'])) }),
        run: (call) => ({ TopicArn: create(call, known(call, 'Name').Name ?? '').arn }),
      },

      // https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
      Subscribe: {
        writes: true,
        judge: onTopic,
        run(call) {
          const {
            TopicArn,
            Protocol,
            Endpoint = '',
          } = known(
            call,
            ...(['TopicArn', 'Protocol', 'Endpoint', 'ReturnSubscriptionArn'] as const),
          );
          if (Protocol !== 'sqs') throw new UnsupportedError(`subscriptions by ${Protocol}`);
          const { arn, queues } = topicAt(TopicArn);
          if (!/^arn:[^:]+:sqs:/.test(Endpoint)) invalid('SQS endpoint ARN');
          const SubscriptionArn = `${arn}:${randomUUID()}`;
          queues.set(SubscriptionArn, Endpoint);
          return { SubscriptionArn };
        },
      },

      Publish: {
        judge: onTopic,
        async run(call) {
          const { TopicArn, Message = '' } = known(call, 'TopicArn', 'Message');
          if (Message === '') invalid('Empty message');
          if (Buffer.byteLength(Message) > MOST_BYTES) invalid('Message too long');
          const topic = topicAt(TopicArn);
          const MessageId = randomUUID();
          await deliver(topic, notification(topic.arn, MessageId, Message));
          return { MessageId };
        },
      },
    },

    resources: {
      'AWS::SNS::Topic': {
        properties: ['TopicName'],
        create({ TopicName }, place) {
          const { arn } = create(place, String(TopicName));
          return { ref: arn, attributes: { TopicArn: arn, TopicName: String(TopicName) } };
        },
      },

      'AWS::SNS::TopicPolicy': {
        properties: ['Topics', 'PolicyDocument'],
        create({ Topics, PolicyDocument }, { stack, logicalId }) {
          for (const arn of Topics as unknown[]) topicAt(arn).policy = parsePolicy(PolicyDocument);
          return { ref: `${stack}-${logicalId}` };
        },
      },
    },
  };
}

/** Amazon Simple Notification Service: standard topics with queues as subscribers. */
export const sns = {
  name: 'sns',
  start,
} as const satisfies ServiceDefinition;
