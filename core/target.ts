import { type Difference, diff } from './diff.ts';
import { NotCoveredError, VerificationError } from './errors.ts';
import { type IdentityPool, type ShownPool, shown } from './identity-pool.ts';
import { coverageOf, type Links, type Subject } from './links.ts';
import {
  apply,
  type Change,
  checkQuota,
  type Intent,
  merge,
  type ShownChange,
  shownChanges,
} from './merge.ts';
import type { LinkRequest, RequestedBy } from './request.ts';
import { providerNameOf } from './user-pool.ts';

/** One identity pool that an execution works on, as the states hand it on. */
export interface Target {
  identityPoolId: string;
  links: string[];
  intent: Intent;
  dryRun: boolean;
  /** How many characters of the execution's state this target may take. */
  room: number;
}

export type Outcome = 'LINKED' | 'ALREADY_LINKED' | 'UNLINKED' | 'NOT_LINKED' | 'PLANNED';

/** What came of a target. */
export interface Result {
  outcome: Outcome;
  changes: ShownChange[];
  before: ShownPool;
  after: ShownPool;
  /** How many times the target went round, 1 when nobody interfered. */
  attempts: number;
  /** What others changed between our write and the verification. */
  changedSince?: Difference[];
}

// Of the 262,144 characters that a state may hold, what all targets together may fill.
const STATE_ROOM = 160_000;

/** The request as understood, and its targets: what ResolveTargets hands on. */
export interface Resolved {
  operation: 'link' | 'unlink';
  userPoolId: string;
  clientId?: string;
  requestedBy: RequestedBy;
  targets: Target[];
  /** Why there are no targets, when an event is about a client that no link covers. */
  notCovered?: string;
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
  const coverage = coverageOf(links, subject).filter(
    (each) => identityPoolId === undefined || each.identityPoolId === identityPoolId,
  );
  const clientId = subject.clientId === undefined ? {} : { clientId: subject.clientId };
  const intent = { operation, providerName: providerNameOf(userPoolId, partition), ...clientId };
  const room = Math.floor(STATE_ROOM / Math.max(coverage.length, 1));
  const targets = coverage.map(({ serverSideTokenCheck, ...pool }) => ({
    ...pool,
    intent: { ...intent, serverSideTokenCheck },
    dryRun,
    room,
  }));
  const resolved = { operation, userPoolId, ...clientId, requestedBy, targets };
  if (targets.length > 0) return resolved;
  const client = subject.clientName ?? subject.clientId;
  const what = client === undefined ? 'the app clients' : `the app client ${client}`;
  const whither = identityPoolId === undefined ? '' : ` with the identity pool ${identityPoolId}`;
  const notCovered = `No link in links.yml covers ${what} of the user pool ${userPoolId}${whither}. If it should be linked, add it to a link and deploy.`;
  if (requestedBy.via === 'person') throw new NotCoveredError(notCovered);
  return { ...resolved, notCovered };
}

/** What every step that works on a target is given. */
export interface TargetEvent {
  /** ARN of the execution. */
  execution: string;
  target: Target;
}

/** A result as planned from the snapshot, and whether there is anything to write. */
export type Plan = Result & { write: boolean };

function outcomeOf({ intent, dryRun }: Target, changes: Change[]): Outcome {
  const link = intent.operation === 'link';
  if (changes.length === 0) return link ? 'ALREADY_LINKED' : 'NOT_LINKED';
  if (dryRun) return 'PLANNED';
  return link ? 'LINKED' : 'UNLINKED';
}

/** What came of a target, in the room it has. */
export function resultOf(
  target: Target,
  changes: Change[],
  before: IdentityPool,
  after: IdentityPool,
): Result {
  const room = Math.floor(target.room / 3);
  return {
    outcome: outcomeOf(target, changes),
    changes: shownChanges(changes),
    before: shown(before, room),
    after: shown(after, room),
    attempts: 1,
  };
}

/**
 * What there is to do for a target, from a snapshot of its identity pool.
 *
 * @throws ProviderQuotaError
 */
export function planOf(target: Target, snapshot: IdentityPool, quota: number): Plan {
  const changes = merge(snapshot, target.intent);
  checkQuota(snapshot, changes, quota);
  const result = resultOf(target, changes, snapshot, apply(snapshot, changes));
  return { ...result, write: changes.length > 0 && !target.dryRun };
}

/**
 * The result, once the pool as it is now shows what was wanted. What else has changed since the
 * write is reported and no error: other links may rightly have come and gone.
 *
 * @throws VerificationError
 */
export function verify(target: Target, result: Result, now: IdentityPool): Result {
  const missing = merge(now, target.intent);
  if (missing.length > 0) {
    throw new VerificationError(
      `The identity pool ${target.identityPoolId} no longer shows what was just written to it, so someone else has overwritten it. Ask again, and look in Account-B's CloudTrail for who it was. What is missing: ${JSON.stringify(shownChanges(missing))}`,
    );
  }
  const changedSince = diff(result.after, shown(now, Math.floor(target.room / 3)));
  return changedSince.length > 0 ? { ...result, changedSince } : result;
}
