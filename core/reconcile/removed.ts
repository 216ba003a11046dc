import { parseArn } from '../arn.ts';
import { deployedMachine } from '../deployment.ts';
import { executionOf } from '../execution.ts';
import { entryKey } from '../identity-pool/identity-pool.ts';
import { isObject, isText, parsedJson } from '../shape.ts';
import { userPoolIdOf } from '../user-pool.ts';
import type { Finding } from './classify.ts';
import { fitting } from './report.ts';

/** An entry of ours that is gone without a request. */
export interface RemovedEntry {
  providerName: string;
  clientId: string;
  clientName?: string;
  /** The links that cover it, a hundred of them at most. */
  links: string[];
  /** Who wrote it last, of us. */
  linkedBy: { executionArn: string /** ISO 8601. */; time: string };
}

// Each is an event; a tool that empties a pool of 1,000 entries is told of as well by these.
const MOST_TOLD = 50;
const MOST_LINKS = 100;
// Of characters, so there is room for one entry at least: with the largest report a state holds them, and ten of these events together stay below
// the 256 KB of one PutEvents.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const ROOM = 40_000;

/** The entries that others have removed, as many as are told of one by one. */
export function removedEntries(findings: Finding[]): RemovedEntry[] {
  const all = findings.flatMap(({ provider, clientName, links, lost }): RemovedEntry[] => {
    if (!lost) return [];
    const { ProviderName = '', ClientId = '' } = provider;
    return [
      {
        providerName: ProviderName,
        clientId: ClientId,
        links: links.slice(0, MOST_LINKS),
        ...(clientName !== undefined && { clientName }),
        linkedBy: { executionArn: lost.execution, time: new Date(lost.time).toISOString() },
      },
    ];
  });
  return fitting(all.slice(0, MOST_TOLD), ROOM);
}

/** Who wrote an identity pool, as a record of CloudTrail says. */
interface Writer {
  /** ARN. */
  principalArn: string;
  /** ISO 8601. */
  time: string;
  eventId: string;
  userAgent?: string;
}

/** An update of an identity pool by somebody, as far as its record can be read. */
export interface PoolUpdate {
  /** In epoch milliseconds; of whole seconds. */
  time: number;
  by?: Writer;
  /** The keys of the entries that the pool has had since. */
  entries?: ReadonlySet<string>;
}

type Members = Record<string, unknown>;

// CloudTrail writes members in lower camel case, and some services as their API does.
const member = (of: unknown, name: string): unknown =>
  isObject(of) ? (of[name] ?? of[`${name.charAt(0).toUpperCase()}${name.slice(1)}`]) : undefined;

// What CloudTrail puts in place of what it hides.
const isMasked = (text: string): boolean => text.startsWith('HIDDEN_');

/** The key of an entry; undefined for what is none, or is hidden. */
function keyIn(item: unknown): string | undefined {
  const ProviderName = member(item, 'providerName') ?? '';
  const ClientId = member(item, 'clientId') ?? '';
  if (!isObject(item) || !isText(ProviderName) || !isText(ClientId)) return undefined;
  return [ProviderName, ClientId].some(isMasked) ? undefined : entryKey({ ProviderName, ClientId });
}

/**
 * The entries of a pool as a record shows it. CloudTrail cuts off what is larger than 100 KB, and does
 * not document how that looks: what does not look whole is not read.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
function entriesIn(pool: unknown, identityPoolId: string): ReadonlySet<string> | undefined {
  const isWhole =
    isObject(pool) &&
    member(pool, 'identityPoolId') === identityPoolId &&
    isText(member(pool, 'identityPoolName')) &&
    !Object.keys(pool).some((name) => /trunc|omit/i.test(name));
  if (!isWhole) return undefined;
  // An update that does not send the list empties it.
  const list = member(pool, 'cognitoIdentityProviders') ?? [];
  if (!Array.isArray(list)) return undefined;
  const keys = list.map(keyIn);
  return keys.includes(undefined) ? undefined : new Set(keys.filter(isText));
}

const isArn = (value: unknown): value is string =>
  isText(value) && /^arn:[\w+=,.@:/-]{1,2000}$/.test(value);

function writerIn(record: Members): Writer | undefined {
  const principalArn = member(record['userIdentity'], 'arn');
  const { eventTime, eventID: eventId, userAgent } = record;
  if (!isArn(principalArn) || !isText(eventTime) || !isText(eventId)) return undefined;
  return {
    principalArn,
    time: eventTime,
    eventId,
    ...(isText(userAgent) && { userAgent: userAgent.slice(0, 200) }),
  };
}

/**
 * Reads what LookupEvents shows of an UpdateIdentityPool.
 *
 * @param text the record as JSON, which anybody may have influenced who may call AWS there.
 * @returns undefined for one that failed, or was about another identity pool.
 */
export function poolUpdate(text: unknown, identityPoolId: string): PoolUpdate | undefined {
  const record = parsedJson(text);
  // It does not say which pool it is about: it may be this one.
  if (!isObject(record)) return { time: Number.NaN };
  const { requestParameters: asked, responseElements: answered, errorCode } = record;
  const pool = member(asked, 'identityPoolId') ?? member(answered, 'identityPoolId');
  if (errorCode !== undefined || (isText(pool) && pool !== identityPoolId)) return undefined;
  const by = writerIn(record);
  const entries = entriesIn(asked, identityPoolId) ?? entriesIn(answered, identityPoolId);
  return {
    time: Date.parse(String(record['eventTime'])),
    ...(by && { by }),
    ...(entries && { entries }),
  };
}

