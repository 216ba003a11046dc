import { publish } from '../aws/clients/events.ts';
import { startExecution } from '../aws/clients/executions.ts';
import { logData } from '../aws/lambda/log-data.ts';
import { countOf, tally } from '../aws/lambda/metrics.ts';
import { step } from '../aws/lambda/step.ts';
import { endRecheck } from '../aws/recheck/recheck.ts';
import { executionOf } from '../core/execution.ts';
import { REPORTED } from '../core/logged-data.ts';
import { reconcileMetrics, WHOLE } from '../core/reconcile/metrics.ts';
import { afterPart, executionOfPart, nextPartIn } from '../core/reconcile/parts.ts';
import {
  type ReconcileReport,
  recheckedIn,
  reconcileReport,
  wasWhole,
} from '../core/reconcile/report.ts';

interface Ending {
  execution: string;
  /** What the steps left, in any form. */
  state: unknown;
  /** Whether to publish ReconcileFinished: not if that failed before. */
  announce: boolean;
}

/** Shapes the output or the error, starts the next part, publishes the event, and counts what was found. */
export const handler = step(
  async ({ execution, state, announce }: Ending): Promise<ReconcileReport> => {
    const rechecked = recheckedIn(state);
    if (rechecked) await endRecheck(execution, rechecked);
    const next = nextPartIn(state);
    const part = next && executionOfPart(execution, next.part);
    const { report, finished, logged } = reconcileReport(execution, state, part?.arn);
    // First, so that it is known even if the rest fails.
    logData(REPORTED.reconcile, logged, { status: logged.status, error: logged.error });
    if (next && part) {
      const { stateMachineArn, name } = part;
      const input = JSON.stringify(afterPart(next, report.status));
      await startExecution({ stateMachineArn, name, input });
    }
    if (announce) await publish('ReconcileFinished', finished, execution);
    for (const { metric, count } of reconcileMetrics(finished)) tally(metric, count);
    if (report.status === 'SUCCEEDED' && wasWhole(state)) {
      countOf(WHOLE, executionOf(execution).machine);
    }
    return report;
  },
);
