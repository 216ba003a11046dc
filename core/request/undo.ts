import { commandFor } from '../command-line.ts';
import {
  InvalidRequestError,
  NotCoveredError,
  UndoConflictError,
  UserPoolClientNotFoundError,
} from '../errors.ts';
import { executionOf } from '../execution.ts';
import {
  type Change,
  expanded,
  isEntryChange,
  type ShownChange,
} from '../identity-pool/changes.ts';
import { entryKey, type Provider } from '../identity-pool/identity-pool.ts';
import { isShort } from '../identity-pool/roles.ts';
import { namesIn, namesOf } from '../issuer.ts';
import { type Coverage, choiceFor, coverageOf, type Subject } from '../links/coverage.ts';
import type { Links } from '../links/links.ts';
import { moment } from '../moment.ts';
import { isListOf, isObject, isText, parsedJson } from '../shape.ts';
import { issuerIn, providerLabel, userPoolIdOf } from '../user-pool.ts';
import { isShownChange, type LedgerEntry } from '../write/records.ts';
import { approvalTime } from './approval-time.ts';
import { byHand, goneText, linkOthers, type Undoing } from './by-hand.ts';
import type { UndoRequest } from './request.ts';
import type { Resolved } from './resolve.ts';
import { roomFor, type Target } from './target.ts';
import { clientsUnlinked } from './target-now.ts';

/** The changes of an execution in one identity pool. */
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
 * The changes of an execution, from its output or, if some of its targets failed, from its cause. A dry run has
 * none.
 *
 * @throws InvalidRequestError if it changed nothing, or does not say what it changed.
 */
