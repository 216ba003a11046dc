import { parseArn } from '../arn.ts';
import { commandFor } from '../command-line.ts';
import { executionOf } from '../execution.ts';
import { entriesOf, entryKey, type IdentityPool } from '../identity-pool/identity-pool.ts';
import { moment } from '../moment.ts';
import { sessionNameOf } from '../session-name.ts';
import type { TrailCaller } from '../trail-record.ts';
import { userPoolIdOf } from '../user-pool.ts';
import { refusalOf } from '../write/batch.ts';
import type { LedgerEntry, Refused } from '../write/records.ts';
import type { Finding, Removal } from './classify.ts';
import { fitting } from './pool-report.ts';
import type { PoolUpdate } from './pool-update.ts';
import type { Restore } from './restore.ts';

/** The log message of the entries that others removed. */
export const REMOVED = 'entries were removed';

/** An entry of ours that was removed without a request. */
export interface RemovedEntry {
  providerName: string;
  clientId: string;
  clientName?: string;
  /** The links that cover it, at most a hundred. */
  links: string[];
  /** The execution of ours that wrote it last. */
  linkedBy: { executionArn: string /** ISO 8601. */; time: string };
  removedBy?: TrailCaller;
  /** Whether the execution has linked it again. */
  restored?: true;
  /** Whether it was restored too often, so that it is left to a person. */
  braked?: true;
  /** Whether a repair links it again, and this execution did not. */
  repair?: 'link';
  /** Why a repair was refused, or would be, by the error's name. */
  refused?: string;
}

// Each is one event. If a tool empties a pool of 1,000 entries, these events say enough.
const MOST_TOLD = 50;
const MOST_LINKS = 100;
// In characters. Beside the largest report, a state has room for these entries, and ten of their events stay below
// the 256 KB of one PutEvents.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const ROOM = 40_000;

/**
 * Findings with what an execution has restored, in an earlier attempt too: then the entry is there again.
 *
 * @param made the restores of the execution that were written.
 */
export function withRestored(findings: Finding[], made: Restore[]): Finding[] {
  const byKey = new Map(made.map((restore) => [entryKey(restore), restore]));
  return findings.map((finding): Finding => {
    const restore = byKey.get(entryKey(finding.provider));
    if (!restore) return finding;
    const { providerName, clientId, replaces } = restore;
    const { links } = finding;
    const lost: LedgerEntry = { state: 'linked', providerName, clientId, links, ...replaces };
    return { ...finding, lost, restored: true };
  });
}

/**
 * The entries that others removed, as far as each gets an event.
 *
 * @param refused why repairs were refused, or would be, by the keys of the entries.
 */
export function removedEntries(
  findings: Finding[],
  refused: ReadonlyMap<string, Refused> = new Map(),
): RemovedEntry[] {
  const all = findings.flatMap((finding): RemovedEntry[] => {
    const { provider, clientName, links, lost, removedBy, restored, braked, repair } = finding;
    if (!lost) return [];
    const { ProviderName = '', ClientId = '' } = provider;
    const refusal = refused.get(entryKey(provider));
    return [
      {
        providerName: ProviderName,
        clientId: ClientId,
        links: links.slice(0, MOST_LINKS),
        ...(clientName !== undefined && { clientName }),
        linkedBy: { executionArn: lost.execution, time: new Date(lost.time).toISOString() },
        ...(removedBy && { removedBy }),
        ...(restored && { restored }),
        ...(braked && { braked }),
        ...(repair && !restored && { repair: 'link' as const }),
        ...(refusal && { refused: refusalOf(refusal).name }),
      },
    ];
  });
  return fitting(all.slice(0, MOST_TOLD), ROOM);
}

/** Whether an update ends the search: the pool had the entry then, or that is unknown. */
const isEnd = ({ entries }: PoolUpdate, key: string): boolean => entries?.has(key) !== false;

