import { DeleteUserPoolClientCommand } from '@aws-sdk/client-cognito-identity-provider';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { saw } from '../outcome.ts';
import type { Observation, Probe } from '../probe.ts';
import type { World } from '../world.ts';
import { listen } from './listener.ts';
import { people } from './people.ts';
import { hasTrail } from './trails.ts';

const CLOUDTRAIL =
  'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html';
const CREATED = 'a new app client, at a rule';
const FORGED = 'an event in the name of AWS';

async function created(world: World): Promise<Observation> {
  if (!(await hasTrail(world))) {
    return { notTried: 'Account-A has no trail that is logging, so EventBridge gets no records.' };
  }
  const { userPool } = await people(world);
  const listener = await listen(world, {
    source: ['aws.cognito-idp'],
    detail: { eventName: ['CreateUserPoolClient'] },
  });
  const heard = await listener.hear(async () => {
    const ClientId = await world.appClient(userPool, { ClientName: 'heard' });
    await world.userPools.send(new DeleteUserPoolClientCommand({ UserPoolId: userPool, ClientId }));
  });
  if (!heard) return { seen: 'nothing' };
  const event = JSON.parse(heard.body);
  const seen = `${event['detail-type']} from ${event.detail?.eventSource}`;
  return saw(seen, heard.answer, heard.body);
}

export const delivery: Probe = {
  name: 'delivery',
  does: 'Makes app clients while a rule listens, and puts an event on the default bus in the name of AWS.',
  beliefs: [
    {
      about: CREATED,
      believed: 'AWS API Call via CloudTrail from cognito-idp.amazonaws.com',
      source: CLOUDTRAIL,
    },
    {
      about: FORGED,
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
      [CREATED]: await created(world),
      [FORGED]: saw(forged.Entries?.[0]?.ErrorCode ?? 'accepted', forged),
    };
  },
};

const TRANSFORMER =
  'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html';

/** What each placeholder of the template becomes. */
const placeholders = {
  'a field that is absent': { believed: '""', source: `${TRANSFORMER} (an empty string)` },
  'a text with a quotation mark': {
    believed: JSON.stringify('say "hi"'),
    source: `assumption: it is escaped, as the outcome must be JSON (${TRANSFORMER})`,
  },
  'an object': { believed: '{"a":[1,null]}', source: TRANSFORMER },
};

export const inputTransformer: Probe = {
  name: 'input-transformer',
  does: "Puts an event on Account-A's default bus, for a rule whose target has an input transformer like those of Poolbridge.",
  beliefs: Object.entries(placeholders).map(([about, { believed, source }]) => ({
    about,
    believed,
    source,
  })),
  async observe(world) {
    const source = 'poolbridge-contract';
    const listener = await listen(
      world,
      { source: [source] },
      {
        InputTransformer: {
          InputPathsMap: { absent: '$.detail.absent', text: '$.detail.text', object: '$.detail.o' },
          InputTemplate: '{"absent":"<absent>","text":"<text>","object":<object>}',
        },
      },
    );
    const Detail = JSON.stringify({ text: 'say "hi"', o: { a: [1, null] } });
    const Entries = [{ Source: source, DetailType: 'contract', Detail }];
    const heard = await listener.hear(() =>
      world.a.client(EventBridgeClient).send(new PutEventsCommand({ Entries })),
    );
    if (!heard) {
      const nothing = { seen: 'nothing is delivered' };
      return Object.fromEntries(Object.keys(placeholders).map((about) => [about, nothing]));
    }
    const { absent, text, object } = JSON.parse(heard.body);
    return {
      'a field that is absent': saw(JSON.stringify(absent), heard.answer, heard.body),
      'a text with a quotation mark': saw(JSON.stringify(text), heard.answer, heard.body),
      'an object': saw(JSON.stringify(object), heard.answer, heard.body),
    };
  },
};
