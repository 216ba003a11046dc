import { grouped } from '../grouped.ts';
import { expanded } from '../identity-pool/changes.ts';
import { entryKey } from '../identity-pool/identity-pool.ts';
import type { Period } from '../period.ts';
import type { Counts, PoolReport } from '../reconcile/pool-report.ts';
import type { FailedPool } from '../reconcile/report.ts';
import { originalName } from '../user-pool.ts';
import { EVERY_CLIENT } from '../write/records.ts';

/** What an execution of `reconcile` reported about an identity pool, and when it read the pool. */
export interface Look extends Period {
  /** ARN. */
  execution: string;
  found: PoolReport | FailedPool;
}

/** What a request did about one entry. */
export interface EntryWrite extends Period {
  /** ARN. */
  execution: string;
  identityPoolId: string;
  providerName: string;
  clientId: string;
  clientName?: string;
  /**
   * - `add`, `remove`: the entry;
   * - `set`: what belongs to the entry, such as its role mapping;
   * - `gone`: the app client was deleted, whether or not it had an entry;
   * - `settle`: an unlink found no entry. If others had removed it, the ledger records that it stays away.
   */
  op: 'add' | 'remove' | 'set' | 'gone' | 'settle';
  /** Whether the links still ask for a removed entry: its app client exists, and is covered. Absent if unknown. */
  isWanted?: boolean;
  /** Whether it is the last write of ours about the entry: the ledger keeps only that one. */
  isLast?: true;
}

type ReportedEntry = PoolReport['entries'][number];

/** An identity pool as its last look and the writes since then leave it. */
export type PoolNow = (
  | Omit<PoolReport, 'repaired' | 'changes' | 'rest' | 'omittedRest'>
  | FailedPool
) & {
  /** ARN of the execution that looked. */
  lookedBy: string;
  /** When it looked, in ISO 8601. What others have changed since then is not known. */
  asOf: string;
  /** How many entries requests have added and removed since then. */
  since: { linked: number; unlinked: number };
  /** Whether the counts may be off by a few: a write was made while the pool was read, or not all writes are known. */
  isAbout?: true;
};

const ABSENT = ['missing', 'removed'];

/** Whether an entry in this state is not in the identity pool. */
export const isAbsent = ({ state }: Pick<ReportedEntry, 'state'>): boolean =>
  ABSENT.includes(state);

/** The entries of an identity pool while writes are applied to them. */
interface Tally {
  counts: Counts;
  /** Those that are neither linked nor foreign, by key. */
  entries: Map<string, ReportedEntry>;
  /** How many more of them there are. */
  omitted: number;
  isAbout: boolean;
}

/** Moves an entry from a state to another one, or to none. */
function move(tally: Tally, key: string, to: ReportedEntry | 'linked' | undefined): void {
  const { counts, entries } = tally;
  const from = entries.get(key);
  if (from) counts[from.state] -= 1;
  if (to === 'linked') counts.linked += 1;
  else if (to) counts[to.state] += 1;
  if (typeof to === 'object') entries.set(key, to);
  else entries.delete(key);
}

/** Takes out the entries of a state for which the report had no room. */
function moveOmitted(tally: Tally, state: 'missing' | 'orphaned' | 'removed', count: number): void {
  const listed = [...tally.entries.values()].filter((entry) => entry.state === state).length;
  const moved = Math.min(count, tally.counts[state] - listed, tally.omitted);
  tally.counts[state] -= moved;
  tally.omitted -= moved;
  if (state !== 'orphaned') tally.counts.linked += moved;
}

/** What a repair has left: reports say what was found before it. */
function afterRepair(found: PoolReport): Tally {
  const { counts, entries, omitted = 0, repaired, restored = 0, changes } = found;
  const byKey = new Map(entries.map((entry) => [entryKey(entry), entry]));
  const tally = { counts: { ...counts }, entries: byKey, omitted, isAbout: false };
  if (!repaired) return tally;
  const written =
    changes && new Set(changes.flatMap(expanded).map((each) => entryKey(each.provider)));
  const done = { link: 0, unlink: 0 };
  for (const [key, { repair, refused }] of [...byKey]) {
    if (!repair || refused !== undefined || written?.has(key) === false) continue;
    done[repair] += 1;
    move(tally, key, repair === 'link' ? 'linked' : undefined);
  }
  const listed = entries.filter((entry) => entry.restored).length;
  const omittedRestores = Math.max(0, restored - listed);
  moveOmitted(tally, 'removed', omittedRestores);
  moveOmitted(tally, 'missing', Math.max(0, repaired.linked - done.link - omittedRestores));
  moveOmitted(tally, 'orphaned', Math.max(0, repaired.unlinked - done.unlink));
  return tally;
}

