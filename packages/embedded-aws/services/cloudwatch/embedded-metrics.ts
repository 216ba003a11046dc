import type { Aws } from '../../kernel/aws.ts';
import { LogGroups } from '../logs/logs.ts';

/** Values that a metric had at a time, in seconds. */
export interface Sample {
  time: number;
  value: number;
}

interface Dimension {
  Name: string;
  Value: string;
}

/** A metric by which a log line is searched. */
interface Metric {
  Namespace: string;
  MetricName: string;
  Dimensions?: Dimension[];
}

interface Line extends Record<string, unknown> {
  _aws?: {
    CloudWatchMetrics?: {
      Namespace: string;
      Dimensions: string[][];
      Metrics: { Name: string }[];
    }[];
  };
}

/** A JSON line with metrics; undefined for any other line. */
function lineIn(message: string): Line | undefined {
  if (!message.includes('"CloudWatchMetrics"')) return undefined;
  try {
    return JSON.parse(message) as Line;
  } catch {
    return undefined;
  }
}

/** The values that a line has for a metric with exactly these dimensions. */
function valuesIn(line: Line, { Namespace, MetricName, Dimensions = [] }: Metric): number[] {
  const isMeant = (names: string[]): boolean =>
    names.length === Dimensions.length &&
    Dimensions.every(({ Name, Value }) => names.includes(Name) && line[Name] === Value);
  return (line._aws?.CloudWatchMetrics ?? [])
    .filter(
      (each) =>
        each.Namespace === Namespace &&
        each.Metrics.some(({ Name }) => Name === MetricName) &&
        each.Dimensions.some(isMeant),
    )
    .flatMap(() => [line[MetricName]].flat().map(Number));
}

/**
 * The values of a metric that log lines of an account and Region contain.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function embeddedMetric(
  aws: Aws,
  { account, region }: { account: string; region: string },
  metric: Metric,
): Sample[] {
  return aws
    .state(LogGroups)
    .all()
    .filter(({ arn }) => arn.includes(`:logs:${region}:${account}:log-group:/aws/lambda/`))
    .flatMap(({ events }) => events)
    .flatMap(({ timestamp, message }) => {
      const line = lineIn(message);
      const values = line ? valuesIn(line, metric) : [];
      return values.map((value) => ({ time: timestamp / 1000, value }));
    });
}