/**
 * The updates that may have removed an entry: if the execution has restored it, those before its own.
 *
 * @param updates newest first.
 */
export function updatesBefore(
  { restored }: RemovedEntry,
  updates: PoolUpdate[],
  executionArn: string,
): PoolUpdate[] {
  if (!restored) return updates;
  const own = `/${sessionNameOf(executionOf(executionArn))}`;
  return updates.slice(updates.findLastIndex(({ by }) => by?.principalArn.endsWith(own)) + 1);
}

/** Whether earlier updates can't say more about an entry. */
export const isSettled = (entry: RemovedEntry, updates: PoolUpdate[]): boolean =>
  updates.some((update) => isEnd(update, entryKey(entry)));

// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
const HISTORY_DAYS = 90;
// Clocks differ, and the oldest records may be deleted while they are read.
const MARGIN_MS = 3_600_000;

/**
 * The moment since which the event history of CloudTrail is certainly complete, in epoch milliseconds.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
 */
export const historyBegins = (now: number): number => now - HISTORY_DAYS * 86_400_000 + MARGIN_MS;

/** The updates of an identity pool, as far as they are known. */
export interface Updates {
  /** Newest first, up to now. */
  updates: PoolUpdate[];
  /** Since this moment, in epoch milliseconds, they are complete; absent if they may not be. */
  wholeSince?: number;
}

/**
 * The update that removed an entry: the first update without it after the last one that had it. If no update had
 * the entry, it is the first one after the entry was written, if all since then are known.
 *
 * @returns undefined if that is not certain.
 */
export function removalOf(entry: RemovedEntry, known: Updates): PoolUpdate | undefined {
  return removalAfter(Date.parse(entry.linkedBy.time), entryKey(entry), known);
}

function removalAfter(
  linked: number,
  key: string,
  { updates, wholeSince = Number.POSITIVE_INFINITY }: Updates,
): PoolUpdate | undefined {
  const end = updates.findIndex((update) => isEnd(update, key));
  if (end >= 0) return updates[end]?.entries ? updates.slice(0, end).at(-1) : undefined;
  return linked >= wholeSince ? updates.filter(({ time }) => time > linked).at(-1) : undefined;
}

/** The entries of ours that are not in the identity pool. */
export function absentEntries(pool: IdentityPool, ledger: LedgerEntry[]): LedgerEntry[] {
  const there = new Set(entriesOf(pool).map(entryKey));
  return ledger.filter((entry) => entry.state === 'linked' && !there.has(entryKey(entry)));
}

// CloudTrail rounds times down to seconds.
const SECOND_MS = 1000;

/**
 * What the kept updates of an identity pool say about the removal of entries, by the keys of the entries. Updates of
 * Poolbridge itself are not kept. So of those since an entry was written, the first one without it has removed it,
 * unless a later one has it again. If the event of an update was lost, the one after it is named instead.
 *
 * @param absent entries of ours.
 * @param kept newest first.
 * @param roleArn the role of Poolbridge in the identity pool's account. Its sessions are not named.
 */
export function keptRemovals(
  absent: LedgerEntry[],
  kept: PoolUpdate[],
  roleArn: string,
): ReadonlyMap<string, Removal> {
  return new Map(
    absent.flatMap((entry): [string, Removal][] => {
      const key = entryKey(entry);
      const since = entry.time - SECOND_MS;
      const updates = kept.filter(({ time }) => time > since);
      const removal = removalAfter(since, key, { updates, wholeSince: since });
      if (!removal) return [];
      // An update in the second of our own may have come just before it, so no one is named.
      const by = removal.time > entry.time ? nameable(removal.by, roleArn) : undefined;
      return [[key, by ? { by } : {}]];
    }),
  );
}

/** What is known about an identity pool's updates, for the events about its removed entries. */
export interface Looked extends Updates {
  /** Why CloudTrail could not be read, or not completely. */
  hindered?: string;
}