const removedEntry = (write: EntryWrite, before: ReportedEntry | undefined): ReportedEntry => {
  const { providerName, clientId, isWanted } = write;
  const clientName = write.clientName ?? before?.clientName;
  return {
    state: 'removed',
    unlinked: true,
    providerName,
    clientId,
    ...(clientName !== undefined && { clientName }),
    ...(isWanted === undefined && { recent: true }),
  };
};

/** Applies the writes about an entry, of which the last one has added it. */
function applyAddition(tally: Tally, key: string, isAfter: boolean, first: EntryWrite): void {
  const listed = tally.entries.get(key);
  if (listed) {
    // If it was there already while it was added, the look came later and has judged it.
    if (isAbsent(listed) || isAfter) move(tally, key, 'linked');
    return;
  }
  if (!isAfter) {
    tally.isAbout = true;
    return;
  }
  if (first.op !== 'add') return;
  if (tally.omitted > 0) {
    tally.isAbout = true;
    const { linked } = tally.counts;
    moveOmitted(tally, 'missing', 1);
    if (tally.counts.linked > linked) return;
  }
  tally.counts.linked += 1;
}

/** Notes that a request keeps a removed entry away. Who removed it before no longer matters. */
function settle({ entries }: Tally, key: string, listed: ReportedEntry | undefined): void {
  if (listed?.state !== 'removed') return;
  const { removedBy: _, braked: __, repair: ___, refused: ____, ...left } = listed;
  entries.set(key, { ...left, unlinked: true });
}

/** Moves a listed entry that was removed. */
function moveRemoved(tally: Tally, key: string, listed: ReportedEntry, last: EntryWrite): void {
  const stays = last.isWanted !== false && (isAbsent(listed) || listed.state === 'changed');
  if (stays && listed.state === 'removed') settle(tally, key, listed);
  else move(tally, key, stays ? removedEntry(last, listed) : undefined);
}

/** Applies the writes about an entry that is not listed, of which the last one has removed it. */
function applyRemoval(
  tally: Tally,
  key: string,
  [first, last]: [EntryWrite, EntryWrite],
  { isAfter, isGone }: { isAfter: boolean; isGone: boolean },
): void {
  // A look after the removal would have listed what is still wanted.
  const wasThere = first.op === 'remove' && (isAfter || last.isWanted === true);
  const mayBeForeign = last.isWanted !== true && !isGone && tally.counts.foreign > 0;
  const isSure = (isAfter || wasThere) && !mayBeForeign && tally.omitted === 0;
  if (!isSure) tally.isAbout = true;
  if (wasThere && tally.counts.linked > 0) tally.counts.linked -= 1;
  if (last.isWanted !== false) move(tally, key, removedEntry(last, undefined));
}

/** Whether two periods have a time in common. */
export const overlap = (one: Period, other: Period): boolean =>
  one.from < other.until && other.from < one.until;

/** The writes of one execution that do the same, each once, although its states and the ledger have them. */
function onceEach(writes: EntryWrite[]): EntryWrite[] {
  const all: EntryWrite[] = [];
  for (const write of [...writes].sort((a, b) => Number(a.isLast ?? 0) - Number(b.isLast ?? 0))) {
    const { execution, op } = write;
    const same = all.find(
      (each) => each.execution === execution && each.op === op && overlap(each, write),
    );
    if (!same) {
      all.push(write);
      continue;
    }
    const from = Math.max(same.from, write.from);
    const until = Math.min(same.until, write.until);
    all[all.indexOf(same)] = { ...same, ...write, from, until };
  }
  return all;
}

/** The writes about one entry, in their order as far as it is known. */
function inOrder(writes: EntryWrite[]): EntryWrite[] {
  const once = onceEach(writes);
  const last = once.find(({ isLast }) => isLast);
  return once
    .map((write) => {
      const isEarlier = last && write.from < last.until;
      return isEarlier ? { ...write, until: Math.min(write.until, last.until) } : write;
    })
    .sort((a, b) => a.until - b.until || Number(a.isLast ?? 0) - Number(b.isLast ?? 0));
}

