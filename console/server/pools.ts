import { notesOf } from '../../cli/output/entry-notes.ts';
import { isAbsent, type PoolNow } from '../../core/now/pool-now.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import { issuerIn, providerIn } from '../../core/user-pool.ts';
import { failedSince, type IsOvertaken, type RequestEnd } from './failures.ts';
import type { Drift, FailedRequest, PoolView } from './protocol.ts';

type Entry = PoolReport['entries'][number];

function driftOf(entry: Entry): Drift {
  const { state, providerName, clientId, clientName, repair, refused, unlinked } = entry;
  const { needsApproval } = entry;
  const notes = [
    ...notesOf(entry),
    ...(refused === undefined ? [] : [`a repair is refused: ${refused}`]),
  ];
  return {
    state,
    userPoolId: providerIn(providerName),
    clientId,
    ...(clientName !== undefined && { clientName }),
    ...(repair !== undefined && refused === undefined && { repair }),
    ...(needsApproval && { needsApproval }),
    ...(unlinked && { isUnlinked: true as const }),
    ...(issuerIn(providerName) === 'updated' && { issuer: 'updated' as const }),
    ...(notes.length > 0 && { notes }),
  };
}

/** How many entries an identity pool holds. */
const heldIn = (counts: PoolReport['counts']): number =>
  Object.entries(counts)
    .filter(([state]) => !isAbsent({ state: state as Entry['state'] }))
    .reduce((sum, [, count]) => sum + count, 0);

function viewOf(pool: PoolNow): PoolView {
  const { identityPoolId, links, lookedBy, asOf, since, isAbout, failure } = pool;
  const view = { identityPoolId, links, execution: lookedBy, asOf, since };
  const failed = failure && { failure };
  if (!('counts' in pool)) return { ...view, ...failed, drift: [] };
  const { counts, entries, omitted, quota, wouldFail } = pool;
  return {
    ...view,
    ...failed,
    counts,
    held: heldIn(counts),
    drift: entries.map(driftOf),
    ...(omitted !== undefined && { omitted }),
    ...(quota !== undefined && { quota }),
    ...(isAbout && { isAbout }),
    ...(wouldFail && { wouldFail }),
  };
}

// This many requests that have failed are listed for each identity pool.
const LISTED = 20;

const failedRequest = ({
  execution,
  userPoolId,
  clientId,
  stopped,
}: RequestEnd): FailedRequest => ({
  execution,
  userPoolId,
  stopped,
  ...(clientId !== '' && { clientId }),
});

const isWell = ({ drift, failure, failed }: PoolView): boolean =>
  drift.length === 0 && !failure && !failed;

/**
 * Identity pools as the page shows them, those with drift or a failure first.
 *
 * @param ends of requests, of which some may have failed since the identity pools were compared.
 * @param isOvertaken whether something else was written about an app client since a request has ended.
 */
export const poolViews = (
  pools: PoolNow[],
  ends: RequestEnd[] = [],
  isOvertaken?: IsOvertaken,
): PoolView[] =>
  pools
    .map((pool): PoolView => {
      const failed = failedSince(ends, pool.identityPoolId, pool.asOf, isOvertaken);
      const known = { failed: failed.length, failures: failed.slice(0, LISTED).map(failedRequest) };
      return { ...viewOf(pool), ...(failed.length > 0 && known) };
    })
    .sort(
      (a, b) =>
        Number(isWell(a)) - Number(isWell(b)) || a.identityPoolId.localeCompare(b.identityPoolId),
    );
