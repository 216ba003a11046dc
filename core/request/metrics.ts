import type { LinkFinished } from './outcome.ts';
import type { Outcome } from './target.ts';

const metricNames: Partial<Record<Outcome | 'FAILED', string>> = {
  LINKED: 'Linked',
  ALREADY_LINKED: 'AlreadyLinked',
  UNLINKED: 'Unlinked',
  FAILED: 'Failed',
};

/** The metrics of an execution: one for each target, or one for a failure without targets. */
export function metricsOf({ status, results }: LinkFinished): {
  metric: string;
  links: string[];
}[] {
  if (status === 'FAILED' && results.length === 0) return [{ metric: 'Failed', links: [] }];
  return results.flatMap(({ outcome, links }) => {
    const metric = metricNames[outcome];
    return metric === undefined ? [] : [{ metric, links }];
  });
}
