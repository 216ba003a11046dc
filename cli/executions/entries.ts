import { inParallel } from '../../aws/pace/in-parallel.ts';
import { executionOf } from '../../core/execution.ts';
import { entryKey } from '../../core/identity-pool/identity-pool.ts';
import type { EntryState } from '../../core/reconcile/classify.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { userPoolIdOf } from '../../core/user-pool.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import type { Ledgers } from '../settings/ledgers.ts';

/** One entry of an identity pool, or one that should be there. */
export interface FoundEntry {
  state: EntryState;
  clientId: string;
  clientName?: string;
  /** The user pool, or the provider's name if it is not one. */
  userPoolId: string;
  providerName: string;
  /** The links that cover it. */
  links: string[];
  /** When Poolbridge wrote it last, in ISO 8601; absent if it never did, or has unlinked it since. */
  since?: string;
  /** The execution that wrote it last. */
  by?: string;
  /** When Poolbridge unlinked it, in ISO 8601; absent if it has not, or has written it since. */
  unlinked?: string;
  /** The execution that unlinked it. */
  unlinkedBy?: string;
}

/** When and by which execution Poolbridge wrote an entry last, or unlinked it. */
export type LastWrite = Pick<FoundEntry, 'since' | 'by' | 'unlinked' | 'unlinkedBy'>;

/** What the ledger has of the last write of an entry. */
export function lastWriteOf(ours: LedgerEntry | undefined): LastWrite {
  if (!ours) return {};
  const time = new Date(ours.time).toISOString();
  return ours.state === 'linked'
    ? { since: time, by: ours.execution }
    : { unlinked: time, unlinkedBy: ours.execution };
}

/** An identity pool with its entries. */
export interface FoundPool {
  identityPoolId: string;
  links: string[];
  entries: FoundEntry[];
  /** How many entries it has, whatever was asked for; absent if it could not be looked at. */
  total?: number;
  /** How many entries the report had no room for. */
  omitted?: number;
  failure?: PoolReport['failure'];
}

type Ledger = ReadonlyMap<string, LedgerEntry>;
type Reported = PoolReport['entries'][number];

function foundEntry(entry: Reported, ledger: Ledger, partition: string): FoundEntry {
  const { state, providerName, clientId, links = [] } = entry;
  const ours = ledger.get(entryKey({ ProviderName: providerName, ClientId: clientId }));
  const clientName = entry.clientName ?? ours?.clientName;
  return {
    state,
    clientId,
    ...(clientName !== undefined && { clientName }),
    userPoolId: userPoolIdOf(providerName, partition) ?? providerName,
    providerName,
    links,
    ...lastWriteOf(ours),
  };
}

/** What a person looks for first comes first. */
const byName = (a: FoundEntry, b: FoundEntry): number =>
  a.userPoolId.localeCompare(b.userPoolId) ||
  (a.clientName ?? '').localeCompare(b.clientName ?? '') ||
  a.clientId.localeCompare(b.clientId) ||
  a.providerName.localeCompare(b.providerName);

/** How many entries an identity pool has. */
export function presentIn({ counts }: PoolReport): number {
  const { missing, removed, ...inPool } = counts;
  return Object.values(inPool).reduce((sum, count) => sum + count, 0);
}

/** Which entries to return. */
export interface EntryFilter {
  identityPool?: string;
  userPool?: string;
  state?: EntryState;
}

/**
 * The entries of a report, each with what the ledger knows of it.
 *
 * @param execution the execution of `reconcile` that made the report.
 * @param ledgers where to look; none are read if absent.
 */
export async function entriesIn(
  execution: string,
  identityPools: ReconcileOutput['identityPools'],
  { identityPool, userPool, state }: EntryFilter,
  ledgers: Ledgers | undefined,
): Promise<FoundPool[]> {
  const { partition } = executionOf(execution);
  const wanted = identityPools.filter(
    ({ identityPoolId }) => identityPool === undefined || identityPoolId === identityPool,
  );
  const known = new Map<string, Ledger>();
  await inParallel(wanted, async ({ identityPoolId }) => {
    known.set(identityPoolId, (await ledgers?.of(identityPoolId)) ?? new Map());
  });
  return wanted.map((pool): FoundPool => {
    const { identityPoolId, links, failure } = pool;
    const ledger = known.get(identityPoolId) ?? new Map();
    const entries = ('entries' in pool ? [...pool.entries, ...(pool.rest ?? [])] : [])
      .map((entry) => foundEntry(entry, ledger, partition))
      .filter((entry) => userPool === undefined || entry.userPoolId === userPool)
      .filter((entry) => state === undefined || entry.state === state)
      .sort(byName);
    const total = 'counts' in pool ? presentIn(pool) : undefined;
    const omitted = 'counts' in pool ? (pool.omitted ?? 0) + (pool.omittedRest ?? 0) : 0;
    return {
      identityPoolId,
      links,
      entries,
      ...(total !== undefined && { total }),
      ...(omitted > 0 && { omitted }),
      ...(failure && { failure }),
    };
  });
}
