import type { DescribedExecution } from '../../core/audit/audit.ts';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { isObject } from '../../core/shape.ts';
import { issuerIn, providerIn } from '../../core/user-pool.ts';
import type { Drift, PoolView } from './protocol.ts';

type ReportedPool = ReconcileOutput['identityPools'][number];

/** The report of an execution of reconcile. */
export interface Report {
  execution: string;
  /** ISO 8601. */
  started: string;
  identityPools: ReportedPool[];
}

/** One entry that an execution of link wrote. */
export interface Written {
  identityPoolId: string;
  clientId: string;
  outcome: 'LINKED' | 'UNLINKED';
  /** ISO 8601. */
  stopped: string;
}

const parsed = (json = 'null'): Record<string, unknown> => {
  const value: unknown = JSON.parse(json);
  return isObject(value) ? value : {};
};

/** The report of an execution of reconcile, if it has made one. */
export function reportIn({
  execution,
  started,
  status,
  output,
  cause,
}: DescribedExecution): Report[] {
  try {
    const { identityPools } = parsed(status === 'SUCCEEDED' ? output : cause);
    if (!Array.isArray(identityPools)) return [];
    const found = identityPools as ReconcileOutput['identityPools'];
    return [{ execution, started, identityPools: found }];
  } catch {
    // The cause of an execution that timed out is not JSON.
    return [];
  }
}

/** The drift that is left after the repairs of a report. */
function driftIn(found: ReportedPool): Drift[] {
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

function countsIn(found: ReportedPool): Record<string, number> | undefined {
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
 * Applies a write that was made since the report: removes the app client from the drift, or counts it. The app
 * client may be in the drift twice, once for each name of its user pool; one request is about both.
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

function poolOf({ execution, started }: Report, found: ReportedPool): PoolView {
  const { identityPoolId, links, failure } = found;
  const counts = countsIn(found);
  const omitted = 'omitted' in found ? found.omitted : undefined;
  const quota = 'quota' in found ? found.quota : undefined;
  return {
    identityPoolId,
    links,
    asOf: started,
    execution,
    drift: driftIn(found),
    ...(counts && { counts }),
    ...(omitted !== undefined && { omitted }),
    ...(quota !== undefined && { quota }),
    ...(failure && { failure }),
    since: { linked: 0, unlinked: 0 },
  };
}

const isWell = ({ drift, failure }: PoolView): boolean => drift.length === 0 && !failure;

/**
 * Every identity pool as its last report shows it, with the writes since then.
 *
 * @param reports newest first.
 * @returns the identity pools with drift or a failure first.
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
