import type { TargetReport } from '../../core/request/outcome.ts';

/** What an execution reports of its identity pools. */
interface Report {
  /** Of `link`: a list, or counts where a cause has no room for it. */
  results?: unknown;
  /** Of `reconcile`. */
  identityPools?: { failure?: unknown }[];
}

/**
 * How many identity pools failed, as a sentence, for an answer whose lines already say why each did.
 *
 * @returns undefined if the lines name no identity pool that failed.
 */
export function failedPools({ results, identityPools = [] }: Report): string | undefined {
  const targets = Array.isArray(results) ? (results as TargetReport[]) : [];
  const all = [
    ...targets.map(({ outcome }) => outcome === 'FAILED'),
    ...identityPools.map(({ failure }) => failure !== undefined),
  ];
  const count = all.filter((isFailed) => isFailed).length;
  if (count === 0) return undefined;
  return all.length === 1
    ? 'The identity pool failed.'
    : `${count} of ${all.length} identity pools failed.`;
}