export function doneBy(executionArn: string, { status, output, cause }: ExecutionEnd): Done[] {
  const end = parsedJson(status === 'SUCCEEDED' ? output : cause);
  const results = isObject(end) ? end['results'] : undefined;
  if (!Array.isArray(results)) {
    throw new InvalidRequestError(
      `The execution ${executionArn} is ${status} and does not say what it changed. Look at it, and link or unlink by hand: ${commandFor(executionArn, 'show', executionOf(executionArn).name)}`,
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
 * The user pool of the changes of an execution.
 *
 * @throws InvalidRequestError if they are not about a user pool.
 */
export function userPoolOf(done: Done[], partition: string): string {
  const [first] = done.flatMap(({ changes }) => changes);
  const userPoolId = userPoolIdOf(first?.provider.ProviderName ?? '', partition);
  if (userPoolId !== undefined) return userPoolId;
  throw new InvalidRequestError(
    'The changes to undo are not about a user pool. Link or unlink by hand.',
  );
}

/** The app clients that an undo links again: those that were unlinked. */
export const clientsToLink = (done: Done[]): string[] =>
  done.flatMap(({ changes }) => clientsUnlinked(changes));

/** Whether an undo links an entry under the updated issuer again. */
export const linksUpdated = (done: Done[]): boolean =>
  done
    .flatMap(({ changes }) => changes.flatMap(expanded))
    .some(
      ({ op, provider }) => op === 'remove' && issuerIn(provider.ProviderName ?? '') === 'updated',
    );

/** What the links say about one change to be undone, as if it were requested now. */
function coverageFor(
  links: Links,
  { provider }: Change,
  { identityPoolId, pool, names }: { identityPoolId: string; pool: Subject; names: Names },
): Coverage {
  const { ClientId = '' }: Provider = provider;
  const clientName = names.get(ClientId);
  const subject = { ...pool, clientId: ClientId, ...(clientName !== undefined && { clientName }) };
  const coverage = coverageOf(links, subject).find(
    (each) => each.identityPoolId === identityPoolId,
  );
  if (coverage) return coverage;
  throw new NotCoveredError(
    `No link in links.yml covers the app client ${clientName ?? ClientId} of the user pool ${pool.userPoolId} with the identity pool ${identityPoolId} any more, so nothing was undone.`,
  );
}

/**
 * The provider names of entries that an undo links again although no link asks for them under these names, as far as
 * that is known.
 */
function uncoveredNames(
  judged: { change: Change; coverage: Coverage }[],
  pool: Subject,
  partition: string,
): string[] {
  const found = judged.flatMap(({ change: { op, provider }, coverage }) => {
    const { ProviderName = '' } = provider;
    const isSure = coverage.issuer !== undefined || pool.issuer !== undefined;
    if (op !== 'remove' || !isSure) return [];
    const asked = namesIn(namesOf(pool.userPoolId, partition, choiceFor(coverage, pool)));
    return asked.includes(ProviderName) ? [] : [ProviderName];
  });
  return [...new Set(found)];
}

/**
 * Checks that enough is known about a change to undo it.
 *
 * @throws InvalidRequestError
 */
function checkWhole(executionArn: string, change: Change): void {
  if (change.op !== 'unmap' || !isShort(change.roleMapping)) return;
  throw new InvalidRequestError(
    `The execution ${executionArn} removed a role mapping that was too long to be kept in its output, so nothing was undone. Link by hand: the client then gets the role mapping of links.yml.`,
  );
}

/** The names of existing app clients, by id. */
export type Names = ReadonlyMap<string, string>;

/**
 * Checks that every app client that would be linked again still exists.
 *
 * @throws UserPoolClientNotFoundError with what can still be undone, if anything.
 */
function checkClients(
  done: Done[],
  executionArn: string,
  { pool: { userPoolId }, names }: { pool: Subject; names: Names },
): void {
  const isGone = (clientId: string) => !names.has(clientId);
  const isPart = ({ changes }: Done) => clientsUnlinked(changes).some(isGone);
  const [missing] = clientsToLink(done).filter(isGone);
  if (missing === undefined) return;
  const whole = done.find((each) => !isPart(each));
  if (whole) {
    const about = [executionOf(executionArn).name, '--identity-pool', whole.identityPoolId];
    const command = commandFor(executionArn, 'undo', ...about);
    throw new UserPoolClientNotFoundError(
      goneText(
        userPoolId,
        missing,
        `To undo the other identity pools, name each, for example: ${command}`,
      ),
    );
  }
  const others = done.flatMap(({ identityPoolId, changes }) =>
    clientsUnlinked(changes)
      .filter((clientId) => !isGone(clientId))
      .map((clientId) => ({ identityPoolId, clientId })),
  );
  throw new UserPoolClientNotFoundError(
    goneText(userPoolId, missing, linkOthers(others[0], userPoolId, executionArn)),
  );
}

/** What an undo does in an identity pool, by the changes that it takes back. */
export const undoOperation = (changes: ShownChange[]): 'link' | 'unlink' =>
  changes.some(({ op }) => ['add', 'map', 'tag'].includes(op)) ? 'unlink' : 'link';

/**
 * The targets of an undo: one for each identity pool that the execution changed, with exactly its changes.
 *
 * @param pool the user pool that the execution was about.
 * @throws NotCoveredError, UserPoolClientNotFoundError if something must not be linked or unlinked now.
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
  checkClients(asked, executionArn, { pool, names });
  const targets = asked.map(({ identityPoolId: id, changes }): Target => {
    const all = changes.flatMap(expanded);
    const [providerName = '', otherName] = new Set(
      all.flatMap(({ provider }) => provider.ProviderName ?? []),
    );
    for (const change of all) checkWhole(executionArn, change);
    const about = { identityPoolId: id, pool, names };
    const judged = all.map((change) => ({ change, coverage: coverageFor(links, change, about) }));
    const allowed = [...new Set(judged.flatMap(({ coverage }) => coverage.links))];
    const uncovered = uncoveredNames(judged, pool, executionOf(executionArn).partition);
    const waits = approvalTime(links, allowed);
    return {
      identityPoolId: id,
      links: allowed,
      userPoolId,
      undoes: executionArn,
      intent: {
        operation: undoOperation(changes),
        providerName,
        ...(otherName !== undefined && { otherName }),
        serverSideTokenCheck: false,
        takeBack: changes,
      },
      deleted: false,
      dryRun,
      room: roomFor(asked.length),
      ...(uncovered.length > 0 && { uncovered }),
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
 * The entries of changes that another execution has written since.
 *
 * @param known executions whose writes are no conflict.
 */
export function overtaken(
  changes: ShownChange[],
  ledger: ReadonlyMap<string, LedgerEntry>,
  known: string[],
): { provider: Provider; ledger: LedgerEntry | 'unknown' }[] {
  const entries = changes.flatMap(expanded).filter(isEntryChange);
  return entries.flatMap(({ provider }) => {
    const entry = ledger.get(entryKey(provider));
    const isKnown = entry !== undefined && known.includes(entry.execution);
    return isKnown ? [] : { provider, ledger: entry ?? 'unknown' };
  });
}

// Of so many entries a sentence says what has changed.
const TOLD = 5;

/** What was written last about an entry, as the ledger has it. */
function lastWrite({ provider, ledger }: ReturnType<typeof overtaken>[number]): string {
  const entry = `${provider.ClientId} of ${providerLabel(provider.ProviderName ?? '')}`;
  if (ledger === 'unknown') return `the ledger no longer has ${entry}`;
  const { state, execution, time } = ledger;
  return `${entry} was ${state} by ${execution} at ${moment(new Date(time).toISOString())}`;
}

/**
 * Checks that no later request changed what an execution did. An undo would then take back the changes of others.
 *
 * @param execution that undoes. An earlier attempt of its own is not a conflict.
 * @throws UndoConflictError with what the ledger says now.
 */
export function checkLedger(ledger: LedgerEntry[], target: Undoing, execution: string): void {
  const { identityPoolId, undoes, intent } = target;
  const known = new Map(ledger.map((entry) => [entryKey(entry), entry]));
  const conflicts = overtaken(intent.takeBack ?? [], known, [
    ...(undoes === undefined ? [] : [undoes]),
    execution,
  ]);
  const [first] = conflicts;
  if (!first) return;
  const command = byHand(target, execution, first.provider.ClientId);
  const more = conflicts.length > TOLD ? `, and ${conflicts.length - TOLD} more` : '';
  throw new UndoConflictError(
    `What ${undoes} did in the identity pool ${identityPoolId} has been changed since by another execution, so nothing was undone. Link or unlink by hand instead, for example: ${command}. What has changed: ${conflicts.slice(0, TOLD).map(lastWrite).join('; ')}${more}.`,
  );
}