/** Where to look no further: the pool had the entry then, or it is unknown whether it had. */
const isEnd = ({ entries }: PoolUpdate, key: string): boolean => entries?.has(key) !== false;

/** Whether earlier updates say nothing more about an entry. */
export const isSettled = (entry: RemovedEntry, updates: PoolUpdate[]): boolean =>
  updates.some((update) => isEnd(update, entryKey(entry)));

// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
const HISTORY_DAYS = 90;
// Records are kept for 90 days by CloudTrail's clock, and the oldest may go while they are read.
const MARGIN_MS = 3_600_000;

/**
 * The moment back to which CloudTrail's event history is certain to be whole, in epoch milliseconds.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
 */
export const historyBegins = (now: number): number => now - HISTORY_DAYS * 86_400_000 + MARGIN_MS;

/** The updates of an identity pool, as far as they are known. */
export interface Updates {
  /** Newest first, up to now. */
  updates: PoolUpdate[];
  /** They are all updates since this moment, in epoch milliseconds; absent where they may not be all. */
  wholeSince?: number;
}

/**
 * The update that removed an entry: the first without it, of those since the last that had it. If no
 * update had the entry, the first one after the entry was written, where all since then are known.
 *
 * @returns undefined where that is not certain.
 */
export function removalOf(
  entry: RemovedEntry,
  { updates, wholeSince = Number.POSITIVE_INFINITY }: Updates,
): PoolUpdate | undefined {
  const end = updates.findIndex((update) => isEnd(update, entryKey(entry)));
  if (end >= 0) return updates[end]?.entries ? updates.slice(0, end).at(-1) : undefined;
  const linked = Date.parse(entry.linkedBy.time);
  return linked >= wholeSince ? updates.filter(({ time }) => time > linked).at(-1) : undefined;
}

/** What is known of an identity pool's updates, for the events that tell of its removed entries. */
export interface Looked extends Updates {
  /** Why CloudTrail could not be read, or not to the end. */
  hindered?: string;
}

/** The detail of the event EntryRemoved. */
export interface EntryRemoved extends RemovedEntry {
  /** The execution that found out. */
  executionArn: string;
  identityPoolId: string;
  removedBy?: Writer;
  message: string;
}

const isSessionOf = (roleArn: string, principalArn: string): boolean => {
  const { account, resource: path } = parseArn(roleArn);
  const role = path.split('/').at(-1);
  const { service, account: where, resource } = parseArn(principalArn);
  return service === 'sts' && where === account && resource.startsWith(`assumed-role/${role}/`);
};

const stageOf = (executionArn: string): string =>
  deployedMachine(executionOf(executionArn).machine)?.stage ?? 'STAGE';

/** Why the one who removed an entry can't be named. */
function reasonFor({ linkedBy }: RemovedEntry, { hindered, wholeSince }: Looked): string {
  if (hindered !== undefined) return hindered;
  if (wholeSince !== undefined && Date.parse(linkedBy.time) < wholeSince) {
    return `the event history of CloudTrail goes back ${HISTORY_DAYS} days and shows no moment at which the entry was still there, so the removal may be older; if a trail of that account keeps older records, look there for UpdateIdentityPool since ${linkedBy.time}`;
  }
  return 'the event history of CloudTrail does not show it, or not yet';
}

function messageOf(event: Omit<EntryRemoved, 'message'>, looked: Looked): string {
  const { executionArn, identityPoolId, providerName, clientId, removedBy } = event;
  const { partition } = executionOf(executionArn);
  const userPoolId = userPoolIdOf(providerName, partition) ?? providerName;
  const who = removedBy
    ? `${removedBy.principalArn} removed the app client ${clientId} of ${userPoolId} from the identity pool ${identityPoolId} at ${removedBy.time} (CloudTrail event ${removedBy.eventId}), and Poolbridge was not asked to.`
    : `The app client ${clientId} of ${userPoolId} was removed from the identity pool ${identityPoolId}, and Poolbridge was not asked to. Who did it is not known: ${reasonFor(event, looked)}.`;
  return `${who} If a tool owns that pool, have it leave the list of user pool clients alone, as docs/coexistence.md has it for each (ignore_changes and its like). Then link it again: npx poolbridge link --stage ${stageOf(executionArn)} --user-pool ${userPoolId} --client ${clientId}`;
}

/** What everyone is told of an entry that others removed. Poolbridge itself is never named. */
export function entryRemoved(
  entry: RemovedEntry,
  found: Pick<EntryRemoved, 'executionArn' | 'identityPoolId'>,
  { roleArn, looked }: { roleArn: string; looked: Looked },
): EntryRemoved {
  const { by } = removalOf(entry, looked) ?? {};
  const removedBy = by && !isSessionOf(roleArn, by.principalArn) ? by : undefined;
  const event = { ...found, ...entry, ...(removedBy && { removedBy }) };
  return { ...event, message: messageOf(event, looked) };
}
