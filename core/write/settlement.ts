import { InvalidRequestError, UndoConflictError } from '../errors.ts';
import { subjectOf } from '../identity-pool/cancelled.ts';
import { apply, type Change, expanded, shownChanges } from '../identity-pool/changes.ts';
import { entryKey, type IdentityPool } from '../identity-pool/identity-pool.ts';
import { type Intent, merge } from '../identity-pool/merge.ts';
import { sameSettings } from '../identity-pool/same-settings.ts';
import { namesIn } from '../issuer.ts';
import { batch, type Mergeable } from './batch.ts';
import { shareEntries } from './order.ts';
import type { WrittenShare } from './records.ts';
import type { Seen } from './write-log.ts';

/** What an identity pool shows of an unsettled write, and what to do about it. */
export interface Settlement {
  /** The shares that were made, and those that `wanted` makes, with their changes, for the ledger. */
  done: WrittenShare[];
  /** The pool with begun unlinks finished, and with begun links taken back unless they are resumed. */
  wanted: IdentityPool;
  /** `wanted` without the parts of links that are resumed: their requests are merged onto this. */
  start: IdentityPool;
  /** The same, for the log of writes. */
  seen: Seen;
  /** How many shares show at least a part of their changes. */
  shown: number;
}

const nameOf = ({ op, provider }: Change): string => `${op} ${entryKey(provider)}`;
const namesOf = (changes: Change[]): ReadonlySet<string> => new Set(changes.map(nameOf));

/** Whether a request conflicts with the pool as it is now. */
const isConflict = (error: unknown): boolean =>
  error instanceof UndoConflictError || error instanceof InvalidRequestError;

const isTag = (change: Change): boolean => 'principalTags' in change;

/** Whether tags are as a change leaves them. That a merge changes nothing may have another reason. */
const isInEffect = (pool: IdentityPool, change: Change): boolean =>
  !isTag(change) || sameSettings(apply(pool, [change]), pool);

/** What a pool shows of a share. */
interface Look {
  /** What the pool lacks of it, apart from what later shares changed again; undefined if they conflict. */
  left: Change[] | undefined;
  /** The changes of it that the pool shows. */
  part: Change[];
  /** What later shares changed, if the pool shows them. It no longer belongs to this share. */
  later: ReadonlySet<string>;
  /** Whether the pool shows that the write came to this share: a change of its own, or one that comes after it. */
  isReached: boolean;
}

/** Whether the entries that an intent is about are among some subjects. */
function isEntryIn(subjects: ReadonlySet<string>, intent: Intent): boolean {
  const { clientId: ClientId } = intent;
  if (ClientId === undefined) return false;
  return namesIn(intent).every((ProviderName) =>
    subjects.has(subjectOf({ op: 'add', provider: { ProviderName, ClientId } })),
  );
}

