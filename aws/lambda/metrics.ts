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
