import { NotCoveredError } from '../errors.ts';
import { type Difference, diff } from '../identity-pool/difference.ts';
import {
  digestOf,
  type IdentityPool,
  type ShownPool,
  shown,
} from '../identity-pool/identity-pool.ts';
import {
  apply,
  checkQuota,
  type EntryChange,
  type Intent,
  merge,
  type ShownChange,
  shownChanges,
} from '../identity-pool/merge.ts';
import { namesFor } from '../issuer.ts';
import { accessTo, choiceFor, coverageOf, type Subject, stillAllowing } from '../links/coverage.ts';
import { entrySettingsOf } from '../links/entry-settings.ts';
import { type Links, linksTo } from '../links/links.ts';
import type { Issuer } from '../user-pool.ts';
import { providerNameOf } from '../user-pool.ts';
import type { Mark } from '../write/marks.ts';
import type { LedgerEntry } from '../write/records.ts';
import { type Approval, type ApprovalTime, approvalTime } from './approval.ts';
import type { LinkRequest, RequestedBy } from './request.ts';

/** One identity pool that an execution works on, as the states hand it on. */
export interface Target {
  identityPoolId: string;
  links: string[];
  userPoolId: string;
  /** Where it is known. */
  clientName?: string;
  /** The number of the listing in which the app client was looked up. */
  listing?: number;
  intent: Intent;
  /** The user pool's own setting, where that decided and is not the original one. */
  issuer?: Issuer;
  /** Whether the app client, or its whole user pool, is no more. */
  deleted: boolean;
  /** When it was resolved, in epoch milliseconds. */
  resolvedAt?: number;
  dryRun: boolean;
  /** ARN of the execution that is undone. */
  undoes?: string;
  /** How long to wait for approval, where a link requires it. */
  approvalTime?: ApprovalTime;
  /** Once it is approved: for all rounds. */
  approval?: Approval;
  /** How many characters of the execution's state this target may take. */
  room: number;
}

export type Outcome = 'LINKED' | 'ALREADY_LINKED' | 'UNLINKED' | 'NOT_LINKED' | 'PLANNED';

/** What came of a target. */
export interface Result {
  outcome: Outcome;
  changes: ShownChange[];
  /** Those of the changes that another request of the same write cancelled: the pool never showed them. */
  cancelled?: ShownChange[];
  before: ShownPool;
  after: ShownPool;
  /** How many times the target went round, 1 if no other writer interfered. */
  attempts: number;
  /** The execution that wrote for this one, if it was another. */
  writtenBy?: string;
  /** ARN of the role session that wrote, if it was another's. */
  assumedRoleArn?: string;
  /** The digests of the snapshot and of the pool onto which was written, where those differ. */
  rebased?: { snapshot: string; base: string };
  /** What others changed between our write and the verification. */
  changedSince?: Difference[];
  /** Of an approved unlink of a whole user pool: the app clients that were linked since, and stay. */
  linkedSince?: string[];
  /** The marks of deleted app clients and user pools that were taken away, since those exist. */
  marksCleared?: Mark[];
  /** Whether a write to the pool was found that no one has seen the end of: it is settled in the next round. */
  unsettled?: boolean;
  /** Of a plan: whether there is anything to write. */
  write?: boolean;
}

// Of the 262,144 characters that a state may hold, what all targets together may fill.
const STATE_ROOM = 160_000;

/** How many characters of the state one of so many targets may take. */
export const roomFor = (targets: number): number => Math.floor(STATE_ROOM / Math.max(targets, 1));

/** The request as understood, and its targets: what ResolveTargets hands on. */
export interface Resolved {
  operation: 'link' | 'unlink' | 'undo';
  /** ARN of the execution that is undone. */
  executionArn?: string;
  userPoolId: string;
  clientId?: string;
  requestedBy: RequestedBy;
  targets: Target[];
  /** Why there are no targets, when an event is about a client that no link covers. */
  notCovered?: string;
}

/**
 * The target of a request to take away role mappings that entries have left behind: it needs no link that
 * covers the app client, only one that leads to the identity pool.
 *
 * @throws NotCoveredError
 */