/** Applies the writes about one entry. */
function applyAll(tally: Tally, key: string, writes: EntryWrite[], look: Look): void {
  const listed = tally.entries.get(key);
  const moves = writes.filter(({ op }) => op === 'add' || op === 'remove');
  // AWS never reuses an id.
  const isGone = writes.some(({ op }) => op === 'gone');
  const [first] = moves;
  const last = moves.at(-1);
  if (first && last) {
    const isAfter = first.from >= look.until;
    const known = isGone ? { ...last, isWanted: false } : last;
    if (last.op === 'add') applyAddition(tally, key, isAfter, first);
    else if (listed) moveRemoved(tally, key, listed, known);
    else applyRemoval(tally, key, [first, known], { isAfter, isGone });
  } else if (listed && isAbsent(listed) && isGone) {
    move(tally, key, undefined);
  } else if (writes.some(({ op }) => op === 'settle')) {
    settle(tally, key, listed);
  } else if (listed?.state === 'changed') {
    // It may differ in more than what was set.
    tally.entries.set(key, { ...listed, recent: true });
  }
}

/**
 * What a deletion or a settlement means for the listed entries of its app client or its whole user pool, under both
 * names.
 */
function spreadOver(write: EntryWrite, { entries }: Tally): EntryWrite[] {
  if (write.op !== 'gone' && write.op !== 'settle') return [];
  const name = originalName(write.providerName);
  return [...entries.values()]
    .filter(({ providerName }) => originalName(providerName) === name)
    .filter(({ clientId }) => [clientId, EVERY_CLIENT].includes(write.clientId))
    .map(({ providerName, clientId }) => ({ ...write, providerName, clientId }));
}

/** A report without what was written, and without the entries that it lists only if all are asked for. */
function withoutRest(found: PoolReport) {
  const { repaired: _, changes: __, rest: ___, omittedRest: ____, ...report } = found;
  return report;
}

function poolNow(look: Look, writes: EntryWrite[], isSure: boolean): PoolNow {
  const { found, execution } = look;
  const since = { linked: 0, unlinked: 0 };
  const about = { lookedBy: execution, asOf: new Date(look.until).toISOString(), since };
  if (!('counts' in found)) return { ...found, ...about };
  const tally = afterRepair(found);
  const all = [...writes, ...writes.flatMap((write) => spreadOver(write, tally))];
  for (const [key, group] of grouped(all, entryKey)) {
    const ordered = inOrder(group).filter(
      // The report has what the same execution repaired.
      (each) => each.until > look.from && each.execution !== look.execution,
    );
    if (ordered.length === 0) continue;
    if (!isSure && !tally.entries.has(key)) tally.isAbout = true;
    applyAll(tally, key, ordered, look);
    const later = ordered.filter(({ from }) => from >= look.until);
    since.linked += later.filter(({ op }) => op === 'add').length;
    since.unlinked += later.filter(({ op }) => op === 'remove').length;
  }
  const { wouldFail, omitted: _, ...report } = withoutRest(found);
  const entries = [...tally.entries.values()];
  const isRefused = entries.some(({ refused }) => refused !== undefined);
  return {
    ...report,
    ...about,
    counts: tally.counts,
    entries,
    ...(tally.omitted > 0 && { omitted: tally.omitted }),
    ...(wouldFail && isRefused && { wouldFail }),
    ...(tally.isAbout && { isAbout: true }),
  };
}

/**
 * Every identity pool as it is now, as far as executions know: its last look, with the writes since then, whatever
 * became of their executions. What a look has seen already does not count twice. Changes of others since the look are
 * not known.
 *
 * @param looks of all identity pools, in any order.
 * @param writes of requests, in any order; one may be there several times, from several sources.
 * @param inDoubt the identity pools of which not every write may be there, but the last one about each entry.
 */
export function poolsNow(
  looks: Look[],
  writes: EntryWrite[],
  inDoubt: ReadonlySet<string> = new Set(),
): PoolNow[] {
  const newest = new Map<string, Look>();
  for (const look of looks.toSorted((a, b) => a.until - b.until)) {
    newest.set(look.found.identityPoolId, look);
  }
  return [...newest].map(([identityPoolId, look]) =>
    poolNow(
      look,
      writes.filter((each) => each.identityPoolId === identityPoolId),
      !inDoubt.has(identityPoolId),
    ),
  );
}