/** The detail of the event EntryRemoved. */
export interface EntryRemoved extends RemovedEntry {
  /** The execution that found it. */
  executionArn: string;
  identityPoolId: string;
  message: string;
}

const isSessionOf = (roleArn: string, principalArn: string): boolean => {
  const { account, resource: path } = parseArn(roleArn);
  const role = path.split('/').at(-1);
  const { service, account: where, resource } = parseArn(principalArn);
  return service === 'sts' && where === account && resource.startsWith(`assumed-role/${role}/`);
};

/** A caller; undefined if it is Poolbridge. */
const nameable = (by: TrailCaller | undefined, roleArn: string): TrailCaller | undefined =>
  by && !isSessionOf(roleArn, by.principalArn) ? by : undefined;

/** Says why it is not known who removed an entry. */
function reasonFor({ linkedBy }: RemovedEntry, { hindered, wholeSince }: Looked): string {
  if (hindered !== undefined) return hindered;
  if (wholeSince !== undefined && Date.parse(linkedBy.time) < wholeSince) {
    return `the event history of CloudTrail goes back ${HISTORY_DAYS} days and shows no moment at which the entry was still there, so the removal may be older; if a trail of that account keeps older records, look there for UpdateIdentityPool since ${moment(linkedBy.time)}`;
  }
  return 'the event history of CloudTrail does not show it, or not yet';
}

/** Says what has become of a removed entry, and what a person has to do. */
function outlookOf({ executionArn, restored, braked, repair, refused, ...entry }: Told): string {
  const { partition } = executionOf(executionArn);
  const userPoolId = userPoolIdOf(entry.providerName, partition) ?? entry.providerName;
  const ignore =
    'If a tool owns that pool, make it ignore the list of user pool clients (docs/coexistence.md says how, for each tool).';
  const client = ['--user-pool', userPoolId, '--client', entry.clientId];
  const command = commandFor(executionArn, 'link', ...client);
  if (restored) return `Poolbridge has linked it again. ${ignore}`;
  if (braked) {
    return `Poolbridge has linked it again three times within an hour, and has stopped: it waits for a person. ${ignore} Then link it again: ${command}`;
  }
  if (refused !== undefined) {
    return `Poolbridge can't link it again (${refused}): the report of the execution says why. ${ignore}`;
  }
  if (repair) return `The next reconcile with repair links it again. ${ignore}`;
  return `${ignore} Then link it again: ${command}`;
}

type Told = Omit<EntryRemoved, 'message'>;

function messageOf(event: Told, looked: Looked): string {
  const { executionArn, identityPoolId, providerName, clientId, removedBy } = event;
  const { partition } = executionOf(executionArn);
  const userPoolId = userPoolIdOf(providerName, partition) ?? providerName;
  const who = removedBy
    ? `${removedBy.principalArn} removed the app client ${clientId} of ${userPoolId} from the identity pool ${identityPoolId} at ${moment(removedBy.time)} (CloudTrail event ${removedBy.eventId}), and Poolbridge was not asked to.`
    : `The app client ${clientId} of ${userPoolId} was removed from the identity pool ${identityPoolId}, and Poolbridge was not asked to. It is not known who did this: ${reasonFor(event, looked)}.`;
  return `${who} ${outlookOf(event)}`;
}

/** The event about an entry that others removed. It never names Poolbridge as the one who removed it. */
export function entryRemoved(
  entry: RemovedEntry,
  found: Pick<EntryRemoved, 'executionArn' | 'identityPoolId'>,
  { roleArn, looked }: { roleArn: string; looked: Looked },
): EntryRemoved {
  const updates = updatesBefore(entry, looked.updates, found.executionArn);
  const removal = removalOf(entry, { ...looked, updates });
  const removedBy = entry.removedBy ?? nameable(removal?.by, roleArn);
  const event = { ...found, ...entry, ...(removedBy && { removedBy }) };
  return { ...event, message: messageOf(event, looked) };
}
