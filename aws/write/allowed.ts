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
import { type Links, userPoolRoleOf } from '../../core/links/links.ts';
import { approvalTime } from '../../core/request/approval.ts';
import type { Issuer } from '../../core/user-pool.ts';
import type { Allowed, Pending } from '../../core/write/records.ts';
import { issuerOf } from '../clients/issuer.ts';
import { namesInCognito, tagsOf, type UserPool } from '../clients/user-pools.ts';
import { logger } from '../lambda/logger.ts';
import { lastAppClientNames } from '../names/app-client-names.ts';

/** A waiting request about a subject, if links.yml allows it. */
function allowed(
  links: Links,
  { key, execution, operation, userPoolId, clientId, deleted }: Pending,
  subject: Subject,
  identityPoolId: string,
  partition: string,
): Allowed[] {
  const coverage = coverageOf(links, subject).find(
    (each) => each.identityPoolId === identityPoolId,
  );
  if (!coverage) return [];
  // What must be approved is written by the execution that has the approval, and by no other.
  if (approvalTime(links, coverage.links)) return [];
  // The deletion of a whole user pool can't be looked up here: its own execution writes it.
  if (deleted === true && clientId === undefined) return [];
  const client = clientId === undefined ? {} : { clientId };
  const names = namesFor(operation, userPoolId, partition, choiceFor(coverage, subject));
  return [
    {
      key,
      execution,
      links: coverage.links,
      ...(subject.clientName !== undefined && { clientName: subject.clientName }),
      // Ignore `deleted` if the client still exists.
      ...(deleted === true && subject.clientName === undefined && { deleted }),
      intent: { operation, ...names, ...client, ...coverage.entry },
    },
  ];
}

/** What requests about one user pool are judged by. */
interface Known {
  /** The names of the app clients by their ids. */
  names: ReadonlyMap<string, string>;
  /** Absent where it is unknown, or decides nothing. */
  issuer?: Issuer;
}

/**
 * What is known of the app clients that requests are about, and of their user pool. Requests that were
 * all looked up in listings before need no call: the last listing will do.
 *
 * @param asksIssuer whether the user pool's issuer decides anything.
 * @returns undefined when the time is up, or when AWS refuses: that must hold up no other requests.
 */
async function knownFor(
  requests: Pending[],
  pool: UserPool,
  { until, asksIssuer }: { until: number; asksIssuer: boolean },
): Promise<Known | undefined> {
  const asked = requests.filter(({ clientId }) => clientId !== undefined);
  const ids = new Set(asked.flatMap(({ clientId }) => clientId ?? []));
  if (ids.size === 0) return { names: new Map() };
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
    return issuer === undefined || issuer === 'unknown' ? { names } : { names, issuer };
  } catch (error) {
    logger.warn(`app clients of ${pool.userPoolId} are not judged`, error as Error);
    return undefined;
  }
}

/** The requests about one user pool that are allowed; none of them when the time is up. */
async function allowedOfUserPool(
  links: Links,
  requests: Pending[],
  pool: Subject,
  { identityPoolId, where, until }: Judging,
): Promise<Allowed[]> {
  if (coverageOf(links, pool).length === 0) return [];
  const { userPoolId } = pool;
  const reader = { userPoolId, where, roleArn: userPoolRoleOf(links, userPoolId) };
  const isAsked = requests.some(({ operation }) => operation === 'link');
  const asksIssuer = isAsked && needsIssuer(links, pool, identityPoolId);
  const known = await knownFor(requests, reader, { until, asksIssuer });
  if (!known) return [];
  const { names, issuer } = known;
  const described = issuer === undefined ? pool : { ...pool, issuer };
  return requests.flatMap((request) => {
    const clientName = names.get(request.clientId ?? '');
    if (clientName === undefined && request.operation === 'link') return [];
    const subject = clientName === undefined ? described : { ...described, clientName };
    return allowed(links, request, subject, identityPoolId, where.partition);
  });
}

/** For what, where and until when requests are held against links.yml. */
interface Judging {
  identityPoolId: string;
  where: Execution;
  /** In epoch milliseconds. */
  until: number;
}

/**
 * Holds waiting requests against links.yml, as if they had not been checked yet: who may write to the
 * table gains nothing by it. A client that is to be linked must exist, by its own name.
 *
 * @returns those that are allowed; the others are left to their own executions. When the time is up,
 * these are all that are about a user pool, since their order counts.
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
