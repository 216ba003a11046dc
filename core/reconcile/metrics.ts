import type { ReconcileFinished } from './report.ts';

const titled = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The metric of the reconciles that have repaired every identity pool of links.yml. The alarm for none names it. */
export const WHOLE = 'ReconcileWhole';

/** The metrics of an execution: how many entries are in each state, and how many were repaired. */
export function reconcileMetrics({ totals }: Pick<ReconcileFinished, 'totals'>): {
  metric: string;
  count: number;
}[] {
  const {
    repaired = { linked: 0, unlinked: 0 },
    removedByOthers = 0,
    restored = 0,
    braked = 0,
    wrongMarks = 0,
    ...counts
  } = totals;
  return [
    ...Object.entries(counts).map(([state, count]) => ({
      metric: `Reconcile${titled(state)}`,
      count,
    })),
    { metric: 'EntriesRemoved', count: removedByOthers },
    { metric: 'EntriesRestored', count: restored },
    { metric: 'EntriesBraked', count: braked },
    { metric: 'ReconcileWrongMarks', count: wrongMarks },
    { metric: 'ReconcileRepaired', count: repaired.linked + repaired.unlinked },
  ];
}
