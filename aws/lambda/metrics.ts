import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Machine } from '../../core/deployment.ts';
import { ATTENDED } from '../../core/request/attended.ts';

const metrics = new Metrics({ namespace: 'Poolbridge', serviceName: 'poolbridge' });

/** Publishes a number of things. */
export function tally(metric: string, number: number): void {
  metrics.singleMetric().addMetric(metric, MetricUnit.Count, number);
}

/** Counts a failure that a person sees at once, by stage, since each stage has its own alarms. */
export function countAttended(machine: Machine, stage: string): void {
  const metric = metrics.singleMetric();
  metric.addDimension('stage', stage);
  metric.addMetric(ATTENDED[machine], MetricUnit.Count, 1);
}

/** Counts one outcome in total, for alarms, and once for each of the links that allowed it. */
export function count(metric: string, links: string[]): void {
  tally(metric, 1);
  for (const link of links) {
    const byLink = metrics.singleMetric();
    byLink.addDimension('link', link);
    byLink.addMetric(metric, MetricUnit.Count, 1);
  }
}
