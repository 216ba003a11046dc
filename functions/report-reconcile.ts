import { publish } from '../aws/clients/events.ts';
import { logger } from '../aws/lambda/logger.ts';
import { countAttended, tally } from '../aws/lambda/metrics.ts';
import { step } from '../aws/lambda/step.ts';
import { stageOf } from '../core/deployment.ts';
import {
  type ReconcileReport,
  reconcileMetrics,
  reconcileReport,
} from '../core/reconcile/report.ts';
import { isAttended } from '../core/request/attended.ts';

interface Ending {
  execution: string;
  /** Of the execution. */
  input: unknown;
  /** What the steps left, in any form. */
  state: unknown;
  /** Whether to publish ReconcileFinished: not if that failed before. */
  announce: boolean;
}

/** Shapes the output or the error, publishes the event, and counts what was found and repaired. */
export const handler = step(
  async ({ execution, input, state, announce }: Ending): Promise<ReconcileReport> => {
    const { report, finished } = reconcileReport(execution, state);
    if (announce) await publish('ReconcileFinished', finished, execution);
    for (const { metric, count } of reconcileMetrics(finished)) tally(metric, count);
    if (report.status === 'FAILED' && isAttended('reconcile', input, report.error)) {
      countAttended('reconcile', stageOf(execution));
    }
    logger.info('reconcile reported', { ...finished });
    return report;
  },
);
