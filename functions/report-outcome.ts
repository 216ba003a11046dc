import { publish } from '../aws/clients/events.ts';
import { logData } from '../aws/lambda/log-data.ts';
import { count } from '../aws/lambda/metrics.ts';
import { step } from '../aws/lambda/step.ts';
import { REPORTED } from '../core/logged-data.ts';
import { metricsOf } from '../core/request/metrics.ts';
import { type Report, reportOn } from '../core/request/outcome.ts';

interface Ending {
  execution: string;
  /** What the steps left, in any form. */
  state: unknown;
  /** Whether to publish LinkFinished: not if that failed before. */
  announce: boolean;
}

/** Shapes the output or the error, publishes the event, and counts. */
export const handler = step(async ({ execution, state, announce }: Ending): Promise<Report> => {
  const { report, finished, logged } = reportOn(execution, state);
  // First, so that it is known even if the rest fails.
  logData(REPORTED.link, logged, { status: logged.status, error: logged.error });
  if (announce) await publish('LinkFinished', finished, execution);
  for (const { metric, links } of metricsOf(finished)) count(metric, links);
  return report;
});
