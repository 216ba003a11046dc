import type { Execution } from '../core/execution.ts';
import { coverageOf, type Links, needsTags, type Subject } from '../core/links.ts';
import type { Allowed, Pending } from '../core/records.ts';
import { providerNameOf } from '../core/user-pool.ts';
import { namesOfAppClients, tagsOf } from './user-pools.ts';

/** A waiting request about a subject, if links.yml allows it. */
function allowed(
  links: Links,
  { key, execution, operation, userPoolId, clientId }: Pending,
  subject: Subject,
  identityPoolId: string,
  partition: string,
): Allowed[] {
  const coverage = coverageOf(links, subject).find(
    (each) => each.identityPoolId === identityPoolId,
  );
  if (!coverage) return [];
  const { serverSideTokenCheck } = coverage;
  const client = clientId === undefined ? {} : { clientId };
  const providerName = providerNameOf(userPoolId, partition);
  return [
    {
      ...{ key, execution, links: coverage.links },
      ...(subject.clientName !== undefined && { clientName: subject.clientName }),
      intent: { operation, providerName, ...client, serverSideTokenCheck },
    },
  ];
}

/**
 * Holds waiting requests against links.yml, as if nobody had looked at them yet: who may write to the
 * table gains nothing by it. A client that is to be linked must exist, by its own name.
 *
 * @returns those that are allowed; the others are left to their own executions.
 */
export async function allowedByLinks(
  links: Links,
  pending: Pending[],
  identityPoolId: string,
  where: Execution,
): Promise<Allowed[]> {
  const byUserPool = Map.groupBy(pending, ({ userPoolId }) => userPoolId);
  const all: Allowed[] = [];
  for (const [userPoolId, requests] of byUserPool) {
    const pool = { userPoolId, tags: needsTags(links) ? await tagsOf(userPoolId, where) : {} };
    if (coverageOf(links, pool).length === 0) continue;
    const ids = requests.flatMap(({ clientId }) => clientId ?? []);
    const names = await namesOfAppClients(userPoolId, ids);
    for (const request of requests) {
      const clientName = names.get(request.clientId ?? '');
      if (clientName === undefined && request.operation === 'link') continue;
      const subject = clientName === undefined ? pool : { ...pool, clientName };
      all.push(...allowed(links, request, subject, identityPoolId, where.partition));
    }
  }
  return all;
}
