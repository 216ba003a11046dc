import links from '#links';
import { endOf } from '../aws/clients/executions.ts';
import { issuerOf } from '../aws/clients/issuer.ts';
import { tagsOf, userPoolBy } from '../aws/clients/user-pools.ts';
import { logData } from '../aws/lambda/log-data.ts';
import { step } from '../aws/lambda/step.ts';
import {
  type AppClientNames,
  appClientNames,
  findAppClient,
  UserPoolNotFoundError,
} from '../aws/names/app-client-names.ts';
import { whileThrottled } from '../aws/pace/pace.ts';
import { linksInLedgers, nameInLedgers } from '../aws/table/ledger.ts';
import { NotDeletedError, NotListedError, UserPoolClientNotFoundError } from '../core/errors.ts';
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
import { BEGINS, namedPools, RESOLVED } from '../core/logged-data.ts';
import { type LinkRequest, parseRequest, type UndoRequest } from '../core/request/request.ts';
import { isDeletion, type Resolved, resolve, resolveLeftBehind } from '../core/request/resolve.ts';
import {
  clientsToLink,
  doneBy,
  linksUpdated,
  resolveUndo,
  userPoolOf as undoneUserPool,
} from '../core/request/undo.ts';
import { providerNameOf } from '../core/user-pool.ts';
import { LAG_MS } from '../core/write/marks.ts';

/** Where a request is resolved, and until when, in epoch milliseconds. */
interface Resolving {
  where: Execution;
  until: number;
}

// In milliseconds: the calls after a listing of app clients may need this long.
const RESERVE = 15_000;

/** An app client, and the listing that it was looked up in, if it was looked up. */
interface LookedUp {
  subject: Subject;
  names?: AppClientNames;
}

/**
 * Checks that an app client which is not listed was not just created, since a listing may lag behind.
 *
 * @throws NotListedError if it was. A later attempt looks it up again.
 */
function checkLag({ userPoolId, clientId, requestedBy: { time = '' } }: LinkRequest): void {
  const age = Date.now() - Date.parse(time);
  // Without a time, the age is not a number.
  if (!(age < LAG_MS)) return;
  throw new NotListedError(
    `Cognito does not list the new app client ${clientId} of the user pool ${userPoolId} yet. It is looked up again. If it still exists when this execution has failed, link it by hand.`,
  );
}

/** The app client. It is looked up if the request alone is not proof, or does not say enough. */
async function appClientOf(
  request: LinkRequest,
  subject: Subject,
  { where, until }: Resolving,
): Promise<LookedUp> {
  const { userPoolId, clientId, clientName, requestedBy, operation, identityPoolId } = request;
  const everyClient = clientId === undefined && clientName === undefined;
  // If a name decides, use the name in Cognito and not the one in the request.
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
  if (isCreation) {
    if (found) checkLag(request);
    return { subject: { ...subject, ...known, gone: true } };
  }
  // An entry may outlive its client, so unlinking does not require the client.
  if (operation === 'unlink' && clientId !== undefined)
    return { subject: { ...subject, clientId } };
  throw new UserPoolClientNotFoundError(
    `The user pool ${userPoolId} has no app client ${clientId ?? clientName}. Check the id. A client that was deleted can only be unlinked.`,
  );
}

/**
 * A deleted client or user pool. It can't be looked up, but the ledger has the name of the client and the links of
 * the user pool.
 */
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
 * Checks that what a request says to be deleted does not exist. An input may falsely claim to come from CloudTrail,
 * and what the ledger has as deleted is not linked again.
 *
 * @param isThere whether the user pool exists, if that is known.
 * @throws NotDeletedError if Cognito still has it. A listing may lag behind, so a later attempt can succeed.
 */
async function checkDeleted(
  { userPoolId, clientId }: LinkRequest,
  isThere: boolean | undefined,
  { where, until }: Resolving,
): Promise<void> {
  // A user pool that is covered by its tags can't be listed without them: AWS judges the permission by the tags
  // too.
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
    `The request says that ${what}the user pool ${userPoolId} was deleted, but Cognito still has it, so nothing was unlinked. Look in CloudTrail for who started this execution. To unlink what exists, ask for it by hand.`,
  );
}

/** The user pool, in the account that CloudTrail names, or else in the account that links.yml has. */
function userPoolOf(
  { userPoolId, requestedBy }: LinkRequest,
  { account: own }: Execution,
): Subject {
  const { via, account = own } = requestedBy;
  return via === 'cloudtrail'
    ? userPoolToldOf(links, userPoolId, { account, own })
    : userPoolIn(links, userPoolId);
}

/** Adds the user pool's issuer, if it decides the names under which a client is linked. */
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

/**
 * The user pool and the app client, as the links are compared with them. A pool that no link covers needs no call.
 */
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

/** Resolves an undo, by the links and the app clients of today. */
async function undoOf(request: UndoRequest, { where, until }: Resolving): Promise<Resolved> {
  const { executionArn } = request;
  const done = doneBy(executionArn, await endOf(executionArn, where));
  const userPoolId = undoneUserPool(done, where.partition);
  const known = userPoolIn(links, userPoolId);
  const tags = (needsTags(links, known) && (await tagsOf(userPoolId, where))) || {};
  // Only the entries under the updated issuer depend on the user pool's own setting.
  const asksIssuer = linksUpdated(done);
  const ids = clientsToLink(done);
  const listed =
    ids.length > 0
      ? await appClientNames({ ...userPoolBy(links, userPoolId, where), asksIssuer }, until)
      : undefined;
  const names = listed ? await listed.of(ids) : new Map<string, string>();
  const { issuer } = listed ?? {};
  const isKnown = issuer !== undefined && issuer !== 'unknown';
  const pool = { ...known, tags, ...(isKnown && { issuer }) };
  return resolveUndo(links, request, { done, pool, names });
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

/** Finds the identity pools that the app client may reach. */
export const handler = step(
  async (
    { execution, input }: { execution: string; input: unknown },
    context,
  ): Promise<Resolved> => {
    logData(BEGINS, input);
    const request = parseRequest(input);
    const where = executionOf(execution);
    const until = Date.now() + context.getRemainingTimeInMillis() - RESERVE;
    const resolving = { where, until };
    const resolved = await resolvedOf(request, resolving);
    const { userPoolId, clientId, targets } = resolved;
    logData(RESOLVED, namedPools(targets), { userPoolId, clientId });
    const resolvedAt = Date.now();
    return {
      ...resolved,
      ...(request.dryRun && { dryRun: true }),
      targets: targets.map((target) => ({ ...target, resolvedAt })),
    };
  },
);
