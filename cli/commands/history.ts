import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { inParallel } from '../../aws/pace/in-parallel.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { type ExecutionFilter, Executions } from '../executions/executions.ts';
import { type ExecutionSummary, summaryOf } from '../executions/summary.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { UsageError } from '../output/exit.ts';
import { pauseLines } from '../output/pause-lines.ts';
import { requestedByText } from '../output/requested-by.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { moment } from '../output/times.ts';
import { pausedIn } from '../settings/pauses.ts';

interface Options {
  reconcile?: true;
  status?: NonNullable<ExecutionFilter['status']>;
  limit: string;
}

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'];
const MOST = 1000;

function limitOf({ limit }: Options): number {
  const number = Number(limit);
  if (Number.isInteger(number) && number > 0 && number <= MOST) return number;
  throw new UsageError(`--limit must be a number from 1 to ${MOST}, not ${limit}`);
}

const colours: Record<string, Parameters<typeof styleText>[0]> = {
  SUCCEEDED: 'green',
  RUNNING: 'yellow',
};

function rowOf(shown: ExecutionSummary): string[] {
  const { execution, status, outcome, requestedBy, operation = '', userPoolId = '' } = shown;
  return [
    moment(shown.started),
    styleText(colours[status] ?? 'red', outcome),
    `${operation} ${userPoolId} ${shown.clientId ?? ''}`.trim(),
    requestedByText(requestedBy ?? { via: 'unknown' }),
    executionOf(execution).name,
  ];
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { stage, reconcile, status } = options;
  const limit = limitOf(options);
  const session = sessionOf(command);
  const executions = new Executions(session, stage);
  const machine = reconcile ? 'reconcile' : 'link';
  const arns = await executions.list(machine, { limit, ...(status && { status }) });
  const read = new Map<string, DescribedExecution>();
  await inParallel(arns, async (arn) => {
    read.set(arn, await executions.read(arn));
    terminal.busy(`${read.size} of ${arns.length} executions`);
  });
  const paused = await pausedIn(session, stage);
  const shown = arns.flatMap((arn) => read.get(arn) ?? []).map(summaryOf);
  const head = ['started', 'outcome', 'request', 'requested by', 'execution'];
  terminal.answer({ ...paused, executions: shown }, ({ executions: rows, ...more }) => [
    ...pauseLines(more),
    ...(rows.length > 0 ? table([head, ...rows.map(rowOf)]) : ['No executions.']),
  ]);
}

/** Lists executions with their requests and outcomes. */
export function history(program: Command, terminal: Terminal): void {
  const command = program
    .command('history')
    .description('list the last executions: request, outcome, requested by, time')
    .option('--reconcile', 'executions of reconcile instead of link')
    .addOption(
      new Option('--status <status>', 'only executions with this status').choices(STATUSES),
    )
    .option('--limit <number>', 'how many to list', '20')
    .action(() => run(terminal, command));
}
