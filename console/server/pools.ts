import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { issuerIn, providerIn } from '../../core/user-pool.ts';
import type { Drift, PoolView } from './protocol.ts';

type Found = ReconcileOutput['identityPools'][number];

/** What an execution of reconcile has found, and when. */
export interface Report {
  execution: string;
  /** ISO 8601. */
  started: string;
  identityPools: Found[];
}

/** One entry that an execution of link has written. */
export interface Written {
  identityPoolId: string;
  clientId: string;
  outcome: 'LINKED' | 'UNLINKED';
  /** ISO 8601. */
  stopped: string;
}

/** What a report leaves to do: what it has repaired is no drift any more. */
function driftIn(found: Found): Drift[] {
  if (!('entries' in found)) return [];
  return found.entries
    .filter(({ repair, refused }) => !found.repaired || !repair || refused !== undefined)
    .map(({ state, providerName, clientId, clientName, repair }) => ({
      state,
      userPoolId: providerIn(providerName),
      clientId,
      ...(clientName !== undefined && { clientName }),
      ...(repair !== undefined && { repair }),
      ...(issuerIn(providerName) === 'updated' && { issuer: 'updated' as const }),
    }));
}

function countsIn(found: Found): Record<string, number> | undefined {
  if (!('counts' in found)) return undefined;
  const { counts, repaired = { linked: 0, unlinked: 0 } } = found;
  return {
    ...counts,
    linked: counts.linked + repaired.linked,
    missing: counts.missing - repaired.linked,
    orphaned: counts.orphaned - repaired.unlinked,
  };
}

/**
 * Takes what was written for an app client since the report out of the drift, or counts it. The client may
 * have drifted under both names of its user pool: one request is about both.
 */
function apply(pool: PoolView, { clientId, outcome }: Written): void {
  const { counts, since } = pool;
  const isLink = outcome === 'LINKED';
  since[isLink ? 'linked' : 'unlinked'] += 1;
  const drifted = pool.drift.filter((each) => each.clientId === clientId);
  pool.drift = pool.drift.filter((each) => !drifted.includes(each));
  if (!counts) return;
  for (const { state } of drifted) counts[state] = (counts[state] ?? 0) - 1;
  if (isLink) counts['linked'] = (counts['linked'] ?? 0) + Math.max(1, drifted.length);
  else if (drifted.length === 0) counts['linked'] = (counts['linked'] ?? 0) - 1;
}

function poolOf({ execution, started }: Report, found: Found): PoolView {
  const { identityPoolId, links, failure } = found;
  const counts = countsIn(found);
  const omitted = 'omitted' in found ? found.omitted : undefined;
  return {
    identityPoolId,
    links,
    asOf: started,
    execution,
    drift: driftIn(found),
    ...(counts && { counts }),
    ...(omitted !== undefined && { omitted }),
    ...(failure && { failure }),
    since: { linked: 0, unlinked: 0 },
  };
}

const isWell = ({ drift, failure }: PoolView): boolean => drift.length === 0 && !failure;

/**
 * Every identity pool as the last report has it that is about it, with what was written since then.
 *
 * @param reports the last first.
 * @returns those that want a person first.
 */
export function poolsOf(reports: Report[], written: Written[]): PoolView[] {
  const found = reports.flatMap((report) =>
    report.identityPools.map((pool) => poolOf(report, pool)),
  );
  const pools = new Map(found.toReversed().map((pool) => [pool.identityPoolId, pool]));
  for (const each of written.toSorted((a, b) => a.stopped.localeCompare(b.stopped))) {
    const pool = pools.get(each.identityPoolId);
    if (pool && each.stopped > pool.asOf) apply(pool, each);
  }
  return [...pools.values()].sort(
    (a, b) =>
      Number(isWell(a)) - Number(isWell(b)) || a.identityPoolId.localeCompare(b.identityPoolId),
  );
}
