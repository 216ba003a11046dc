import { notesOf } from '../../cli/output/entry-notes.ts';
import { isAbsent, type PoolNow } from '../../core/now/pool-now.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import { issuerIn, providerIn } from '../../core/user-pool.ts';
import type { Drift, PoolView } from './protocol.ts';

type Entry = PoolReport['entries'][number];

function driftOf(entry: Entry): Drift {
  const { state, providerName, clientId, clientName, repair } = entry;
  const refused = entry.refused === undefined ? [] : [`a repair is refused: ${entry.refused}`];
  const notes = [...notesOf(entry), ...refused];
  return {
    state,
    userPoolId: providerIn(providerName),
    clientId,
    ...(clientName !== undefined && { clientName }),
    ...(repair !== undefined && { repair }),
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
  const { counts, entries, omitted, quota } = pool;
  return {
    ...view,
    ...failed,
    counts,
    held: heldIn(counts),
    drift: entries.map(driftOf),
    ...(omitted !== undefined && { omitted }),
    ...(quota !== undefined && { quota }),
    ...(isAbout && { isAbout }),
  };
}

const isWell = ({ drift, failure }: PoolView): boolean => drift.length === 0 && !failure;

/** Identity pools as the page shows them, those with drift or a failure first. */
export const poolViews = (pools: PoolNow[]): PoolView[] =>
  pools
    .map(viewOf)
    .sort(
      (a, b) =>
        Number(isWell(a)) - Number(isWell(b)) || a.identityPoolId.localeCompare(b.identityPoolId),
    );
