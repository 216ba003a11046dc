import {
  apply,
  type EntryChange,
  type ShownChange,
  shownChanges,
} from '../identity-pool/changes.ts';
import { type Difference, diff } from '../identity-pool/difference.ts';
import { digestOf } from '../identity-pool/digest.ts';
import type { IdentityPool } from '../identity-pool/identity-pool.ts';
import type { Intent } from '../identity-pool/merge.ts';
import { checkQuota } from '../identity-pool/quota.ts';
import { type ShownPool, shown } from '../identity-pool/shown-pool.ts';
import { entrySettingsOf } from '../links/entry-settings.ts';
import type { Links } from '../links/links.ts';
import type { Issuer } from '../user-pool.ts';
import type { Mark } from '../write/marks.ts';
import type { LedgerEntry } from '../write/records.ts';
import type { Approval } from './approval.ts';
import type { ApprovalTime } from './approval-time.ts';
import { mergeOrExplain } from './by-hand.ts';

/** One identity pool of an execution, as the states pass it on. */
export interface Target {
  identityPoolId: string;
  links: string[];
  userPoolId: string;
  /** Absent if unknown. */
  clientName?: string;
  /** The number of the listing in which the app client was looked up. */
  listing?: number;
  intent: Intent;
  /** The user pool's own setting, if it decided and is not the original one. */
  issuer?: Issuer;
  /** Whether the app client, or its whole user pool, was deleted. */
  deleted: boolean;
  /** When it was resolved, in epoch milliseconds. */
  resolvedAt?: number;
  dryRun: boolean;
  /** ARN of the execution that is undone. */
  undoes?: string;
  /** Of an undo: the names of user pools under which no link asks for the entries that it links again. */
  uncovered?: string[];
  /** How long to wait for approval, if a link requires it. */
  approvalTime?: ApprovalTime;
  /** The approval, once it is given. It holds for all rounds. */
  approval?: Approval;
  /** How many characters of the execution's state this target may take. */
  room: number;
}

export type Outcome = 'LINKED' | 'ALREADY_LINKED' | 'UNLINKED' | 'NOT_LINKED' | 'PLANNED';

/** How one target ended. */
export interface Result {
  outcome: Outcome;
  changes: ShownChange[];
  /** Those of the changes that another request of the same write cancelled: the pool never showed them. */
  cancelled?: ShownChange[];
  before: ShownPool;
  after: ShownPool;
  /** The number of rounds; 1 if no other writer interfered. */
  attempts: number;
  /** The execution that wrote for this one, if it was another. */
  writtenBy?: string;
  /** ARN of the role session that wrote, if it belongs to another execution. */
  assumedRoleArn?: string;
  /** The digests of the snapshot and of the pool onto which the changes were merged, if they differ. */
  rebased?: { snapshot: string; base: string };
  /** What others changed between our write and the verification. */
  changedSince?: Difference[];
  /** After an approved unlink of a whole user pool: the app clients that were linked since, and stay. */
  linkedSince?: string[];
  /** The marks of deletions that were removed, since the app clients and user pools exist. */
  marksCleared?: Mark[];
  /** Whether an unsettled write to the pool was found. The next round settles it. */
  unsettled?: boolean;
  /** In a plan: whether there is anything to write. */
  write?: boolean;
}

// How many of the 262,144 characters of a state all targets may take together.
const STATE_ROOM = 160_000;

/**
 * How many characters of the state one target may take.
 *
 * @param targets how many targets there are.
 */
export const roomFor = (targets: number): number => Math.floor(STATE_ROOM / Math.max(targets, 1));

/** The input of every step that works on a target. */
export interface TargetEvent {
  /** ARN of the execution. */
  execution: string;
  target: Target;
  /** Which round this is, from 1. */
  attempt: number;
  /** The changes that the approver was shown; empty if no one was asked. */
  shown?: unknown;
}

/** How many rounds a target may take if its entry is gone again at verification. */
export const ROUNDS = 3;

/** The planned result, from the snapshot. */
export interface Plan extends Result {
  write: boolean;
  /** Digest of the snapshot. */
  snapshot: string;
}

/** The outcome for a number of changes. */
export function outcomeOf({ intent, dryRun }: Target, changes: number): Outcome {
  const link = intent.operation === 'link';
  if (changes === 0) return link ? 'ALREADY_LINKED' : 'NOT_LINKED';
  if (dryRun) return 'PLANNED';
  return link ? 'LINKED' : 'UNLINKED';
}

/**
 * A target with the role mapping and principal tags of its links. These are too long for the states to pass on, and
 * each function has links.yml.
 *
 * @param names of the links that allow it now.
 */
export function withBeside(links: Links, target: Target, names = target.links): Target {
  const { serverSideTokenCheck: _, ...beside } = entrySettingsOf(links, names);
  const { principalTags } = beside;
  const { intent } = target;
  if (!intent.takeBack) return { ...target, intent: { ...intent, ...beside } };
  // An undo restores the role mappings that there were.
  return principalTags ? { ...target, intent: { ...intent, principalTags } } : target;
}

/** How many characters each pool that a target shows may take. */
export const roomOf = ({ room }: Target): number => Math.floor(room / 3);

/**
 * Whether the write records a target although nothing is left to unlink: what was deleted, or what others removed
 * before. An empty list of changes needs no approval.
 */
const isNoted = ({ deleted, approvalTime: waits, intent }: Target): boolean =>
  deleted || (intent.operation === 'unlink' && !intent.takeBack && !intent.leftBehind && !waits);

/**
 * Whether a target without changes takes the lease to settle an earlier write. A dry run does not, since it writes
 * nothing, and a target that requires approval does not, since a person would be asked to approve nothing.
 */
export const maySettle = ({ dryRun, approvalTime: waits }: Target, { write }: Result): boolean =>
  write === false && !dryRun && !waits;

/**
 * Plans a target from a snapshot of its identity pool. In a later round, nothing may be left to do. Then the result
 * is what the previous round wrote.
 *
 * @throws ProviderQuotaError, UndoConflictError
 */
export function planOf(
  event: TargetEvent,
  snapshot: IdentityPool,
  quota: number,
  previous?: Result,
): Plan {
  const { target, attempt, execution } = event;
  const changes = mergeOrExplain(snapshot, target, execution);
  const digest = digestOf(snapshot);
  if (previous && changes.length === 0) {
    const { unsettled = false, ...result } = previous;
    return { ...result, attempts: attempt, write: unsettled, snapshot: digest };
  }
  checkQuota(snapshot, changes, quota, execution);
  const room = roomOf(target);
  return {
    outcome: outcomeOf(target, changes.length),
    changes: shownChanges(changes, room),
    before: shown(snapshot, room),
    after: shown(apply(snapshot, changes), room),
    attempts: attempt,
    write: (changes.length > 0 || isNoted(target)) && !target.dryRun,
    snapshot: digest,
  };
}

/** The result, with what others have changed since. That is not an error: other links may have come and gone. */
export function withChangesSince(result: Result, now: ShownPool): Result {
  const changedSince = diff(result.after, now);
  return changedSince.length > 0 ? { ...result, changedSince } : result;
}

/**
 * Whether a later write of ours explains why an entry is not as this execution wrote it. Then a later request has
 * undone it.
 *
 * @param missing a change that the pool does not show.
 * @param ledger what the ledger says about the entry now.
 */
export const isSuperseded = (
  { op }: EntryChange,
  ledger: LedgerEntry | undefined,
  execution: string,
): boolean =>
  ledger !== undefined &&
  ledger.execution !== execution &&
  ledger.state === (op === 'add' ? 'unlinked' : 'linked');
