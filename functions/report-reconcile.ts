import { publish } from '../aws/clients/events.ts';
import { logger } from '../aws/lambda/logger.ts';
import { tally } from '../aws/lambda/metrics.ts';
import { step } from '../aws/lambda/step.ts';
import { endRecheck } from '../aws/recheck/recheck.ts';
import { reconcileMetrics } from '../core/reconcile/metrics.ts';
import { type ReconcileReport, recheckedIn, reconcileReport } from '../core/reconcile/report.ts';

interface Ending {
  execution: string;
  /** What the steps left, in any form. */
  state: unknown;
  /** Whether to publish ReconcileFinished: not if that failed before. */
  announce: boolean;
}

/** Shapes the output or the error, publishes the event, and counts what was found and repaired. */
export const handler = step(
  async ({ execution, state, announce }: Ending): Promise<ReconcileReport> => {
    const rechecked = recheckedIn(state);
    if (rechecked !== undefined) await endRecheck(execution, rechecked);
    const { report, finished } = reconcileReport(execution, state);
    if (announce) await publish('ReconcileFinished', finished, execution);
    for (const { metric, count } of reconcileMetrics(finished)) tally(metric, count);
    logger.info('reconcile reported', { ...finished });
    return report;
  },
);