export function resolveLeftBehind(
  links: Links,
  { userPoolId, clientId = '', identityPoolId = '', dryRun, requestedBy }: LinkRequest,
  partition: string,
): Resolved {
  const names = Object.keys(linksTo(links, identityPoolId));
  accessTo(links, identityPoolId);
  const waits = approvalTime(links, names);
  const intent: Intent = {
    operation: 'unlink',
    providerName: providerNameOf(userPoolId, partition),
    clientId,
    serverSideTokenCheck: false,
    leftBehind: true,
  };
  const target: Target = {
    identityPoolId,
    links: names,
    userPoolId,
    intent,
    deleted: false,
    dryRun,
    ...(waits && { approvalTime: waits }),
    room: roomFor(1),
  };
  return { operation: 'unlink', userPoolId, clientId, requestedBy, targets: [target] };
}

/**
 * The links that still allow a target.
 *
 * @param subject as it is now, with its tags.
 * @throws NotCoveredError when none does.
 */
export function allowing(links: Links, target: Target, subject: Subject): string[] {
  const { identityPoolId, intent } = target;
  if (!intent.leftBehind) return stillAllowing(links, target, subject);
  accessTo(links, identityPoolId);
  return Object.keys(linksTo(links, identityPoolId));
}

/**
 * The targets of a request: one for each identity pool that its app client may reach.
 *
 * @param partition of the deployment, from which user pools have their domain.
 * @throws NotCoveredError when a person asks for what no link covers; an event only says so.
 */
export function resolve(
  links: Links,
  request: LinkRequest,
  subject: Subject,
  partition: string,
): Resolved {
  const { operation, userPoolId, identityPoolId, dryRun, requestedBy } = request;
  const deleted = isDeletion(request);
  const covering = coverageOf(links, subject).filter(
    (each) => identityPoolId === undefined || each.identityPoolId === identityPoolId,
  );
  const coverage = deleted ? covering.filter(({ onDelete }) => onDelete === 'unlink') : covering;
  const clientId = subject.clientId === undefined ? {} : { clientId: subject.clientId };
  const room = roomFor(coverage.length);
  const client = subject.clientName === undefined ? {} : { clientName: subject.clientName };
  const listing = subject.listing === undefined ? {} : { listing: subject.listing };
  const isUpdated = operation === 'link' && subject.issuer === 'updated';
  const all = coverage.map((each): Target => {
    const { serverSideTokenCheck } = each.entry;
    const waits = approvalTime(links, each.links);
    const names = namesFor(operation, userPoolId, partition, choiceFor(each, subject));
    return {
      identityPoolId: each.identityPoolId,
      links: each.links,
      userPoolId,
      ...client,
      ...listing,
      intent: { operation, ...names, ...clientId, serverSideTokenCheck },
      ...(isUpdated && { issuer: 'updated' }),
      deleted,
      dryRun,
      ...(waits && { approvalTime: waits }),
      room,
    };
  });
  // Those that need no approval go first: only so many are worked on at a time.
  const targets = [
    ...all.filter((target) => !target.approvalTime),
    ...all.filter((target) => target.approvalTime),
  ];
  const resolved = { operation, userPoolId, ...clientId, requestedBy, targets };
  const name = subject.clientName ?? subject.clientId;
  // Cognito's names have at most 128 characters. What claims to be longer is not repeated whole.
  const what = name === undefined ? 'the app clients' : `the app client ${name.slice(0, 128)}`;
  if (subject.gone) {
    const gone = `There is nothing to link: ${what} of the user pool ${userPoolId} was deleted before the event of its creation arrived.`;
    return { ...resolved, targets: [], notCovered: gone };
  }
  if (targets.length > 0) return resolved;
  if (covering.length > 0) {
    const kept = `The links that cover ${what} of the user pool ${userPoolId} say onDelete: keep, so nothing is unlinked.`;
    return { ...resolved, notCovered: kept };
  }
  const where = identityPoolId === undefined ? '' : ` with the identity pool ${identityPoolId}`;
  const whose = subject.account === undefined ? '' : ` of account ${subject.account}`;
  const notCovered = `No link in links.yml covers ${what} of the user pool ${userPoolId}${whose}${where}. If it should be linked, add it to a link and deploy.`;
  if (requestedBy.via === 'person') throw new NotCoveredError(notCovered);
  return { ...resolved, notCovered };
}

