import {
  InvalidRequestError,
  NotCoveredError,
  UndoConflictError,
  UserPoolClientNotFoundError,
} from '../errors.ts';
import { entryKey, type Provider } from '../identity-pool/identity-pool.ts';
import { type Change, expanded, isEntryChange, type ShownChange } from '../identity-pool/merge.ts';
import { isShort } from '../identity-pool/roles.ts';
import { coverageOf, type Subject } from '../links/coverage.ts';
import type { Links } from '../links/links.ts';
import { isListOf, isObject, isText, parsedJson } from '../shape.ts';
import { userPoolIdOf } from '../user-pool.ts';
import { isShownChange, type LedgerEntry } from '../write/records.ts';
import { approvalTime } from './approval.ts';
import type { UndoRequest } from './request.ts';
import { type Resolved, roomFor, type Target } from './target.ts';
import { clientsUnlinked } from './target-now.ts';

/** What an execution has changed in one identity pool. */
export interface Done {
  identityPoolId: string;
  changes: ShownChange[];
}

/** The end of an execution, as Step Functions describes it. */
export interface ExecutionEnd {
  status: string;
  output?: string;
  cause?: string;
}

const areChanges = isListOf(isShownChange);

/**
 * What an execution has changed, by its output or, where other targets of it failed, its cause. What a
 * dry run would have changed, it has not.
 *
 * @throws InvalidRequestError when it has changed nothing, or can't say what.
 */
export function doneBy(executionArn: string, { status, output, cause }: ExecutionEnd): Done[] {
  const end = parsedJson(status === 'SUCCEEDED' ? output : cause);
  const results = isObject(end) ? end['results'] : undefined;
  if (!Array.isArray(results)) {
    throw new InvalidRequestError(
      `The execution ${executionArn} is ${status} and does not say what it changed. Look at its history, and link or unlink by hand.`,
    );
  }
  const done = results.filter(isObject).flatMap(({ identityPoolId, outcome, changes }) => {
    const isDone = isText(identityPoolId) && outcome !== 'PLANNED' && areChanges(changes);
    return isDone && changes.length > 0 ? [{ identityPoolId, changes }] : [];
  });
  if (done.length > 0) return done;
  throw new InvalidRequestError(
    `The execution ${executionArn} changed nothing, so there is nothing to undo.`,
  );
}

/**
 * The user pool that an execution was about.
 *
 * @throws InvalidRequestError in a partition where its entries are none of a user pool.
 */
export function userPoolOf(done: Done[], partition: string): string {
  const [first] = done.flatMap(({ changes }) => changes);
  const userPoolId = userPoolIdOf(first?.provider.ProviderName ?? '', partition);
  if (userPoolId !== undefined) return userPoolId;
  throw new InvalidRequestError(
    'What is to be undone is not about a user pool. Link or unlink by hand.',
  );
}

/** The app clients that an undo links again: those that were unlinked. */
export const clientsToLink = (done: Done[]): string[] =>
  done.flatMap(({ changes }) => clientsUnlinked(changes));

/** The links that allow one change to be taken back: as they would allow it to be asked for. */
function allowing(
  links: Links,
  { op, provider }: Change,
  { identityPoolId, pool, names }: { identityPoolId: string; pool: Subject; names: Names },
): string[] {
  const { ClientId = '' }: Provider = provider;
  const clientName = names.get(ClientId);
  if (op === 'remove' && clientName === undefined) {
    throw new UserPoolClientNotFoundError(
      `The user pool ${pool.userPoolId} has no app client ${ClientId} any more, so it is not linked again and nothing was undone. Undo the other identity pools by naming them, or link by hand.`,
    );
  }
  const subject = { ...pool, clientId: ClientId, ...(clientName !== undefined && { clientName }) };
  const coverage = coverageOf(links, subject).find(
    (each) => each.identityPoolId === identityPoolId,
  );
  if (coverage) return coverage.links;
  throw new NotCoveredError(
    `No link in links.yml covers the app client ${clientName ?? ClientId} of the user pool ${pool.userPoolId} with the identity pool ${identityPoolId} any more, so nothing was undone.`,
  );
}

