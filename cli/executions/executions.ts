import type {
  DescribeExecutionOutput,
  ExecutionStatus,
  ListExecutionsOutput,
} from '@aws-sdk/client-sfn';
import { pagesOf } from '../../aws/pace/pages.ts';
import { machineOf, type ToldExecution } from '../../core/audit/audit.ts';
import type { Machine } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import type { Session } from '../session.ts';
import { type Event, historyOf } from './history.ts';
import { eventsIn, LogGroup, ofMachine, toldBy } from './log-group.ts';
import { Machines } from './machines.ts';

/** Which executions are meant. */
export interface Which {
  status?: ExecutionStatus;
  /** In epoch milliseconds: those that began in between. */
  from?: number;
  until?: number;
  limit?: number;
}

const iso = (date: Date | undefined): string => (date ?? new Date(0)).toISOString();

function toldIn(described: DescribeExecutionOutput): ToldExecution {
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

/** Whether Step Functions knows an execution no more. */
export const isForgotten = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ExecutionDoesNotExist';

/** Executions as Step Functions tells of them and, once it has forgotten them, their log group. */
export class Executions {
  readonly #session: Session;
  readonly #machines: Machines;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#machines = new Machines(session, stage);
  }

  /** One page of the executions that Step Functions knows, the last first. */
  async page(
    machine: Machine,
    { status, limit = 1000 }: Pick<Which, 'status' | 'limit'>,
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

  /** The ARNs of executions that Step Functions knows, the last first. */
  async list(machine: Machine, which: Which): Promise<string[]> {
    const { status, from = 0, until = Number.POSITIVE_INFINITY, limit = Number.MAX_VALUE } = which;
    const pages = pagesOf('ListExecutions', async (token: string | undefined) => {
      const page = await this.page(machine, { limit, ...(status && { status }) }, token);
      return { items: page.executions ?? [], next: page.nextToken };
    });
    const began = ({ startDate }: { startDate?: Date | undefined }) => startDate?.getTime() ?? 0;
    const found: string[] = [];
    for await (const { items } of pages) {
      const meant = items.filter((each) => began(each) >= from && began(each) < until);
      found.push(...meant.map(({ executionArn = '' }) => executionArn));
      if (found.length >= limit || items.some((each) => began(each) < from)) break;
    }
    return found.slice(0, limit);
  }

  /** @throws ExecutionDoesNotExist where neither knows it. */
  async read(execution: string): Promise<ToldExecution> {
    const sfn = await this.#session.stepFunctions(executionOf(execution).region);
    try {
      return toldIn(await sfn.describeExecution({ executionArn: execution }));
    } catch (error) {
      const told = isForgotten(error) && toldBy(execution, await this.#logged(execution));
      if (told) return told;
      throw error;
    }
  }

  /** Every event of an execution, from where it was read. */
  async eventsOf({ execution, source }: ToldExecution): Promise<Event[]> {
    if (source === 'log group') return this.#logged(execution);
    return historyOf(await this.#session.stepFunctions(executionOf(execution).region), execution);
  }

  async #logged(execution: string): Promise<Event[]> {
    const { machine } = executionOf(execution);
    const group = new LogGroup(await this.#session.logs(), ofMachine(machine));
    return eventsIn(await group.find(`{ $.execution_arn = "${execution}" }`));
  }
}
