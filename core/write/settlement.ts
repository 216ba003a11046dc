import { InvalidRequestError, UndoConflictError } from '../errors.ts';
import { subjectOf } from '../identity-pool/cancelled.ts';
import { entryKey, type IdentityPool, sameSettings } from '../identity-pool/identity-pool.ts';
import {
  apply,
  type Change,
  expanded,
  type Intent,
  isMet,
  merge,
  shownChanges,
} from '../identity-pool/merge.ts';
import { type Asked, batch } from './batch.ts';
import type { WrittenShare } from './records.ts';
import type { Seen } from './write-log.ts';

/** What an identity pool shows of a write that no one saw the end of, and what is to be done about it. */
export interface Settlement {
  /** The shares that are made, and those that `wanted` makes: for the ledger, with what they changed. */
  done: WrittenShare[];
  /** The pool with begun unlinks finished, and with begun links taken back unless they are resumed. */
  wanted: IdentityPool;
  /** `wanted` without the parts of links that are resumed: their requests are merged onto this. */
  start: IdentityPool;
  /** The same for the log of writes. */
  seen: Seen;
  /** How many shares show at least a part of their changes. */
  shown: number;
}

const isSame = (a: Change, b: Change): boolean =>
  a.op === b.op && entryKey(a.provider) === entryKey(b.provider);

/** Whether what is asked for conflicts with a pool as it is now. */
const isConflict = (error: unknown): boolean =>
  error instanceof UndoConflictError || error instanceof InvalidRequestError;

/** Whether tags are as a change leaves them: that they need no change now may have another reason. */
const isInEffect = (pool: IdentityPool, change: Change): boolean =>
  !('principalTags' in change) || sameSettings(apply(pool, [change]), pool);

/**
 * Whether later shares of the write cancel all changes of a share, and the pool is as they want it. Then it
 * is done with them: alone it would be done once more, after requests that came later.
 */
function isCancelled(pool: IdentityPool, share: WrittenShare, shares: WrittenShare[]): boolean {
  const changes = share.changes.flatMap(expanded);
  const unseen = (share.cancelled ?? []).flatMap(expanded);
  const areAll = changes.every((each) => unseen.some((other) => isSame(each, other)));
  if (changes.length === 0 || !areAll) return false;
  const subjects = changes.map(subjectOf);
  return subjects.every((subject) => {
    const last = shares.findLast((other) =>
      other.changes.flatMap(expanded).some((each) => subjectOf(each) === subject),
    );
    return last !== undefined && isMet(pool, last.intent);
  });
}

/** Whether a pool is as a share leaves it, or as those leave it that cancel the share. */
const isMade = (pool: IdentityPool, share: WrittenShare, shares: WrittenShare[]): boolean =>
  isMet(pool, share.intent) || isCancelled(pool, share, shares);

/** The changes of a share that a pool shows; none of one that conflicts with the pool. */
function partOf(pool: IdentityPool, share: WrittenShare): Change[] {
  try {
    const left = merge(pool, share.intent);
    return share.changes
      .flatMap(expanded)
      .filter((each) => !left.some((other) => isSame(each, other)) && isInEffect(pool, each));
  } catch (error) {
    if (isConflict(error)) return [];
    throw error;
  }
}

/** The pool without changes; undefined where others have changed the same since. */
function without(
  pool: IdentityPool,
  changes: Change[],
  { providerName }: Intent,
): IdentityPool | undefined {
  const back = { providerName, serverSideTokenCheck: false, takeBack: changes };
  try {
    return apply(pool, merge(pool, { ...back, operation: 'unlink' }));
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

/** A link that was begun, and what the pool shows of it. */
interface Begun {
  share: WrittenShare;
  part: Change[];
}

/** Adds a share that is made, or is made with `left`. */
function addDone(
  settlement: Settlement,
  share: WrittenShare,
  part: Change[],
  left: Change[],
): void {
  settlement.wanted = apply(settlement.wanted, left);
  const changes = left.length === 0 ? share.changes : shownChanges([...part, ...left]);
  settlement.done.push({ ...share, changes });
  settlement.seen.made.push(share.key);
}

/** Takes a begun link back. What others have changed since stays, and is ours as far as we made it. */
function takeBack(settlement: Settlement, { share, part }: Begun): void {
  const taken = without(settlement.wanted, part, share.intent);
  if (taken) {
    settlement.wanted = taken;
    return;
  }
  settlement.done.push({ ...share, changes: part });
  settlement.seen.parts.push({ key: share.key, changes: part });
}

/** A pool without the parts of links: twice, since principal tags go only once no entry needs them. */
const allWithout = (pool: IdentityPool, links: Begun[]): IdentityPool =>
  [...links, ...links].reduce(
    (now, { share, part }) => without(now, part, share.intent) ?? now,
    pool,
  );

/**
 * Decides what becomes of a write from what the pool shows of it. An unlink that was begun is finished:
 * its entry must not stay without its role mapping. A link that was begun is resumed if its request is
 * written again now, and is taken back otherwise: its entry would give more than links.yml allows.
 *
 * @param resumable the keys of the requests that are written again now.
 */
function settle(
  pool: IdentityPool,
  shares: WrittenShare[],
  resumable: ReadonlySet<string>,
): Settlement {
  const settlement: Settlement = {
    done: [],
    wanted: pool,
    start: pool,
    shown: 0,
    seen: { made: [], parts: [] },
  };
  const resumed: Begun[] = [];
  const taken: Begun[] = [];
  for (const share of shares) {
    const { key, intent } = share;
    const isWhole = isMade(pool, share, shares);
    const part = isWhole ? [] : partOf(pool, share);
    if (!isWhole && part.length === 0) continue;
    settlement.shown++;
    if (isWhole) addDone(settlement, share, [], []);
    else if (intent.operation === 'unlink') {
      addDone(settlement, share, part, merge(settlement.wanted, intent));
    } else if (resumable.has(key) && without(pool, part, intent)) resumed.push({ share, part });
    else taken.push({ share, part });
  }
  for (const each of taken) takeBack(settlement, each);
  settlement.wanted = allWithout(settlement.wanted, taken);
  settlement.start = allWithout(settlement.wanted, resumed);
  return settlement;
}

/** The requests that a batch onto a pool does not refuse, by their keys. */
function accepted(pool: IdentityPool, asked: Asked[], quota: number): ReadonlySet<string> {
  try {
    const { shares } = batch(pool, asked, quota);
    return new Set(shares.flatMap((share) => ('refused' in share ? [] : share.key)));
  } catch (error) {
    if (isConflict(error)) return new Set();
    throw error;
  }
}

/**
 * Decides what becomes of a write that no one saw the end of.
 *
 * @param pool as it is now.
 * @param shares of that write, as they were put down before it.
 * @param asked the requests that are written after it, under the same lease.
 * @param quota of entries in the identity pool.
 */
export function settlementOf(
  pool: IdentityPool,
  shares: WrittenShare[],
  asked: Asked[],
  quota: number,
): Settlement {
  const all = settle(pool, shares, new Set(asked.map(({ key }) => key)));
  return settle(pool, shares, accepted(all.start, asked, quota));
}

/** The entries that a write has added and left without the rest of what their links ask for, by key. */
export function unfinishedEntries(pool: IdentityPool, shares: WrittenShare[]): ReadonlySet<string> {
  const begun = shares.filter(({ intent }) => intent.operation === 'link' && !isMet(pool, intent));
  const added = begun.flatMap((share) => partOf(pool, share)).filter(({ op }) => op === 'add');
  return new Set(added.map(({ provider }) => entryKey(provider)));
}