/**
 * Makes sure that a change can be taken back by what is known of it.
 *
 * @throws InvalidRequestError
 */
function checkWhole(executionArn: string, change: Change): void {
  if (change.op !== 'unmap' || !isShort(change.roleMapping)) return;
  throw new InvalidRequestError(
    `The execution ${executionArn} has taken away a role mapping that was too long to be kept in its output, so nothing was undone. Link by hand: the client then gets the role mapping of links.yml.`,
  );
}

/** The names of the app clients that exist, by their ids. */
export type Names = ReadonlyMap<string, string>;

/**
 * The targets of an undo: one for each identity pool that the execution has changed, with exactly what
 * it changed there.
 *
 * @param pool the user pool that the execution was about.
 * @throws NotCoveredError, UserPoolClientNotFoundError for what must not be linked or unlinked now.
 */
export function resolveUndo(
  links: Links,
  { executionArn, identityPoolId, dryRun, requestedBy }: UndoRequest,
  { done, pool, names }: { done: Done[]; pool: Subject; names: Names },
): Resolved {
  const { userPoolId } = pool;
  const asked = done.filter(
    (each) => identityPoolId === undefined || each.identityPoolId === identityPoolId,
  );
  const targets = asked.map(({ identityPoolId: id, changes }): Target => {
    const all = changes.flatMap(expanded);
    const [providerName = '', otherName] = new Set(
      all.flatMap(({ provider }) => provider.ProviderName ?? []),
    );
    for (const change of all) checkWhole(executionArn, change);
    const about = { identityPoolId: id, pool, names };
    const allowed = [...new Set(all.flatMap((change) => allowing(links, change, about)))];
    const waits = approvalTime(links, allowed);
    return {
      identityPoolId: id,
      links: allowed,
      userPoolId,
      undoes: executionArn,
      intent: {
        operation: all.some(({ op }) => ['add', 'map', 'tag'].includes(op)) ? 'unlink' : 'link',
        providerName,
        ...(otherName !== undefined && { otherName }),
        serverSideTokenCheck: false,
        takeBack: changes,
      },
      deleted: false,
      dryRun,
      room: roomFor(asked.length),
      ...(waits && { approvalTime: waits }),
    };
  });
  if (targets.length === 0) {
    throw new InvalidRequestError(
      `The execution ${executionArn} changed nothing in the identity pool ${identityPoolId}, so there is nothing to undo.`,
    );
  }
  return { operation: 'undo', executionArn, userPoolId, requestedBy, targets };
}

/**
 * Makes sure that no later request has changed what an execution did: then undoing would
 * take back somebody else's.
 *
 * @param execution that undoes: an earlier attempt of its own is no conflict.
 * @throws UndoConflictError with what the ledger says now.
 */
export function checkLedger(
  ledger: LedgerEntry[],
  { identityPoolId, undoes, intent }: Target,
  execution: string,
): void {
  const known = new Map(ledger.map((entry) => [entryKey(entry), entry]));
  const entries = (intent.takeBack ?? []).flatMap(expanded).filter(isEntryChange);
  const conflicts = entries.flatMap(({ provider }) => {
    const entry = known.get(entryKey(provider));
    const isKnown = entry?.execution === undoes || entry?.execution === execution;
    return isKnown ? [] : { provider, ledger: entry ?? 'unknown' };
  });
  if (conflicts.length === 0) return;
  throw new UndoConflictError(
    `What ${undoes} did in the identity pool ${identityPoolId} has been changed since by another execution, so nothing was undone. Link or unlink by hand what you want. What has changed: ${JSON.stringify(conflicts).slice(0, 2000)}`,
  );
}
