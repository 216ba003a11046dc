import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import { type PolicyDocument, parsePolicy } from '../../kernel/iam.ts';
import type { MessageAttributes } from './queue.ts';

/** An error of the SQS model. */
export const sqsError = (name: string, message: string, status = 400): AwsError =>
  new AwsError(`com.amazonaws.sqs#${name}`, message, status);

/** An error that SQS answers although its model does not list it. */
const invalid = (message: string): never => {
  throw new AwsError('com.amazon.coral.service#InvalidParameterValueException', message);
};

export const missing = (parameter: string): never => {
  throw new AwsError(
    'com.amazon.coral.service#MissingRequiredParameterException',
    `The request must contain the parameter ${parameter}.`,
  );
};

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const ranges: Record<string, [number, number]> = {
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1024, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  VisibilityTimeout: [0, 43_200],
  KmsDataKeyReusePeriodSeconds: [60, 86_400],
};

const unsupported: Record<string, string> = {
  FifoQueue: 'FIFO queues',
  RedrivePolicy: 'redriving messages of a queue to another',
  RedriveAllowPolicy: 'redriving messages of a queue to another',
};

const invalidValue = (name: string): never => {
  throw sqsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
};

function policyOf(text: string): PolicyDocument | undefined {
  if (text === '') return undefined;
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof UnsupportedError) throw error;
    return invalidValue('Policy');
  }
}

function checkSetting(name: string, value: string): void {
  const range = Object.hasOwn(ranges, name) ? ranges[name] : undefined;
  if (Object.hasOwn(unsupported, name)) throw new UnsupportedError(unsupported[name] ?? name);
  if (range) {
    const [least, most] = range;
    if (!/^\d+$/.test(value) || Number(value) < least || Number(value) > most) invalidValue(name);
  } else if (name === 'SqsManagedSseEnabled') {
    if (!/^(true|false)$/.test(value)) invalidValue(name);
  } else if (name !== 'Policy' && name !== 'KmsMasterKeyId') {
    // The key is stored and returned, but has no effect.
    throw sqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
}

/**
 * Checks the attributes of a queue.
 *
 * @returns the policy among them, if any.
 * @throws AwsError InvalidAttributeName or InvalidAttributeValue.
 * @throws UnsupportedError for FIFO queues and redriving.
 */
export function checkSettings(settings: Record<string, string>): PolicyDocument | undefined {
  for (const [name, value] of Object.entries(settings)) checkSetting(name, value);
  return policyOf(settings['Policy'] ?? '');
}

/**
 * A number within bounds, or the default if it is absent.
 *
 * @throws AwsError if it is out of bounds.
 */
export function numberIn(
  input: Record<string, unknown>,
  name: string,
  [least, most]: [number, number],
  otherwise: number,
): number {
  const value = input[name] ?? otherwise;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  return invalid(
    `Value ${value} for parameter ${name} is invalid. Reason: ${
      name === 'MaxNumberOfMessages'
        ? `Must be between ${least} and ${most}`
        : `Must be >= ${least} and <= ${most}`
    }, if provided.`,
  );
}

function checkAttributes(attributes: MessageAttributes): void {
  if (Object.keys(attributes).length > 10) {
    invalid('Number of message attributes [11] exceeds the allowed maximum [10].');
  }
  for (const [name, { DataType = '', StringValue, BinaryValue }] of Object.entries(attributes)) {
    const kind = /^(String|Number|Binary)(\.|$)/.exec(DataType)?.[1];
    if (kind === undefined) {
      invalid(
        `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
      );
    }
    if (!(kind === 'Binary' ? BinaryValue : StringValue)) {
      invalid(
        `Message (user) attribute '${name}' must contain a non-empty value of type '${kind === 'Binary' ? 'Binary' : 'String'}'.`,
      );
    }
  }
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
const forbidden = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** Checks the body and the attributes of a message, and returns the body. */
export function checkMessage(body: unknown, attributes: MessageAttributes, most: number): string {
  if (typeof body !== 'string' || body === '') return missing('MessageBody');
  checkAttributes(attributes);
  if (forbidden.test(body)) {
    throw sqsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
  const attributeTexts = Object.entries(attributes).flatMap(([name, each]) => [
    name,
    ...Object.values(each).filter((value) => typeof value === 'string'),
  ]);
  if (Buffer.byteLength([body, ...attributeTexts].join('')) > most) {
    invalid(
      `One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`,
    );
  }
  return body;
}

export function checkQueueName(name: unknown): string {
  if (typeof name !== 'string') return missing('QueueName');
  if (name.endsWith('.fifo')) throw new UnsupportedError('FIFO queues');
  if (/^[\w-]{1,80}$/.test(name)) return name;
  return invalid(
    'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  );
}
