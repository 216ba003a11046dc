import { setTimeout as sleep } from 'node:timers/promises';
import { CloudTrailClient, type Event, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CreateUserPoolClientCommand,
  DeleteUserPoolClientCommand,
  DeleteUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { ASSUMPTION, type NotTried, type Probe, type Seen } from '../probe.ts';
import type { World } from '../world.ts';

const REFERENCE =
  'https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html';
const HANDLERS =
  'public handlers of these records (AWS publishes no example): https://github.com/stepansib/cognito-api-calls-listener';

/**
 * Milliseconds before each look at the event history, which answers two a second.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
const LOOK_GAP = 600;

type Json = Record<string, unknown>;

interface Captured {
  requestId: string | undefined;
  record: Json;
}

/** The names of the parts of a record that hold a value. */
function partsWith(record: Json, value: string): string {
  const parts = ['requestParameters', 'responseElements'].filter((part) =>
    JSON.stringify(record[part] ?? null).includes(`"${value}"`),
  );
  return parts.join(' and ') || 'nowhere';
}

/** The records of calls of one operation that contain a text. */
async function recordsOf(world: World, name: string, needle: string, since: Date) {
  await sleep(LOOK_GAP, undefined, { signal: world.signal });
  const answer = await world.a.client(CloudTrailClient).send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: name }],
      StartTime: since,
    }),
  );
  const parsed = (answer.Events ?? []).map(
    ({ CloudTrailEvent = '{}' }: Event): Captured => ({
      requestId: answer.$metadata.requestId,
      record: JSON.parse(CloudTrailEvent),
    }),
  );
  return parsed.filter(({ record }) => JSON.stringify(record).includes(needle));
}

/** Makes and deletes app clients and their user pool, and returns what the records must show. */
async function act(world: World) {
  const since = new Date(Date.now() - 60_000);
  const userPool = await world.userPool();
  const clientName = `recorded-${userPool.split('_')[1]}`;
  const { UserPoolClient } = await world.userPools.send(
    new CreateUserPoolClientCommand({
      UserPoolId: userPool,
      ClientName: clientName,
      GenerateSecret: true,
    }),
  );
  const { ClientId = '', ClientSecret = '' } = UserPoolClient ?? {};
  await world.userPools.send(new DeleteUserPoolClientCommand({ UserPoolId: userPool, ClientId }));
  const staying = await world.appClient(userPool);
  await world.userPools.send(new DeleteUserPoolCommand({ UserPoolId: userPool }));
  return { since, userPool, clientName, clientId: ClientId, secret: ClientSecret, staying };
}

type Acted = Awaited<ReturnType<typeof act>>;

/** What distinguishes the record of each call from those of the run's other calls. */
const needlesOf = ({ userPool, clientName }: Acted): [string, string][] => [
  ['CreateUserPoolClient', clientName],
  ['DeleteUserPoolClient', userPool],
  ['DeleteUserPool', userPool],
];

function secretIn(record: Json, secret: string): string {
  const { responseElements } = record as { responseElements?: { userPoolClient?: Json } };
  if (JSON.stringify(record).includes(secret)) return 'in clear';
  return String(responseElements?.userPoolClient?.['clientSecret'] ?? 'absent');
}

type Look = (record: Json, acted: Acted) => string;

/** What is read in each record, and what is expected there. */
const looks: { about: string; of: string; believed: string; source: string; look: Look }[] = [
  {
    about: 'CreateUserPoolClient: the client id',
    of: 'CreateUserPoolClient',
    believed: 'responseElements',
    source: HANDLERS,
    look: (record, { clientId }) => partsWith(record, clientId),
  },
  {
    about: 'CreateUserPoolClient: the user pool id',
    of: 'CreateUserPoolClient',
    believed: 'requestParameters and responseElements',
    source: HANDLERS,
    look: (record, { userPool }) => partsWith(record, userPool),
  },
  {
    about: "CreateUserPoolClient: the client's name",
    of: 'CreateUserPoolClient',
    believed: 'requestParameters and responseElements',
    source: HANDLERS,
    look: (record, { clientName }) => partsWith(record, clientName),
  },
  {
    about: "CreateUserPoolClient: the client's secret",
    of: 'CreateUserPoolClient',
    believed: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    source: `${ASSUMPTION}: AWS masks other secrets so (${REFERENCE})`,
    look: (record, { secret }) => secretIn(record, secret),
  },
  {
    about: 'CreateUserPoolClient: the type of the record',
    of: 'CreateUserPoolClient',
    believed: 'AwsApiCall',
    source: REFERENCE,
    look: (record) => String(record['eventType']),
  },
  {
    about: 'DeleteUserPoolClient: the client id',
    of: 'DeleteUserPoolClient',
    believed: 'requestParameters',
    source: HANDLERS,
    look: (record, { clientId }) => partsWith(record, clientId),
  },
  {
    about: 'DeleteUserPool: the user pool id',
    of: 'DeleteUserPool',
    believed: 'requestParameters',
    source: `${ASSUMPTION}: from the API model`,
    look: (record, { userPool }) => partsWith(record, userPool),
  },
];

const CLIENTS_OF_POOL = 'the clients of a deleted user pool';

export const eventHistory: Probe = {
  name: 'event-history',
  does: "Makes and deletes app clients and their user pool, and reads the records in CloudTrail's event history, which has them after up to 15 minutes.",
  beliefs: [
    ...looks.map(({ about, believed, source }) => ({ about, believed, source })),
    {
      about: CLIENTS_OF_POOL,
      believed: 'no records of their own',
      source: `${ASSUMPTION}: CloudTrail records calls, and no one calls DeleteUserPoolClient`,
    },
  ],
  async observe(world) {
    const abouts = [...looks.map(({ about }) => about), CLIENTS_OF_POOL];
    if (world.records === 0) {
      const notTried = 'Records take up to 15 minutes: run it with --records.';
      return Object.fromEntries(abouts.map((about): [string, NotTried] => [about, { notTried }]));
    }
    const acted = await act(world);
    world.progress("Waiting for CloudTrail's event history, for up to 15 minutes.");
    const records = new Map<string, Captured>();
    await world.eventually(async () => {
      for (const [name, needle] of needlesOf(acted).filter(([wanted]) => !records.has(wanted))) {
        const [found] = await recordsOf(world, name, needle, acted.since);
        if (found) records.set(name, found);
      }
      return records.size === needlesOf(acted).length ? true : undefined;
    }, world.records);
    const seen: Record<string, Seen | NotTried> = {};
    for (const { about, of, look } of looks) {
      const captured = records.get(of);
      if (captured) {
        const { record, requestId } = captured;
        seen[about] = { seen: look(record, acted), requestId, detail: JSON.stringify(record) };
      } else seen[about] = { notTried: `The event history has no record of ${of} yet.` };
    }
    const last = records.get('DeleteUserPool');
    if (!last) seen[CLIENTS_OF_POOL] = { notTried: 'There is no record of DeleteUserPool yet.' };
    else {
      const deleted = await recordsOf(world, 'DeleteUserPoolClient', acted.userPool, acted.since);
      const own = deleted.find(({ record }) => JSON.stringify(record).includes(acted.staying));
      const answer = own ? 'a record of their own' : 'no records of their own';
      seen[CLIENTS_OF_POOL] = { seen: answer, requestId: last.requestId };
    }
    return seen;
  },
};
