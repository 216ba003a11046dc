import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { inParallel } from '../../aws/pace/in-parallel.ts';
import type { ToldExecution } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { Executions, type Which } from '../executions/executions.ts';
import { type Listed, listedAs } from '../executions/listed.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { UsageError } from '../output/exit.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { moment } from '../output/times.ts';
import { whoText } from '../output/who.ts';

interface Options {
  reconcile?: true;
  status?: NonNullable<Which['status']>;
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

function rowOf(shown: Listed): string[] {
  const { execution, status, outcome, requestedBy, operation = '', userPoolId = '' } = shown;
  return [
    moment(shown.started),
    styleText(colours[status] ?? 'red', outcome),
    `${operation} ${userPoolId} ${shown.clientId ?? ''}`.trim(),
    whoText(requestedBy ?? { via: 'unknown' }),
    executionOf(execution).name,
  ];
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { stage, reconcile, status } = options;
  const limit = limitOf(options);
  const executions = new Executions(sessionOf(command), stage);
  const machine = reconcile ? 'reconcile' : 'link';
  const arns = await executions.list(machine, { limit, ...(status && { status }) });
  const told = new Map<string, ToldExecution>();
  await inParallel(arns, async (arn) => {
    told.set(arn, await executions.read(arn));
    terminal.busy(`${told.size} of ${arns.length} executions`);
  });
  const shown = arns.flatMap((arn) => told.get(arn) ?? []).map(listedAs);
  const head = ['started', 'outcome', 'what', 'who', 'execution'];
  terminal.answer({ executions: shown }, ({ executions: rows }) =>
    rows.length > 0 ? table([head, ...rows.map(rowOf)]) : ['There are none.'],
  );
}

/** What has been asked for, and what came of it. */
export function history(program: Command, terminal: Terminal): void {
  const command = program
    .command('history')
    .description('the last executions: what, how it ended, who asked, when')
    .option('--reconcile', 'those of reconcile, in place of link')
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .option('--limit <number>', 'how many', '20')
    .action(() => run(terminal, command));
}
