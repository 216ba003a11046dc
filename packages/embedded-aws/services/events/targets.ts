import { createHash } from 'node:crypto';
import type { Aws } from '../../kernel/aws.ts';
import { type Rule as Asked, enforce } from '../../kernel/constraints.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/iam.ts';
import type { MessageAttributes } from '../sqs/queue.ts';
import { checkInput, type InputShape, inputFor } from './input-transformer.ts';

/** An event, in the form that rules match and targets receive. */
export interface BusRecord {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: object;
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html */
export interface Target extends InputShape {
  Id: string;
  Arn: string;
  RoleArn?: string;
  DeadLetterConfig?: { Arn?: string };
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
}

/** The delivery of one event from a rule to a target. */
export interface Delivery {
  readonly event: BusRecord;
  readonly rule: { readonly arn: string; readonly name: string };
  readonly target: Target;
  /** The time when EventBridge received the event, in epoch milliseconds. */
  readonly ingested: number;
  /** Whether a rule on another bus forwarded the event. A forwarded event can't be forwarded again. */
  readonly forwarded: boolean;
  readonly retries: number;
}

interface Arn {
  service: string;
  region: string;
  account: string;
  resource: string;
}

export function parseArn(arn: string): Arn {
  const [, , service = '', region = '', account = '', ...rest] = arn.split(':');
  return { service, region, account, resource: rest.join(':') };
}

export const isoSeconds = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

type Kind = 'stateMachine' | 'function' | 'queue' | 'topic' | 'bus';

/** The kind of a target; undefined if it is not supported. */
function kindOf(arn: string): Kind | undefined {
  const { service, resource } = parseArn(arn);
  if (service === 'states' && resource.startsWith('stateMachine:')) return 'stateMachine';
  if (service === 'lambda' && resource.startsWith('function:')) return 'function';
  if (service === 'sqs' && !resource.endsWith('.fifo')) return 'queue';
  if (service === 'sns' && !resource.endsWith('.fifo')) return 'topic';
  return service === 'events' && resource.startsWith('event-bus/') ? 'bus' : undefined;
}

const refuse = (message: string): never => {
  throw new AwsError('ValidationException', message);
};

function checkRange(path: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  const bound =
    Number(value) < least
      ? `greater than or equal to ${least}`
      : Number(value) > most
        ? `less than or equal to ${most}`
        : undefined;
  if (bound === undefined) return;
  refuse(
    `1 validation error detected: Value '${value}' at '${path}' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

const understood = [
  ...['Id', 'Arn', 'RoleArn', 'Input', 'InputPath', 'InputTransformer', 'DeadLetterConfig'],
  'RetryPolicy',
];

function constraintsOf({ Id, Arn, RoleArn, Input, InputPath }: Target, path: string): Asked[] {
  return [
    [`${path}.id`, Id, { required: true, min: 1, max: 64, pattern: '[\\.\\-_A-Za-z0-9]+' }],
    [`${path}.arn`, Arn, { required: true, min: 1, max: 1600 }],
    [`${path}.roleArn`, RoleArn, { min: 1, max: 1600 }],
    [`${path}.input`, Input, { max: 8192 }],
    [`${path}.inputPath`, InputPath, { max: 256 }],
  ];
}

function checkDeadLetters(queue: string, region: string): void {
  const { service, resource, region: queueRegion } = parseArn(queue);
  if (service !== 'sqs') refuse(`${service} is not supported as a dead letter resource.`);
  if (resource.endsWith('.fifo')) refuse('SQS FIFO is not supported by Dead Letter Queues.');
  if (queueRegion !== region) refuse(`The dead-letter queue ${queue} is not in ${region}.`);
}

/**
 * Checks a target as PutTargets does, for a rule in the given Region.
 *
 * @throws AwsError ValidationException, and UnsupportedError for a kind that is not implemented.
 */
export function checkTarget(target: Target, index: number, region: string): void {
  const path = `targets.${index + 1}.member`;
  enforce(constraintsOf(target, path));
  const extra = Object.keys(target).find((name) => !understood.includes(name));
  if (extra !== undefined) throw new UnsupportedError(`${extra} of an EventBridge target`);
  const kind = kindOf(target.Arn);
  if (kind === undefined) throw new UnsupportedError(`the EventBridge target ${target.Arn}`);
  if (kind !== 'bus' && parseArn(target.Arn).region !== region) {
    refuse(`The target ${target.Arn} is not in ${region}.`);
  }
  const needsRole = kind === 'stateMachine' || kind === 'bus';
  if (needsRole && target.RoleArn === undefined) {
    refuse(`RoleArn is required for target ${target.Arn}.`);
  }
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age } =
    target.RetryPolicy ?? {};
  checkRange(`${path}.retryPolicy.maximumRetryAttempts`, attempts, 0, 185);
  checkRange(`${path}.retryPolicy.maximumEventAgeInSeconds`, age, 60, 86_400);
  if (target.DeadLetterConfig?.Arn !== undefined)
    checkDeadLetters(target.DeadLetterConfig.Arn, region);
  checkInput(target.Id, target);
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const SERVICE = 'events.amazonaws.com';

/** EventBridge as the principal for a rule: the policy of the target resource decides. */
export const onBehalfOf = (rule: { readonly arn: string }): Principal => ({
  kind: 'service',
  account: parseArn(rule.arn).account,
  arn: SERVICE,
  sourceArn: rule.arn,
});

function principalOf(aws: Aws, { rule, target }: Delivery): Principal {
  if (target.RoleArn === undefined) return onBehalfOf(rule);
  try {
    const session = digest(`${rule.arn}/${target.Id}`).slice(0, 32);
    return aws.iam.assumeByService(target.RoleArn, SERVICE, session, rule.arn);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError('FAILED_TO_ASSUME_ROLE', error.message);
  }
}

/**
 * The same name for every delivery of an event to a target, so that duplicates start one execution.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
function executionName({ event, rule, target }: Delivery): string {
  const hash = digest(`${rule.arn}/${target.Id}`);
  const shaped = [8, 12, 16, 20, 32].map((end, i) => hash.slice([0, 8, 12, 16, 20][i], end));
  return `${event.id}_${shaped.join('-')}`;
}

async function startExecution(
  aws: Aws,
  delivery: Delivery,
  principal: Principal,
  input: string,
): Promise<void> {
  const { Arn: stateMachineArn } = delivery.target;
  const { region } = parseArn(stateMachineArn);
  const asked = { stateMachineArn, input, name: executionName(delivery) };
  try {
    await aws.call({
      service: 'states',
      operation: 'StartExecution',
      input: asked,
      principal,
      region,
      userAgent: SERVICE,
    });
  } catch (error) {
    // An earlier delivery of the event started the execution.
    if (!(error instanceof AwsError) || error.code !== 'ExecutionAlreadyExists') throw error;
  }
}

/**
 * Sends a message to a queue in any account.
 *
 * @throws AwsError if the queue's policy does not allow it.
 */
export async function sendToQueue(
  aws: Aws,
  queueArn: string,
  principal: Principal,
  body: string,
  attributes: MessageAttributes = {},
): Promise<void> {
  const { account, region, resource } = parseArn(queueArn);
  const input = {
    QueueUrl: `${aws.endpoint}/${account}/${resource}`,
    MessageBody: body,
    MessageAttributes: attributes,
  };
  await aws.call({ service: 'sqs', operation: 'SendMessage', input, principal, region });
}

async function publish(
  aws: Aws,
  TopicArn: string,
  principal: Principal,
  Message: string,
): Promise<void> {
  const { region } = parseArn(TopicArn);
  const input = { TopicArn, Message };
  await aws.call({ service: 'sns', operation: 'Publish', input, principal, region });
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-eventbridge.html */
async function invoke(aws: Aws, Arn: string, principal: Principal, Payload: string): Promise<void> {
  const { region } = parseArn(Arn);
  const input = { FunctionName: Arn, InvocationType: 'Event', Payload };
  await aws.call({ service: 'lambda', operation: 'Invoke', input, principal, region });
}

/** Forwards an event to another bus. */
export type Forward = (delivery: Delivery, principal: Principal) => void;

/**
 * Makes one attempt to deliver an event.
 *
 * @throws AwsError the target's error, or one with an error code of EventBridge.
 */
export async function send(aws: Aws, delivery: Delivery, forward: Forward): Promise<void> {
  const { event, rule, target, ingested } = delivery;
  const principal = principalOf(aws, delivery);
  const kind = kindOf(target.Arn);
  if (kind === 'bus') return forward(delivery, principal);
  const input = inputFor(target, event, {
    ruleArn: rule.arn,
    ruleName: rule.name,
    ingestionTime: isoSeconds(ingested),
  });
  if (kind === 'queue') return sendToQueue(aws, target.Arn, principal, input);
  if (kind === 'topic') return publish(aws, target.Arn, principal, input);
  if (kind === 'function') return invoke(aws, target.Arn, principal, input);
  return startExecution(aws, delivery, principal, input);
}
