import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { pagesOf } from '../../aws/pace/pages.ts';
import { type DescribedExecution, machineOf } from '../../core/audit/audit.ts';
import type { LoggedData, LoggedReport } from '../../core/logged-data.ts';
import type { Period } from '../../core/period.ts';
import { isObject } from '../../core/shape.ts';
import type { Event } from './history.ts';

/** A line of a log group, which is JSON. */
export type Line = Record<string, unknown>;

/** An event with the ARN of its execution. */
interface LoggedEvent extends Event {
  execution: string;
}

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html */
function eventIn(line: Line): LoggedEvent {
  return {
    execution: String(line.execution_arn),
    id: Number(line.id),
    previous: Number(line.previous_event_id),
    type: String(line.type),
    time: Number(line.event_timestamp),
    details: isObject(line.details) ? line.details : {},
  };
}

/** The events in lines of a state machine's log group, in order within each execution. */
export const eventsIn = (lines: Line[]): LoggedEvent[] =>
  lines.map(eventIn).sort((a, b) => a.id - b.id);

/** The name of the log group of a state machine. It keeps executions longer than Step Functions does. */
export const machineLogGroup = (name: string): string => `/aws/vendedlogs/states/${name}`;

/** The name of the log group of a function. */
export const functionLogGroup = (name: string): string => `/aws/lambda/${name}`;

function lineIn(message = ''): Line[] {
  try {
    const line: unknown = JSON.parse(message);
    return isObject(line) ? [line] : [];
  } catch {
    return [];
  }
}

// Each call searches one part of the log, so many pages of a long period may be empty.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
const MOST_EMPTY = 1000;

/** One log group, whose lines are JSON. */
export class LogGroup {
  readonly #logs: CloudWatchLogs;
  readonly #name: string;

  constructor(logs: CloudWatchLogs, name: string) {
    this.#logs = logs;
    this.#name = name;
  }

  /**
   * The lines that match a filter pattern.
   *
   * @param period in epoch milliseconds.
   * @param progress is called with the number of lines found so far, before each page is read.
   * @throws AwsUnavailableError if the pages do not end.
   */
  async find(
    filterPattern: string,
    { from, until }: Partial<Period> = {},
    progress: (lines: number) => void = () => {},
  ): Promise<Line[]> {
    const found: Line[] = [];
    const read = async (nextToken: string | undefined) => {
      progress(found.length);
      const page = await this.#logs.filterLogEvents({
        logGroupName: this.#name,
        filterPattern,
        startTime: from,
        endTime: until,
        nextToken,
      });
      return { items: page.events ?? [], next: page.nextToken };
    };
    for await (const { items } of pagesOf('FilterLogEvents', read, MOST_EMPTY)) {
      found.push(...items.flatMap(({ message }) => lineIn(message)));
    }
    return found;
  }
}

/** Whether the events lack the input and output of states, so that only the functions have logged them. */
export const lacksData = (events: Event[]): boolean =>
  events.some(({ type, details }) => type === 'ExecutionStarted' && !('input' in details));

const text = (details: Record<string, unknown>, name: string): Record<string, string> =>
  details[name] === undefined ? {} : { [name]: String(details[name]) };

const statuses = new Map([
  ['ExecutionSucceeded', 'SUCCEEDED'],
  ['ExecutionFailed', 'FAILED'],
  ['ExecutionAborted', 'ABORTED'],
  ['ExecutionTimedOut', 'TIMED_OUT'],
]);

/** The end of an execution, as its report has it, if that is how it ended. */
function reportedEnd(status: string, report: LoggedReport | undefined): Record<string, string> {
  if (!report || report.status !== status) return {};
  const { output, error, cause } = report;
  if (status === 'SUCCEEDED') return { output: JSON.stringify(output) };
  return { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
}

/**
 * An execution as its logged events describe it; undefined if there are none.
 *
 * @param data what its functions logged, if {@link lacksData}.
 */
export function executionFromLog(
  execution: string,
  events: Event[],
  { input, report }: LoggedData = {},
): DescribedExecution | undefined {
  const started = events.find(({ type }) => type === 'ExecutionStarted');
  if (!started) return undefined;
  const ended = events.findLast(({ type }) => statuses.has(type));
  const { details = {} } = ended ?? {};
  const status = statuses.get(ended?.type ?? '') ?? 'RUNNING';
  return {
    execution,
    machine: machineOf(execution),
    source: 'log group',
    status,
    started: new Date(started.time).toISOString(),
    input: String(started.details['input'] ?? input ?? ''),
    ...(ended && { stopped: new Date(ended.time).toISOString() }),
    ...(report?.output && { reported: { ...report.output } }),
    ...reportedEnd(status, report),
    ...text(details, 'output'),
    ...text(details, 'error'),
    ...text(details, 'cause'),
  };
}
