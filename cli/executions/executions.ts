import type {
  DescribeExecutionOutput,
  ExecutionStatus,
  ListExecutionsOutput,
} from '@aws-sdk/client-sfn';
import { pagesOf } from '../../aws/pace/pages.ts';
import { type DescribedExecution, machineOf } from '../../core/audit/audit.ts';
import type { Machine } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import type { Session } from '../session.ts';
import { type Event, historyOf } from './history.ts';
import { LoggedExecutions } from './logged-executions.ts';
import { Machines } from './machines.ts';

/** Which executions to list. */
export interface ExecutionFilter {
  status?: ExecutionStatus;
  /** The first start time, in epoch milliseconds. */
  from?: number;
  /** The start time before which they began, in epoch milliseconds. */
  until?: number;
  limit?: number;
}

const iso = (date: Date | undefined): string => (date ?? new Date(0)).toISOString();

function executionFromApi(described: DescribeExecutionOutput): DescribedExecution {
  const { executionArn = '', status = 'FAILED', startDate, stopDate, input = '' } = described;
  const { output, error, cause } = described;
  return {
    execution: executionArn,
    machine: machineOf(executionArn),
    source: 'history',
    status,
    started: iso(startDate),
    input,
    ...(stopDate && { stopped: iso(stopDate) }),
    ...(output !== undefined && { output }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

/** Whether an error says that Step Functions does not know the execution, or no longer. */
export const isUnknown = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ExecutionDoesNotExist';

/** Reads executions from Step Functions or, once it no longer has them, from log groups. */
export class Executions {
  readonly #session: Session;
  readonly #machines: Machines;
  readonly #logged: LoggedExecutions;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#machines = new Machines(session, stage);
    this.#logged = new LoggedExecutions(session);
  }

  /** One page of the executions that Step Functions knows, newest first. */
  async page(
    machine: Machine,
    { status, limit = 1000 }: Pick<ExecutionFilter, 'status' | 'limit'>,
    nextToken: string | undefined,
  ): Promise<ListExecutionsOutput> {
    const sfn = await this.#session.stepFunctions();
    return sfn.listExecutions({
      stateMachineArn: await this.#machines.arnOf(machine),
      maxResults: Math.min(limit, 1000),
      ...(status && { statusFilter: status }),
      ...(nextToken !== undefined && { nextToken }),
    });
  }

  /** The ARNs of executions that Step Functions knows, newest first. */
  async list(machine: Machine, filter: ExecutionFilter): Promise<string[]> {
    const { status, from = 0, until = Number.POSITIVE_INFINITY, limit = Number.MAX_VALUE } = filter;
    const pages = pagesOf('ListExecutions', async (token: string | undefined) => {
      const page = await this.page(machine, { limit, ...(status && { status }) }, token);
      return { items: page.executions ?? [], next: page.nextToken };
    });
    const began = ({ startDate }: { startDate?: Date | undefined }) => startDate?.getTime() ?? 0;
    const found: string[] = [];
    for await (const { items } of pages) {
      const matching = items.filter((each) => began(each) >= from && began(each) < until);
      found.push(...matching.map(({ executionArn = '' }) => executionArn));
      if (found.length >= limit || items.some((each) => began(each) < from)) break;
    }
    return found.slice(0, limit);
  }

  /** @throws ExecutionDoesNotExist if Step Functions does not know it, or no longer. */
  async exists(execution: string): Promise<true> {
    const sfn = await this.#session.stepFunctions(executionOf(execution).region);
    await sfn.describeExecution({ executionArn: execution });
    return true;
  }

  /** Whether the log group of its state machine has an execution. */
  isLogged(execution: string): Promise<boolean> {
    return this.#logged.has(execution);
  }

  /** @throws ExecutionDoesNotExist if neither Step Functions nor the log group knows it. */
  async read(execution: string): Promise<DescribedExecution> {
    const sfn = await this.#session.stepFunctions(executionOf(execution).region);
    try {
      return executionFromApi(await sfn.describeExecution({ executionArn: execution }));
    } catch (error) {
      const logged = isUnknown(error) && (await this.#logged.read(execution));
      if (logged) return logged;
      throw error;
    }
  }

  /** Every event of an execution, from the source that the execution was read from. */
  async eventsOf({
    execution,
    source,
  }: Pick<DescribedExecution, 'execution' | 'source'>): Promise<Event[]> {
    if (source === 'log group') return this.#logged.eventsOf(execution);
    return historyOf(await this.#session.stepFunctions(executionOf(execution).region), execution);
  }
}
