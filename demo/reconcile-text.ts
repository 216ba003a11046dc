import { driftText, foundIn } from '../cli/executions/found.ts';
import type { DescribedExecution } from '../core/audit/audit.ts';
import { isObject, isText, parsedJson } from '../core/shape.ts';

const counted = (count: number, what: string): string[] => (count > 0 ? [`${count} ${what}`] : []);

/** What an execution of `reconcile` was to look at, in a few words. */
export function reconcileRequestText({ input }: DescribedExecution): string {
  const asked = parsedJson(input);
  const { identityPoolId, link, waitUntil } = isObject(asked) ? asked : {};
  const word = waitUntil === undefined ? 'reconcile' : 'recheck';
  return [word, identityPoolId, link].filter(isText).join(' ');
}

/**
 * What an execution of `reconcile` repaired, or else what it found.
 *
 * @returns undefined if it did not succeed.
 */
export function reconcileOutcomeText(described: DescribedExecution): string | undefined {
  if (described.status !== 'SUCCEEDED') return undefined;
  const { identityPools = [] } = foundIn(described, [])?.report ?? {};
  const sums = { restored: 0, linked: 0, unlinked: 0 };
  for (const pool of identityPools) {
    if (!('counts' in pool)) continue;
    const { restored = 0, repaired = { linked: 0, unlinked: 0 } } = pool;
    sums.restored += restored;
    sums.linked += repaired.linked - restored;
    sums.unlinked += repaired.unlinked;
  }
  const done = Object.entries(sums).flatMap(([what, count]) => counted(count, what));
  return done.length > 0 ? done.join(', ') : driftText(described);
}
