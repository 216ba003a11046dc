import { mock, type TestContext } from 'node:test';
import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import { type LocalAws, startAws } from '../../../index.ts';
import type { Call } from '../../../kernel/call.ts';
import { AwsError } from '../../../kernel/errors.ts';
import { parsePolicy } from '../../../kernel/iam.ts';

export const HOME = '111111111111';
export const AWAY = '222222222222';
export const REGION = 'us-east-1';
export const MACHINE = `arn:aws:states:${REGION}:${HOME}:stateMachine:link`;
export const ROLE = `arn:aws:iam::${HOME}:role/start`;
export const RULE = `arn:aws:events:${REGION}:${HOME}:rule/r`;

export const queueArn = (name: string, account = HOME): string =>
  `arn:aws:sqs:${REGION}:${account}:${name}`;

interface Started {
  stateMachineArn: string;
  name: string;
  input: string;
}

/** Replaces Step Functions with a fake StartExecution, which throws the given errors in order. */
export function fakeStates({ aws }: LocalAws) {
  const started: Started[] = [];
  const errors: unknown[] = [];
  let attempts = 0;
  aws.services.set('states', {
    operations: {
      StartExecution: {
        judge: ({ input }) => ({ resource: String(input['stateMachineArn']) }),
        run({ input }: Call) {
          attempts += 1;
          const execution = input as unknown as Started;
          const error = errors.shift();
          if (error) throw error;
          if (started.some(({ name }) => name === execution.name)) {
            throw new AwsError(
              'ExecutionAlreadyExists',
              `Execution Already Exists: '${execution.name}'`,
            );
          }
          started.push(execution);
          return { executionArn: `${execution.stateMachineArn}:${execution.name}` };
        },
      },
    },
  });
  return { started, errors, attempts: () => attempts };
}

export const trusting = (service: string) =>
  parsePolicy({
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });

export const allowing = (Action: string, Resource: string) =>
  parsePolicy({ Statement: [{ Effect: 'Allow', Action, Resource }] });

export function clientOf(local: LocalAws, account = HOME, region = REGION): EventBridgeClient {
  const credentials = { accessKeyId: account, secretAccessKey: 'x' };
  return new EventBridgeClient({ endpoint: local.endpoint, region, credentials, maxAttempts: 1 });
}

/** An AWS with a role for EventBridge, a fake Step Functions and a rule `r` for the source `app`. */
export async function world(t: TestContext, ...targets: Partial<Target>[]) {
  const local = await startAws({ trail: false });
  t.after(() => local.close());
  const { aws } = local;
  const states = fakeStates(local);
  const role = { name: 'start', trust: trusting('events.amazonaws.com') };
  aws.iam.putRole({ ...role, arn: ROLE, policies: [allowing('states:StartExecution', MACHINE)] });
  const events = clientOf(local);
  await events.send(new PutRuleCommand({ Name: 'r', EventPattern: '{"source":["app"]}' }));
  const Targets = targets.map((target, i) => ({
    Id: `t${i}`,
    Arn: MACHINE,
    ...((target.Arn ?? MACHINE) === MACHINE && { RoleArn: ROLE }),
    ...target,
  }));
  if (Targets.length > 0) await events.send(new PutTargetsCommand({ Rule: 'r', Targets }));
  return { local, aws, events, ...states };
}

export type World = Awaited<ReturnType<typeof world>>;

const call = (w: World, service: string, operation: string, input: object, account = HOME) => {
  const principal = { kind: 'root', account, arn: `arn:aws:iam::${account}:root` } as const;
  const asked = { service, operation, input: { ...input }, principal, region: REGION };
  return w.aws.call(asked) as Promise<Record<string, unknown>>;
};

/** Creates a queue whose policy allows messages from rules with a matching ARN. */
export async function queue(
  w: World,
  name: string,
  rules = 'arn:aws:events:*:*:rule/*',
  account = HOME,
): Promise<string> {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArn(name, account),
    Condition: { ArnLike: { 'aws:SourceArn': rules } },
  };
  const Attributes = { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) };
  await call(w, 'sqs', 'CreateQueue', { QueueName: name, Attributes }, account);
  return queueArn(name, account);
}

interface Letter {
  body: string;
  attributes: Record<string, string>;
}

/** Receives the messages of a queue. */
export async function letters(w: World, name: string, account = HOME): Promise<Letter[]> {
  const { Messages = [] } = (await call(
    w,
    'sqs',
    'ReceiveMessage',
    {
      QueueUrl: `/${account}/${name}`,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    },
    account,
  )) as {
    Messages?: { Body: string; MessageAttributes?: Record<string, { StringValue: string }> }[];
  };
  return Messages.map(({ Body, MessageAttributes = {} }) => ({
    body: Body,
    attributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([key, { StringValue }]) => [key, StringValue]),
    ),
  }));
}

/** Puts an event with the source `app`, and waits for its deliveries. */
export async function put(
  w: World,
  detail: object = {},
  more: Partial<PutEventsRequestEntry> = {},
) {
  const entry = { Source: 'app', DetailType: 'Asked', Detail: JSON.stringify(detail), ...more };
  const { Entries = [] } = await w.events.send(new PutEventsCommand({ Entries: [entry] }));
  await w.aws.buses.settled();
  return Entries[0]?.EventId ?? '';
}

/** Stops the clock: only `mock.timers.tick` advances it. */
export function freeze(t: TestContext): void {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  t.after(() => mock.timers.reset());
}
