import {
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandOutput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { TARGET_ID } from '../kinds.ts';
import type { World } from '../world.ts';

/** A queue for the events that a rule of Account-A's default bus matches. */
export interface Listener {
  /** Provokes an event until one arrives: a new rule takes a while to match. */
  hear(provoke: () => Promise<unknown>): Promise<Heard | undefined>;
}

interface Heard {
  answer: ReceiveMessageCommandOutput;
  body: string;
}

/** Begins to listen for events that match a pattern, as the target transforms them. */
export async function listen(
  world: World,
  pattern: object,
  shape: Pick<Target, 'InputTransformer'> = {},
): Promise<Listener> {
  const sqs = world.a.client(SQSClient);
  const events = world.a.client(EventBridgeClient);
  const { partition, region, account } = world.a;
  let arn = '';
  const QueueUrl = await world.make(world.a, 'queue', async (QueueName) => {
    arn = `arn:${partition}:sqs:${region}:${account}:${QueueName}`;
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: arn,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const made = await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { Policy } }));
    return made.QueueUrl ?? '';
  });
  await world.make(world.a, 'rule', async (Name) => {
    await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }));
    const Targets = [{ ...shape, Id: TARGET_ID, Arn: arn }];
    await events.send(new PutTargetsCommand({ Rule: Name, Targets }));
    return Name;
  });
  const WaitTimeSeconds = world.pace < 500 ? 0 : 10;
  return {
    hear: (provoke) =>
      world.eventually(async () => {
        await provoke();
        const answer = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds }));
        const body = answer.Messages?.[0]?.Body;
        return body === undefined ? undefined : { answer, body };
      }),
  };
}
