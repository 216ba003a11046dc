import links from '#links';
import { endOf } from '../aws/clients/executions.ts';
import { issuerOf } from '../aws/clients/issuer.ts';
import { tagsOf, userPoolBy } from '../aws/clients/user-pools.ts';
import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import {
  type AppClientNames,
  appClientNames,
  findAppClient,
  UserPoolNotFoundError,
} from '../aws/names/app-client-names.ts';
import { whileThrottled } from '../aws/pace/pace.ts';
import { linksInLedgers, nameInLedgers } from '../aws/table/ledger.ts';
import { NotDeletedError, UserPoolClientNotFoundError } from '../core/errors.ts';
import { type Execution, executionOf } from '../core/execution.ts';
import {
  coverageOf,
  needsClientName,
  needsIssuer,
  needsTags,
  type Subject,
  userPoolIn,
  userPoolToldOf,
} from '../core/links/coverage.ts';
import { poolsByTags } from '../core/links/links.ts';
import { type LinkRequest, parseRequest, type UndoRequest } from '../core/request/request.ts';
import { isDeletion, type Resolved, resolve, resolveLeftBehind } from '../core/request/target.ts';
import {
  clientsToLink,
  doneBy,
  resolveUndo,
  userPoolOf as undoneUserPool,
} from '../core/request/undo.ts';
import { providerNameOf } from '../core/user-pool.ts';

/** Where a request is resolved, and until when, in epoch milliseconds. */
interface Resolving {
  where: Execution;
  until: number;
}

// In milliseconds, kept for the calls that follow a listing of app clients.
const RESERVE = 15_000;

/** An app client, and the listing that it was looked up in, if it was. */
interface LookedUp {
  subject: Subject;
  names?: AppClientNames;
}

/** The app client, looked up where the request alone can't be believed or does not say enough. */
async function appClientOf(
  request: LinkRequest,
  subject: Subject,
  { where, until }: Resolving,
): Promise<LookedUp> {
  const { userPoolId, clientId, clientName, requestedBy, operation, identityPoolId } = request;
  const everyClient = clientId === undefined && clientName === undefined;
  // Where a name decides, the client's own counts, and not what the request says it is.
  const isCreation = requestedBy.via === 'cloudtrail';
  const enough = isCreation && clientId !== undefined && !needsClientName(links, subject);
  if (everyClient || enough) return { subject: { ...subject, ...request } };
  const asksIssuer = operation === 'link' && needsIssuer(links, subject, identityPoolId);
  const pool = { ...userPoolBy(links, userPoolId, where), asksIssuer };
  const found = await findAppClient(pool, request, until).catch((error: unknown) => {
    if (isCreation && error instanceof UserPoolNotFoundError) return undefined;
    throw error;
  });
  if (found?.client) {
    const { client, names } = found;
    return { subject: { ...subject, ...client, listing: names.number }, names };
  }
  const known = clientId === undefined ? request : { clientId };
  if (isCreation) return { subject: { ...subject, ...known, gone: true } };
  // An entry outlives its client, so unlinking must not ask for the client to be there.
  if (operation === 'unlink' && clientId !== undefined)
    return { subject: { ...subject, clientId } };
  throw new UserPoolClientNotFoundError(
    `The user pool ${userPoolId} has no app client ${clientId ?? clientName}. Check the id; a client that was deleted can only be unlinked.`,
  );
}

/** What is gone can't be looked up: the ledger knows what it was called, and which links it had. */
async function deletedOf(request: LinkRequest, pool: Subject, where: Execution): Promise<Subject> {
  const { userPoolId, clientId } = request;
  const providerName = providerNameOf(userPoolId, where.partition);
  if (clientId === undefined) {
    return { ...pool, linkedBy: await linksInLedgers(poolsByTags(links), providerName) };
  }
  const subject = { ...pool, clientId };
  if (!needsClientName(links, subject)) return subject;
  const reached = coverageOf(links, subject).map(({ identityPoolId }) => identityPoolId);
  const clientName = await nameInLedgers(reached, providerName, clientId);
  return clientName === undefined ? subject : { ...subject, clientName };
}

/**
 * Makes sure that what is said to be deleted does not exist any more: an input may only claim to come from
 * CloudTrail, and what the ledger has as deleted is not linked again.
 *
 * @param isThere whether the user pool exists, where that is known.
 * @throws NotDeletedError when Cognito still has it. A listing may lag behind: asking again helps then.
 */