/** Whether something is to be unlinked because it is no more: only CloudTrail's word counts for that. */
export const isDeletion = ({ operation, requestedBy }: LinkRequest): boolean =>
  operation === 'unlink' && requestedBy.via === 'cloudtrail';

/** What every step that works on a target is given. */
export interface TargetEvent {
  /** ARN of the execution. */
  execution: string;
  target: Target;
  /** Which round this is, from 1. */
  attempt: number;
  /** The changes that were shown to the person who approved them; empty where no one was asked. */
  shown?: unknown;
}

/** How many times a target goes round when its entry is gone again at verification. */
export const ROUNDS = 3;

/** A result as planned from the snapshot, and whether there is anything to write. */
export interface Plan extends Result {
  write: boolean;
  /** Digest of the snapshot. */
  snapshot: string;
}

/** What changes come to, by how many there are. */
export function outcomeOf({ intent, dryRun }: Target, changes: number): Outcome {
  const link = intent.operation === 'link';
  if (changes === 0) return link ? 'ALREADY_LINKED' : 'NOT_LINKED';
  if (dryRun) return 'PLANNED';
  return link ? 'LINKED' : 'UNLINKED';
}

/**
 * A target with what its links set beside the entry: that is too long for the states to hand on, and
 * links.yml is at hand wherever it counts.
 *
 * @param names of the links that allow it now.
 */
export function withBeside(links: Links, target: Target, names = target.links): Target {
  const { serverSideTokenCheck: _, ...beside } = entrySettingsOf(links, names);
  const { principalTags } = beside;
  const { intent } = target;
  if (!intent.takeBack) return { ...target, intent: { ...intent, ...beside } };
  // An undo puts back the role mappings that there were.
  return principalTags ? { ...target, intent: { ...intent, principalTags } } : target;
}

/** How many characters a target has for each pool that it shows. */
export const roomOf = ({ room }: Target): number => Math.floor(room / 3);

/**
 * Whether the write takes note of a target though nothing is left to unlink: of what is deleted, and of
 * what others have removed before. An empty list of changes needs no approval.
 */
const isNoted = ({ deleted, approvalTime: waits, intent }: Target): boolean =>
  deleted || (intent.operation === 'unlink' && !intent.takeBack && !intent.leftBehind && !waits);

/**
 * Whether a target of which nothing was written takes the lease to settle an earlier write: not in a dry
 * run, which writes nothing, and not where a person would be asked to approve nothing.
 */
export const maySettle = ({ dryRun, approvalTime: waits }: Target, { write }: Result): boolean =>
  write === false && !dryRun && !waits;

/**
 * What there is to do for a target, from a snapshot of its identity pool. In a later round there may
 * be nothing left to do; then what the round before has written is the result.
 *
 * @throws ProviderQuotaError
 */
export function planOf(
  { target, attempt }: TargetEvent,
  snapshot: IdentityPool,
  quota: number,
  previous?: Result,
): Plan {
  const changes = merge(snapshot, target.intent);
  const digest = digestOf(snapshot);
  if (previous && changes.length === 0) {
    const { unsettled = false, ...result } = previous;
    return { ...result, attempts: attempt, write: unsettled, snapshot: digest };
  }
  checkQuota(snapshot, changes, quota);
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

/**
 * The result, with what others have changed since. That is no error: other links may rightly have
 * come and gone.
 */
export function withChangesSince(result: Result, now: ShownPool): Result {
  const changedSince = diff(result.after, now);
  return changedSince.length > 0 ? { ...result, changedSince } : result;
}

/**
 * Whether a later write of ours explains why an entry is not as this execution wrote it: then it has
 * been done, and undone by request.
 *
 * @param missing a change that the pool would need to show it.
 * @param ledger what the ledger says of the entry now.
 */
export const isSuperseded = (
  { op }: EntryChange,
  ledger: LedgerEntry | undefined,
  execution: string,
): boolean =>
  ledger !== undefined &&
  ledger.execution !== execution &&
  ledger.state === (op === 'add' ? 'unlinked' : 'linked');
