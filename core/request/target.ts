import { NotCoveredError } from '../errors.ts';
import {
  apply,
  type EntryChange,
  type ShownChange,
  shownChanges,
} from '../identity-pool/changes.ts';
import { type Difference, diff } from '../identity-pool/difference.ts';
import {
  digestOf,
  type IdentityPool,
  type ShownPool,
  shown,
} from '../identity-pool/identity-pool.ts';
import { type Intent, merge } from '../identity-pool/merge.ts';
import { checkQuota } from '../identity-pool/quota.ts';
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

/** The request and its targets: the answer of ResolveTargets. */
export interface Resolved {
  operation: 'link' | 'unlink' | 'undo';
  /** ARN of the execution that is undone. */
  executionArn?: string;
  userPoolId: string;
  clientId?: string;
  requestedBy: RequestedBy;
  targets: Target[];
  /** Why there are no targets, if an event is about a client that no link covers. */
  notCovered?: string;
}

/**
 * The target of a request to remove role mappings that entries left behind. It needs no link that covers the app
 * client, only one that leads to the identity pool.
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
 * @throws NotCoveredError if none does.
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
 * @param partition of the deployment, which decides the domain of user pools.
 * @throws NotCoveredError if a person asks for what no link covers. An event has no targets then.
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
  // Targets without approval go first, since only some targets are worked on at a time.
  const targets = [
    ...all.filter((target) => !target.approvalTime),
    ...all.filter((target) => target.approvalTime),
  ];
  const resolved = { operation, userPoolId, ...clientId, requestedBy, targets };
  const name = subject.clientName ?? subject.clientId;
  // Names in Cognito have at most 128 characters. A longer claim is cut off.
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

/** Whether a request unlinks because of a deletion. Only a request from CloudTrail does. */
export const isDeletion = ({ operation, requestedBy }: LinkRequest): boolean =>
  operation === 'unlink' && requestedBy.via === 'cloudtrail';

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