async function checkDeleted(
  { userPoolId, clientId }: LinkRequest,
  isThere: boolean | undefined,
  { where, until }: Resolving,
): Promise<void> {
  // One that is covered by its tags could not be listed either: AWS judges that by the tags too.
  if (isThere === false) return;
  const pool = userPoolBy(links, userPoolId, where);
  const isWhole = clientId === undefined;
  const names = isWhole && isThere === true ? undefined : await appClientNames(pool, until);
  const exists = isWhole
    ? isThere === true || names !== undefined
    : names !== undefined && (await names.of([clientId])).has(clientId);
  if (!exists) return;
  const what = isWhole ? '' : `the app client ${clientId} of `;
  throw new NotDeletedError(
    `The request says that ${what}the user pool ${userPoolId} was deleted, but Cognito still has it, so nothing was unlinked. Look in CloudTrail for who started this execution; to unlink what exists, ask for it by hand.`,
  );
}

/** The user pool, in the account that CloudTrail saw it in; else in the one that links.yml says. */
function userPoolOf(
  { userPoolId, requestedBy }: LinkRequest,
  { account: own }: Execution,
): Subject {
  const { via, account = own } = requestedBy;
  return via === 'cloudtrail'
    ? userPoolToldOf(links, userPoolId, { account, own })
    : userPoolIn(links, userPoolId);
}

/** With the user pool's issuer, where that decides under which names a client is linked. */
async function withIssuer(
  { operation, userPoolId, identityPoolId }: LinkRequest,
  { subject, names }: LookedUp,
  { where, until }: Resolving,
): Promise<Subject> {
  if (operation !== 'link' || subject.gone) return subject;
  if (!needsIssuer(links, subject, identityPoolId)) return subject;
  const pool = userPoolBy(links, userPoolId, where);
  // An account has 15 calls a second for this, and many requests may come at once.
  const issuer = names?.issuer ?? (await whileThrottled(() => issuerOf(pool), until));
  return issuer === undefined || issuer === 'unknown' ? subject : { ...subject, issuer };
}

/** The user pool and the app client as the links judge them; no call for a pool none covers. */
async function subjectOf(request: LinkRequest, resolving: Resolving): Promise<Subject> {
  const { where } = resolving;
  const untagged = userPoolOf(request, where);
  const { userPoolId } = untagged;
  const isTagged = needsTags(links, untagged);
  const tags = isTagged ? await tagsOf(userPoolId, where) : undefined;
  const pool = { ...untagged, tags: tags ?? {} };
  if (isDeletion(request)) {
    const deleted = await deletedOf(request, pool, where);
    const isUnlinked = coverageOf(links, deleted).some(({ onDelete }) => onDelete === 'unlink');
    if (isUnlinked) {
      await checkDeleted(request, isTagged ? tags !== undefined : undefined, resolving);
    }
    return deleted;
  }
  if (coverageOf(links, pool).length === 0) return { ...pool, ...request };
  return withIssuer(request, await appClientOf(request, pool, resolving), resolving);
}

/** What an execution did, to be taken back: by the links and the app clients of today. */
async function undoOf(request: UndoRequest, { where, until }: Resolving): Promise<Resolved> {
  const { executionArn } = request;
  const done = doneBy(executionArn, await endOf(executionArn, where));
  const userPoolId = undoneUserPool(done, where.partition);
  const known = userPoolIn(links, userPoolId);
  const tags = (needsTags(links, known) && (await tagsOf(userPoolId, where))) || {};
  const pool = userPoolBy(links, userPoolId, where);
  const ids = clientsToLink(done);
  const listed = ids.length > 0 ? await appClientNames(pool, until) : undefined;
  const names = listed ? await listed.of(ids) : new Map<string, string>();
  return resolveUndo(links, request, { done, pool: { ...known, tags }, names });
}

async function resolvedOf(
  request: LinkRequest | UndoRequest,
  resolving: Resolving,
): Promise<Resolved> {
  const { partition } = resolving.where;
  if (request.operation === 'undo') return undoOf(request, resolving);
  if (request.leftBehind) return resolveLeftBehind(links, request, partition);
  return resolve(links, request, await subjectOf(request, resolving), partition);
}

/** Which identity pools may this client reach? */
export const handler = step(
  async (
    { execution, input }: { execution: string; input: unknown },
    context,
  ): Promise<Resolved> => {
    const request = parseRequest(input);
    const where = executionOf(execution);
    const until = Date.now() + context.getRemainingTimeInMillis() - RESERVE;
    const resolving = { where, until };
    const resolved = await resolvedOf(request, resolving);
    const { userPoolId, clientId, targets } = resolved;
    logger.info('targets resolved', { userPoolId, clientId, targets: targets.length });
    const resolvedAt = Date.now();
    return { ...resolved, targets: targets.map((target) => ({ ...target, resolvedAt })) };
  },
);
