import { createHash } from 'node:crypto';
import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call, Judged } from '../../kernel/call.ts';
import { UnsupportedError } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/iam.ts';
import type { Service } from '../../kernel/service.ts';
import {
  checkMessage,
  checkQueueName,
  checkSettings,
  missing,
  numberIn,
  sqsError,
} from './input.ts';
import { type Message, type MessageAttributes, md5, md5OfAttributes, Queue } from './queue.ts';

type Place = Pick<Call, 'account' | 'region' | 'partition'>;

const arnOf = ({ partition, region, account }: Place, name: string): string =>
  `arn:${partition}:sqs:${region}:${account}:${name}`;

const senderOf = (principal: Principal | undefined): string =>
  principal?.kind === 'role'
    ? `${principal.role.id}:${principal.session.name}`
    : (principal?.account ?? '');

const withoutAbsent = (settings: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );

/** The requested attributes: `All`, a name, or a prefix followed by `.*`. */
function asked<Value>(all: Record<string, Value>, names: unknown): Record<string, Value> {
  const wanted = Array.isArray(names) ? names.map(String) : [];
  const isWanted = (name: string) =>
    wanted.some(
      (each) =>
        each === 'All' ||
        each === name ||
        (each.endsWith('.*') && name.startsWith(each.slice(0, -1))) ||
        each === '.*',
    );
  return Object.fromEntries(Object.entries(all).filter(([name]) => isWanted(name)));
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Message.html */
function shown(message: Message, input: Record<string, unknown>): object {
  const attributes = asked(message.attributes, input['MessageAttributeNames']);
  const system = asked(
    {
      SenderId: message.sender,
      SentTimestamp: String(message.sent),
      ApproximateReceiveCount: String(message.receives),
      ApproximateFirstReceiveTimestamp: String(message.firstReceived),
    },
    [input['MessageSystemAttributeNames'], input['AttributeNames']].flat(),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    MD5OfBody: md5(message.body),
    Body: message.body,
    ...(Object.keys(system).length > 0 && { Attributes: system }),
    ...(Object.keys(attributes).length > 0 && {
      MD5OfMessageAttributes: md5OfAttributes(attributes),
      MessageAttributes: attributes,
    }),
  };
}

const unsupported = ['MessageSystemAttributes', 'MessageDeduplicationId', 'MessageGroupId'];

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
const MINUTE = 60_000;

function start(aws: Aws): Service {
  const queues = new Map<string, Queue>();
  const deleted = new Map<string, number>();

  const urlOf = ({ account, name }: Queue): string => `${aws.endpoint}/${account}/${name}`;

  function queueAt(url: unknown, place: Place): Queue {
    const [, account = '', name = ''] = /\/(\d{12})\/([\w-]+)$/.exec(String(url ?? '')) ?? [];
    const queue = queues.get(arnOf({ ...place, account }, name));
    if (queue) return queue;
    throw sqsError('QueueDoesNotExist', 'The specified queue does not exist.');
  }

  const queueOf = (call: Call): Queue =>
    queueAt(call.input['QueueUrl'] ?? missing('QueueUrl'), call);

  const onQueue = (call: Call): Judged => {
    const { arn, policy } = queueOf(call);
    return { resource: arn, resourcePolicy: policy };
  };

  function create(place: Place, name: string, settings: Record<string, string>): Queue {
    const arn = arnOf(place, name);
    const policy = checkSettings(settings);
    const queue = new Queue(arn);
    queue.configure(settings, policy);
    queues.set(arn, queue);
    return queue;
  }

  function differing(queue: Queue, settings: Record<string, string>): string | undefined {
    return Object.keys(settings).find((name) => queue.setting(name) !== settings[name]);
  }

  return {
    refuseAbsent: ([member = '']) => missing(member.charAt(0).toUpperCase() + member.slice(1)),

    operations: {
      CreateQueue: {
        writes: true,
        judge: (call) => ({ resource: arnOf(call, String(call.input['QueueName'])) }),
        run(call) {
          const { QueueName, Attributes = {}, tags } = call.input;
          const name = checkQueueName(QueueName);
          if (tags !== undefined) throw new UnsupportedError('tags on queues');
          const settings = withoutAbsent(Attributes as Record<string, unknown>);
          const arn = arnOf(call, name);
          const known = queues.get(arn);
          const differs = known && differing(known, settings);
          if (differs) {
            throw sqsError(
              'QueueNameExists',
              `A queue already exists with the same name and a different value for attribute ${differs}`,
            );
          }
          if (Date.now() - (deleted.get(arn) ?? 0) < MINUTE) {
            throw sqsError(
              'QueueDeletedRecently',
              'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
            );
          }
          return { QueueUrl: urlOf(known ?? create(call, name, settings)) };
        },
      },

      DeleteQueue: {
        writes: true,
        judge: onQueue,
        run(call) {
          const { arn } = queueOf(call);
          queues.delete(arn);
          deleted.set(arn, Date.now());
        },
      },

      GetQueueUrl: {
        judge(call) {
          const { QueueName, QueueOwnerAWSAccountId = call.account } = call.input;
          const arn = arnOf(
            { ...call, account: String(QueueOwnerAWSAccountId) },
            String(QueueName),
          );
          return { resource: arn, resourcePolicy: queues.get(arn)?.policy };
        },
        run(call) {
          const { QueueName, QueueOwnerAWSAccountId = call.account } = call.input;
          return { QueueUrl: urlOf(queueAt(`/${QueueOwnerAWSAccountId}/${QueueName}`, call)) };
        },
      },

      // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html
      ListQueues: {
        run(call) {
          const { QueueNamePrefix = '', MaxResults = 1000, NextToken = 0 } = call.input;
          const here = arnOf(call, String(QueueNamePrefix));
          const found = [...queues.values()].filter(({ arn }) => arn.startsWith(here));
          const end = Number(NextToken) + Number(MaxResults);
          return {
            QueueUrls: found.slice(Number(NextToken), end).map(urlOf),
            ...(end < found.length && { NextToken: String(end) }),
          };
        },
      },

      GetQueueAttributes: {
        judge: onQueue,
        run(call) {
          return { Attributes: asked(queueOf(call).attributes(), call.input['AttributeNames']) };
        },
      },

      SetQueueAttributes: {
        writes: true,
        judge: onQueue,
        run(call) {
          const settings = withoutAbsent(call.input['Attributes'] as Record<string, unknown>);
          queueOf(call).configure(settings, checkSettings(settings));
        },
      },

      SendMessage: {
        judge: onQueue,
        run(call) {
          const { MessageBody, MessageAttributes = {}, ...rest } = call.input;
          const extra = unsupported.find((name) => rest[name] !== undefined);
          if (extra !== undefined) throw new UnsupportedError(`${extra} of a message`);
          const queue = queueOf(call);
          const attributes = MessageAttributes as MessageAttributes;
          const body = checkMessage(MessageBody, attributes, queue.seconds('MaximumMessageSize'));
          const delay = numberIn(rest, 'DelaySeconds', [0, 900], queue.seconds('DelaySeconds'));
          const { id } = queue.send({ body, attributes, sender: senderOf(call.principal) }, delay);
          return {
            MessageId: id,
            MD5OfMessageBody: md5(body),
            MD5OfMessageAttributes: md5OfAttributes(attributes),
          };
        },
      },

      // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
      ReceiveMessage: {
        judge: onQueue,
        async run(call) {
          const { input } = call;
          const queue = queueOf(call);
          const [most, visibility, wait] = [
            numberIn(input, 'MaxNumberOfMessages', [1, 10], 1),
            numberIn(input, 'VisibilityTimeout', [0, 43_200], queue.seconds('VisibilityTimeout')),
            numberIn(
              input,
              'WaitTimeSeconds',
              [0, 20],
              queue.seconds('ReceiveMessageWaitTimeSeconds'),
            ),
          ];
          const messages = await queue.receive(most, visibility, wait);
          return messages.length > 0
            ? { Messages: messages.map((each) => shown(each, input)) }
            : {};
        },
      },

      DeleteMessage: {
        judge: onQueue,
        run(call) {
          queueOf(call).delete(receiptOf(call));
        },
      },

      ChangeMessageVisibility: {
        judge: onQueue,
        run(call) {
          const queue = queueOf(call);
          const receipt = receiptOf(call);
          if (call.input['VisibilityTimeout'] === undefined) missing('VisibilityTimeout');
          const seconds = numberIn(call.input, 'VisibilityTimeout', [0, 43_200], 0);
          const message = queue.held(receipt);
          if (!message || message.visibleAt <= Date.now()) {
            throw sqsError('MessageNotInflight', `The message referred to isn't in flight.`);
          }
          queue.hide(message, seconds);
        },
      },

      PurgeQueue: {
        writes: true,
        judge: onQueue,
        run(call) {
          const queue = queueOf(call);
          if (Date.now() - queue.purged < MINUTE) {
            throw sqsError(
              'PurgeQueueInProgress',
              `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
              403,
            );
          }
          queue.purge();
        },
      },
    },

    resources: {
      'AWS::SQS::Queue': {
        properties: [
          ...['QueueName', 'MessageRetentionPeriod', 'SqsManagedSseEnabled', 'KmsMasterKeyId'],
          'VisibilityTimeout',
        ],
        create({ QueueName, ...properties }, { stack, logicalId, ...place }) {
          const suffix = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex');
          const name = checkQueueName(
            QueueName ?? `${stack}-${logicalId}-${suffix.slice(0, 12)}`.slice(-80),
          );
          const settings = withoutAbsent(properties);
          const known = queues.get(arnOf(place, name));
          known?.configure(settings, checkSettings(settings));
          const { arn } = known ?? create(place, name, settings);
          const url = `${aws.endpoint}/${place.account}/${name}`;
          return { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } };
        },
      },

      'AWS::SQS::QueuePolicy': {
        properties: ['Queues', 'PolicyDocument'],
        create({ Queues, PolicyDocument }, { stack, logicalId, ...place }) {
          const settings = { Policy: JSON.stringify(PolicyDocument) };
          for (const url of Queues as unknown[]) {
            queueAt(url, place).configure(settings, checkSettings(settings));
          }
          return { ref: `${stack}-${logicalId}` };
        },
      },
    },
  };
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html */
function receiptOf({ input }: Call): string {
  const { ReceiptHandle } = input;
  if (typeof ReceiptHandle !== 'string') return missing('ReceiptHandle');
  const decoded = Buffer.from(ReceiptHandle, 'base64').toString();
  if (/^[0-9a-f-]{36} [0-9a-f-]{36}$/.test(decoded)) return ReceiptHandle;
  throw sqsError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${ReceiptHandle}" is not a valid receipt handle.`,
    404,
  );
}

/** Amazon Simple Queue Service: standard queues. */
export const sqs = {
  name: 'sqs',
  json: {
    targets: ['AmazonSQS'],
    client: '@aws-sdk/client-sqs',
  },
  start,
} as const satisfies ServiceDefinition;
