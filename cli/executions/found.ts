import { styleText } from 'node:util';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { STATES } from '../../core/reconcile/classify.ts';
import type { EntryRemoved } from '../../core/reconcile/removed.ts';
import { isObject } from '../../core/shape.ts';
import { providerLabel } from '../../core/user-pool.ts';
import type { ReconcileReport } from '../output/reconcile-table.ts';
import { answersOf, type Event } from './history.ts';

/** What an execution of `reconcile` found. */
export interface Found {
  /** What it reported of each identity pool. */
  report: ReconcileReport;
  /** The entries that others removed and, if that is known, who removed them. */
  removed: EntryRemoved[];
}

function reportIn({ output, cause }: DescribedExecution): ReconcileReport {
  try {
    const report: unknown = JSON.parse(output ?? cause ?? '{}');
    return isObject(report) && Array.isArray(report['identityPools']) ? report : {};
  } catch {
    // The cause of an execution that timed out is not JSON.
    return {};
  }
}

/** What an execution found, by its end and its events; undefined for one of `link`. */
export function foundIn(described: DescribedExecution, events: Event[]): Found | undefined {
  if (described.machine !== 'reconcile') return undefined;
  const answers = answersOf(events, 'ExplainRemoved');
  const removed = answers.flatMap((answer) => (Array.isArray(answer) ? answer : []));
  return {
    report: reportIn(described),
    removed: removed.filter(isObject) as unknown as EntryRemoved[],
  };
}

// What is as it should be, or is not ours.
const WELL = ['linked', 'foreign'];

/**
 * What an execution of `reconcile` has found, before its own repairs, in a few words.
 *
 * @returns undefined if its end does not say that.
 */
export function driftText(described: DescribedExecution): string | undefined {
  const { totals } = foundIn(described, [])?.report ?? {};
  if (!totals) return undefined;
  const all = STATES.filter((state) => totals[state] > 0 && !WELL.includes(state));
  if (all.length > 0) return all.map((state) => `${totals[state]} ${state}`).join(', ');
  // One that failed has not seen everything.
  return described.status === 'SUCCEEDED' ? 'no drift' : undefined;
}

/** One entry that others removed: which, by whom and when, and what to do. */
const removalLines = (entry: EntryRemoved): string[] => {
  const { clientName, clientId, providerName, identityPoolId, restored, message } = entry;
  const what = [clientName, clientId, providerLabel(providerName), identityPoolId];
  const word = restored ? styleText('green', 'restored') : styleText('red', 'removed');
  return [`  ${word}  ${what.filter((part) => part !== undefined).join('  ')}`, `    ${message}`];
};

/** The entries that others removed, as lines. */
export const removedLines = (removed: EntryRemoved[]): string[] =>
  removed.length === 0 ? [] : ['Removed by others:', ...removed.flatMap(removalLines)];
