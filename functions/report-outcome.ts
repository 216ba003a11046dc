import { publish } from '../aws/clients/events.ts';
import { logger } from '../aws/lambda/logger.ts';
import { count, countAttended } from '../aws/lambda/metrics.ts';
import { step } from '../aws/lambda/step.ts';
import { stageOf } from '../core/deployment.ts';
import { isAttended } from '../core/request/attended.ts';
import { metricsOf, type Report, reportOn } from '../core/request/outcome.ts';

interface Ending {
  execution: string;
  /** Of the execution. */
  input: unknown;
  /** What the steps left, in any form. */
  state: unknown;
  /** Whether to publish LinkFinished: not if that failed before. */
  announce: boolean;
}

/** Shapes the output or the error, publishes the event, and counts. */
export const handler = step(
  async ({ execution, input, state, announce }: Ending): Promise<Report> => {
    const { report, finished } = reportOn(execution, state);
    if (announce) await publish('LinkFinished', finished, execution);
    for (const { metric, links } of metricsOf(finished)) count(metric, links);
    if (report.status === 'FAILED' && isAttended('link', input, report.error)) {
      countAttended('link', stageOf(execution));
    }
    logger.info('outcome reported', { ...finished });
    return report;
  },
);
