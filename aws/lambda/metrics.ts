import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

const metrics = new Metrics({ namespace: 'Poolbridge', serviceName: 'poolbridge' });

/** Publishes a number of things. */
export function tally(metric: string, number: number): void {
  metrics.singleMetric().addMetric(metric, MetricUnit.Count, number);
}

/** Counts one outcome in total, and once for each of the links that allowed it. */
export function count(metric: string, links: string[]): void {
  tally(metric, 1);
  for (const link of links) {
    const byLink = metrics.singleMetric();
    byLink.addDimension('link', link);
    byLink.addMetric(metric, MetricUnit.Count, 1);
  }
}

/** Counts one for a state machine, and so for its stage: the other metrics do not tell stages apart. */
export function countOf(metric: string, stateMachine: string): void {
  const ofMachine = metrics.singleMetric();
  ofMachine.addDimension('stateMachine', stateMachine);
  ofMachine.addMetric(metric, MetricUnit.Count, 1);
}
