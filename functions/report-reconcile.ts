import { publish } from '../aws/clients/events.ts';
import { logger } from '../aws/lambda/logger.ts';
import { tally } from '../aws/lambda/metrics.ts';
import { step } from '../aws/lambda/step.ts';
import {
  type ReconcileReport,
  reconcileMetrics,
  reconcileReport,
} from '../core/reconcile/report.ts';

interface Ending {
  execution: string;
  /** Whatever the steps have left. */
  state: unknown;
  /** Whether to publish ReconcileFinished: not where that has failed. */
  announce: boolean;
}

/** Tells everyone what was found and repaired: the output or the error, an event, metrics. */
export const handler = step(
  async ({ execution, state, announce }: Ending): Promise<ReconcileReport> => {
    const { report, finished } = reconcileReport(execution, state);
    if (announce) await publish('ReconcileFinished', finished, execution);
    for (const { metric, count } of reconcileMetrics(finished)) tally(metric, count);
    logger.info('reconcile reported', { ...finished });
    return report;
  },
);
