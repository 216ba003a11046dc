import { DeleteUserPoolClientCommand } from '@aws-sdk/client-cognito-identity-provider';
import {
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { TARGET_ID } from '../kinds.ts';
import { saw } from '../outcome.ts';
import type { Observation, Probe } from '../probe.ts';
import type { World } from '../world.ts';
import { people } from './people.ts';
import { hasTrail } from './trails.ts';

const CLOUDTRAIL =
  'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html';
const ABOUT = 'a new app client, as a rule hears of it';

/** A queue that gets what a rule of Account-A's default bus matches. */
async function listen(world: World): Promise<{ url: string }> {
  const sqs = world.a.client(SQSClient);
  const events = world.a.client(EventBridgeClient);
  const { partition, region, account } = world.a;
  let arn = '';
  const url = await world.make(world.a, 'queue', async (QueueName) => {
    arn = `arn:${partition}:sqs:${region}:${account}:${QueueName}`;
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: arn,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const { QueueUrl = '' } = await sqs.send(
      new CreateQueueCommand({ QueueName, Attributes: { Policy } }),
    );
    return QueueUrl;
  });
  await world.make(world.a, 'rule', async (Name) => {
    const EventPattern = JSON.stringify({
      source: ['aws.cognito-idp'],
      detail: { eventName: ['CreateUserPoolClient'] },
    });
    await events.send(new PutRuleCommand({ Name, EventPattern }));
    const Targets = [{ Id: TARGET_ID, Arn: arn }];
    await events.send(new PutTargetsCommand({ Rule: Name, Targets }));
    return Name;
  });
  return { url };
}

async function heard(world: World): Promise<Observation> {
  if (!(await hasTrail(world))) {
    return { notTried: 'Account-A has no trail that is logging, so EventBridge gets no records.' };
  }
  const { url } = await listen(world);
  const { userPool } = await people(world);
  // A new rule takes a while to match: each look makes another client for it to match.
  const found = await world.eventually(async () => {
    const ClientId = await world.appClient(userPool, { ClientName: 'heard' });
    await world.userPools.send(new DeleteUserPoolClientCommand({ UserPoolId: userPool, ClientId }));
    const answer = await world.a
      .client(SQSClient)
      .send(
        new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: world.pace < 500 ? 0 : 20 }),
      );
    const body = answer.Messages?.[0]?.Body;
    return body === undefined ? undefined : { answer, body };
  });
  if (!found) return { seen: 'nothing' };
  const event = JSON.parse(found.body);
  const seen = `${event['detail-type']} from ${event.detail?.eventSource}`;
  return saw(seen, found.answer, found.body);
}

export const delivery: Probe = {
  name: 'delivery',
  does: 'Listens to the default bus with a rule and a queue, and puts an event on it in the name of AWS.',
  beliefs: [
    {
      about: ABOUT,
      believed: 'AWS API Call via CloudTrail from cognito-idp.amazonaws.com',
      source: CLOUDTRAIL,
    },
    {
      about: 'an event in the name of AWS',
      believed: 'NotAuthorizedForSourceException',
      source:
        'https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html',
    },
  ],
  async observe(world) {
    const forged = await world.a.client(EventBridgeClient).send(
      new PutEventsCommand({
        Entries: [{ Source: 'aws.cognito-idp', DetailType: 'contract', Detail: '{}' }],
      }),
    );
    return {
      [ABOUT]: await heard(world),
      'an event in the name of AWS': saw(forged.Entries?.[0]?.ErrorCode ?? 'accepted', forged),
    };
  },
};
