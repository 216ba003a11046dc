import type { Execution } from '../../core/execution.ts';
import { grouped } from '../../core/grouped.ts';
import { namesFor } from '../../core/issuer.ts';
import {
  choiceFor,
  coverageOf,
  needsIssuer,
  needsTags,
  type Subject,
  userPoolIn,
} from '../../core/links/coverage.ts';
import type { Links } from '../../core/links/links.ts';
import { approvalTime } from '../../core/request/approval-time.ts';
import type { Issuer } from '../../core/user-pool.ts';
import type { Allowed, Pending } from '../../core/write/records.ts';
import { issuerOf } from '../clients/issuer.ts';
import { namesInCognito, tagsOf, type UserPool, userPoolBy } from '../clients/user-pools.ts';
import { logger } from '../lambda/logger.ts';
import { lastAppClientNames } from '../names/app-client-names.ts';

/** A waiting request about a user pool or an app client; undefined if links.yml does not allow it. */
function allowed(
  links: Links,
  { key, execution, operation, userPoolId, clientId, deleted }: Pending,
  subject: Subject,
  identityPoolId: string,
  partition: string,
): Allowed | undefined {
  const coverage = coverageOf(links, subject).find(
    (each) => each.identityPoolId === identityPoolId,
  );
  if (!coverage) return undefined;
  // Only the execution that has the approval writes what requires it.
  if (approvalTime(links, coverage.links)) return undefined;
  // The deletion of a whole user pool can't be checked here, so its own execution writes it.
  if (deleted === true && clientId === undefined) return undefined;
  const { clientName } = subject;
  const names = namesFor(operation, userPoolId, partition, choiceFor(coverage, subject));
  return {
    key,
    execution,
    links: coverage.links,
    clientName,
    // Ignore `deleted` if the client still exists.
    deleted: deleted && clientName === undefined,
    intent: { operation, ...names, clientId, ...coverage.entry },
  };
}

/** What is known about one user pool, to judge requests about it. */
interface Known {
  /** The names of the app clients, by id. */
  names: ReadonlyMap<string, string>;
  /** Undefined if it is unknown, or decides nothing. */
  issuer?: Issuer | undefined;
}

const isAboutClient = (request: Pending): request is Pending & { clientId: string } =>
  request.clientId !== undefined;

/**
 * Finds out what is known about a user pool and the app clients that requests are about. If all requests were
 * looked up in listings before, the last listing answers without a call.
 *
 * @param asksIssuer whether the issuer of the user pool decides anything.
 * @returns undefined if the time is up, or if AWS refuses. Other requests must not wait for that.
 */
async function knownFor(
  requests: Pending[],
  pool: UserPool,
  { until, asksIssuer }: { until: number; asksIssuer: boolean },
): Promise<Known | undefined> {
  const asked = requests.filter(isAboutClient);
  if (asked.length === 0) return { names: new Map() };
  const ids = new Set(asked.map(({ clientId }) => clientId));
  const listings = asked.flatMap(({ listing }) => listing ?? []);
  try {
    const last =
      listings.length === asked.length
        ? await lastAppClientNames(pool.userPoolId, Math.max(...listings))
        : 'none';
    if (last === undefined) return { names: new Map() };
    const names = last === 'none' ? await namesInCognito(pool, ids, until) : await last.of(ids);
    if (!names || !asksIssuer) return names && { names };
    const told = last === 'none' ? undefined : last.issuer;
    const issuer = told ?? (await issuerOf(pool));
    return { names, issuer: issuer === 'unknown' ? undefined : issuer };
  } catch (error) {
    // Stryker disable next-line CallExpression: only the log changes.
    logger.warn(`app clients of ${pool.userPoolId} are not judged`, error as Error);
    return undefined;
  }
}

/** The allowed requests about one user pool; none if the time is up. */
async function allowedOfUserPool(
  links: Links,
  requests: Pending[],
  pool: Subject,
  { identityPoolId, where, until }: Judging,
): Promise<Allowed[]> {
  if (coverageOf(links, pool).length === 0) return [];
  const { userPoolId } = pool;
  const reader = userPoolBy(links, userPoolId, where);
  const isAsked = requests.some(({ operation }) => operation === 'link');
  const asksIssuer = isAsked && needsIssuer(links, pool, identityPoolId);
  const known = await knownFor(requests, reader, { until, asksIssuer });
  if (!known) return [];
  const { names, issuer } = known;
  const described = { ...pool, issuer };
  return requests.flatMap((request) => {
    const clientName = names.get(request.clientId ?? '');
    if (clientName === undefined && request.operation === 'link') return [];
    const subject = { ...described, clientName };
    return allowed(links, request, subject, identityPoolId, where.partition) ?? [];
  });
}

/** What requests are judged for: the identity pool, the execution and the deadline. */
interface Judging {
  identityPoolId: string;
  where: Execution;
  /** In epoch milliseconds. */
  until: number;
}

/**
 * Compares waiting requests with links.yml, as if they had not been checked yet. So write access to the table does
 * not help to link anything. A client that is to be linked must exist, by its own name.
 *
 * @returns the allowed requests. The others are left to their own executions. If the time is up, all requests about
 * a user pool are either there or missing, since their order matters.
 */
export async function allowedByLinks(
  links: Links,
  pending: Pending[],
  judging: Judging,
): Promise<Allowed[]> {
  const byUserPool = grouped(pending, ({ userPoolId }) => userPoolId);
  const all: Allowed[] = [];
  for (const [userPoolId, requests] of byUserPool) {
    if (Date.now() > judging.until) break;
    const pool = userPoolIn(links, userPoolId);
    const tags = needsTags(links, pool) ? await tagsOf(userPoolId, judging.where) : {};
    all.push(...(await allowedOfUserPool(links, requests, { ...pool, tags: tags ?? {} }, judging)));
  }
  return all;
}
