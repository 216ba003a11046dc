import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { ToldExecution } from '../core/audit.ts';
import { isObject } from '../core/shape.ts';
import type { Event } from './history.ts';

/** An event of an execution, and of which. */
export interface LoggedEvent extends Event {
  execution: string;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html */
function eventIn(message: string): LoggedEvent {
  const line = JSON.parse(message);
  return {
    execution: String(line.execution_arn),
    ...{ id: Number(line.id), previous: Number(line.previous_event_id), type: String(line.type) },
    ...{ time: Number(line.event_timestamp), details: isObject(line.details) ? line.details : {} },
  };
}

interface Period {
  /** In epoch milliseconds. */
  from?: number;
  until?: number;
}

/** The log group of a state machine, which keeps what Step Functions forgets. */
export class LogGroup {
  readonly #logs: CloudWatchLogs;
  readonly #name: string;

  /** @param machine the state machine's name. */
  constructor(logs: CloudWatchLogs, machine: string) {
    this.#logs = logs;
    this.#name = `/aws/vendedlogs/states/${machine}`;
  }

  /** The events that a filter pattern finds, in their order within each execution. */
  async find(filterPattern: string, { from, until }: Period = {}): Promise<LoggedEvent[]> {
    const found: LoggedEvent[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.#logs.filterLogEvents({
        ...{ logGroupName: this.#name, filterPattern },
        ...(from !== undefined && { startTime: from }),
        ...(until !== undefined && { endTime: until }),
        ...(nextToken !== undefined && { nextToken }),
      });
      found.push(
        ...(page.events ?? []).flatMap(({ message }) => (message ? [eventIn(message)] : [])),
      );
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return found.sort((a, b) => a.id - b.id);
  }
}

const text = (details: Record<string, unknown>, name: string): Record<string, string> =>
  details[name] === undefined ? {} : { [name]: String(details[name]) };

const statuses = new Map([
  ['ExecutionSucceeded', 'SUCCEEDED'],
  ['ExecutionFailed', 'FAILED'],
  ['ExecutionAborted', 'ABORTED'],
  ['ExecutionTimedOut', 'TIMED_OUT'],
]);

/** An execution as its logged events tell of it; nothing where there are none. */
export function toldBy(execution: string, events: Event[]): ToldExecution | undefined {
  const started = events.find(({ type }) => type === 'ExecutionStarted');
  if (!started) return undefined;
  const ended = events.findLast(({ type }) => statuses.has(type));
  const { details = {} } = ended ?? {};
  return {
    ...{ execution, machine: execution.includes('-reconcile:') ? 'reconcile' : 'link' },
    ...{ source: 'log group', status: statuses.get(ended?.type ?? '') ?? 'RUNNING' },
    ...{ started: new Date(started.time).toISOString(), input: String(started.details['input']) },
    ...(ended && { stopped: new Date(ended.time).toISOString() }),
    ...text(details, 'output'),
    ...text(details, 'error'),
    ...text(details, 'cause'),
  };
}