/** What the pool lacks of a share, apart from what later shares changed; undefined if they conflict. */
function leftOf(
  pool: IdentityPool,
  { intent, changes }: WrittenShare,
  later: ReadonlySet<string>,
): Change[] | undefined {
  const isLater = (each: Change): boolean => later.has(subjectOf(each));
  const own = changes.flatMap(expanded).filter((each) => !isTag(each));
  // Principal tags belong to a whole user pool. Without its entry, a share needs none.
  const isReplaced = own.length > 0 ? own.every(isLater) : isEntryIn(later, intent);
  try {
    return merge(pool, intent).filter((each) => !isLater(each) && !(isReplaced && isTag(each)));
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

const isWhole = ({ left }: Look): boolean => left?.length === 0;

/**
 * The changes of a share that a pool shows.
 *
 * @param left what the pool lacks of the share.
 */
function partOf(
  pool: IdentityPool,
  { changes, cancelled = [] }: WrittenShare,
  left: Change[],
  later: ReadonlySet<string>,
): Change[] {
  const unseen = namesOf([...cancelled.flatMap(expanded), ...left]);
  return changes
    .flatMap(expanded)
    .filter((each) => !later.has(subjectOf(each)) && !unseen.has(nameOf(each)))
    .filter((each) => isInEffect(pool, each));
}

/**
 * What a pool shows of each share. If it shows a later share, what that share changed again counts as made: a link
 * that an unlink of the same write cancels is done, although its entry is not there.
 */
function looksAt(pool: IdentityPool, shares: WrittenShare[]): ReadonlyMap<WrittenShare, Look> {
  const looks = new Map<WrittenShare, Look>();
  const changed = new Set<string>();
  const reached: WrittenShare[] = [];
  for (const share of shares.toReversed()) {
    const later = new Set(changed);
    const left = leftOf(pool, share, later);
    const part = left ? partOf(pool, share, left, later) : [];
    // Principal tags prove nothing: some of them are written before everything else.
    const isReached =
      part.some((each) => !isTag(each)) || reached.some((other) => shareEntries(other, share));
    const look = { left, part, later, isReached };
    looks.set(share, look);
    if (isReached) reached.push(share);
    if (!isWhole(look) && part.length === 0 && !isReached) continue;
    for (const change of share.changes.flatMap(expanded)) changed.add(subjectOf(change));
  }
  return looks;
}

/** The pool without changes; undefined if others changed the same since. */
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

/** Adds a share that is made. */
function addDone({ done, seen }: Settlement, share: WrittenShare): void {
  done.push(share);
  seen.made.push(share.key);
}

/**
 * A share without the principal tags that the pool does not show. Tags come last, so a share may be done without them if
 * a later share has removed its entry. The next share that needs them sets them.
 */
function withoutUnmadeTags(share: WrittenShare, pool: IdentityPool, { later }: Look): WrittenShare {
  const changes = share.changes.filter(
    (each) => !('principalTags' in each) || later.has(subjectOf(each)) || isInEffect(pool, each),
  );
  return { ...share, changes };
}

/** Finishes an unlink that was begun. */
function finish(settlement: Settlement, share: WrittenShare, { part, later }: Look): void {
  const isReplaced = (each: Change): boolean => later.has(subjectOf(each));
  const left = merge(settlement.wanted, share.intent).filter((each) => !isReplaced(each));
  settlement.wanted = apply(settlement.wanted, left);
  const replaced = share.changes.flatMap(expanded).filter(isReplaced);
  addDone(settlement, { ...share, changes: shownChanges([...replaced, ...part, ...left]) });
}

/** Takes a begun link back. What others changed since stays, and the part that we made is ours. */
function takeBack(settlement: Settlement, { share, part }: Begun): void {
  const taken = without(settlement.wanted, part, share.intent);
  if (taken) {
    settlement.wanted = taken;
    return;
  }
  settlement.done.push({ ...share, changes: part });
  settlement.seen.parts.push({ key: share.key, changes: part });
}

/**
 * A pool without the parts of links. It takes them out twice, since principal tags go only once no entry needs
 * them.
 */
const allWithout = (pool: IdentityPool, links: Begun[]): IdentityPool =>
  [...links, ...links].reduce(
    (now, { share, part }) => without(now, part, share.intent) ?? now,
    pool,
  );

/**
 * Whether a share was made, or begun. While an earlier one about the same entry was not made, that the pool is as the
 * share wants it proves nothing: if it counted as done, the earlier one would be done after it.
 */
function isShown(share: WrittenShare, look: Look, undone: WrittenShare[]): boolean {
  if (!look.left) return false;
  const isBegun = look.part.length > 0;
  if (look.isReached) return isBegun || isWhole(look) || share.intent.operation === 'unlink';
  if (isBegun && !isWhole(look) && share.intent.operation === 'link') return true;
  return (isBegun || isWhole(look)) && !undone.some((earlier) => shareEntries(earlier, share));
}

/**
 * Decides what to do about a write from what the pool shows of it. An unlink that was begun is finished, since its
 * entry must not stay without its role mapping. A link that was begun is resumed if its request is written again
 * now. Otherwise it is taken back, since its entry would give more than links.yml allows.
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
  const looks = looksAt(pool, shares);
  const resumed: Begun[] = [];
  const taken: Begun[] = [];
  const undone: WrittenShare[] = [];
  for (const share of shares) {
    const look = looks.get(share);
    if (!look || !isShown(share, look, undone)) {
      undone.push(share);
      continue;
    }
    settlement.shown++;
    const { key, intent } = share;
    const { part } = look;
    if (isWhole(look)) addDone(settlement, withoutUnmadeTags(share, pool, look));
    else if (intent.operation === 'unlink') finish(settlement, share, look);
    else {
      const isResumed = resumable.has(key) && without(pool, part, intent) !== undefined;
      (isResumed ? resumed : taken).push({ share, part });
      undone.push(share);
    }
  }
  for (const each of taken) takeBack(settlement, each);
  settlement.wanted = allWithout(settlement.wanted, taken);
  settlement.start = allWithout(settlement.wanted, resumed);
  return settlement;
}

/** The keys of the requests that a batch onto a pool does not refuse. */
function accepted(pool: IdentityPool, asked: Mergeable[], quota: number): ReadonlySet<string> {
  try {
    const { shares } = batch(pool, asked, quota);
    return new Set(shares.flatMap((share) => ('refused' in share ? [] : share.key)));
  } catch (error) {
    if (isConflict(error)) return new Set();
    throw error;
  }
}

/**
 * Decides what to do about an unsettled write.
 *
 * @param pool as it is now.
 * @param shares of that write, as they were recorded before it.
 * @param asked the requests that are written after it, under the same lease.
 * @param quota of entries in the identity pool.
 */
export function settlementOf(
  pool: IdentityPool,
  shares: WrittenShare[],
  asked: Mergeable[],
  quota: number,
): Settlement {
  const all = settle(pool, shares, new Set(asked.map(({ key }) => key)));
  return settle(pool, shares, accepted(all.start, asked, quota));
}

/** The keys of entries that a write added without the rest of what their links ask for. */
export function unfinishedEntries(pool: IdentityPool, shares: WrittenShare[]): ReadonlySet<string> {
  const looks = [...looksAt(pool, shares)];
  const begun = looks.filter(([{ intent }, look]) => intent.operation === 'link' && !isWhole(look));
  const added = begun.flatMap(([, { part }]) => part).filter(({ op }) => op === 'add');
  return new Set(added.map(({ provider }) => entryKey(provider)));
}
