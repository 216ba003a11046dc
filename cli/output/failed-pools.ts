import type { Fault } from '../../core/failure.ts';
import type { TargetReport } from '../../core/request/outcome.ts';

/** What an execution reports of its identity pools. */
interface Report {
  /** Of `link`: a list, or counts where a cause has no room for it. */
  results?: unknown;
  /** Of `reconcile`. */
  identityPools?: { failure?: unknown; wouldFail?: Fault }[];
}

const targetsIn = ({ results }: Report): TargetReport[] =>
  Array.isArray(results) ? (results as TargetReport[]) : [];

/**
 * How many identity pools failed, as a sentence, for an answer whose lines already say why each did.
 *
 * @returns undefined if the lines name no identity pool that failed.
 */
export function failedPools(report: Report): string | undefined {
  const { identityPools = [] } = report;
  const all = [
    ...targetsIn(report).map(({ outcome }) => outcome === 'FAILED'),
    ...identityPools.map(({ failure }) => failure !== undefined),
  ];
  const count = all.filter((isFailed) => isFailed).length;
  if (count === 0) return undefined;
  return all.length === 1
    ? 'The identity pool failed.'
    : `${count} of ${all.length} identity pools failed.`;
}

/**
 * How a plan or a dry run says that the write would fail: why in the first identity pool, and in how many, as a
 * sentence.
 *
 * @returns undefined if it would not.
 */
export function foreseenFault(report: Report): (Fault & { summary: string }) | undefined {
  const all = [...targetsIn(report), ...(report.identityPools ?? [])];
  const faults = all.flatMap((pool) => ('wouldFail' in pool ? (pool.wouldFail ?? []) : []));
  const [first] = faults;
  if (!first) return undefined;
  const where = all.length === 1 ? '' : ` in ${faults.length} of ${all.length} identity pools`;
  return { ...first, summary: `This would fail${where}.` };
}
