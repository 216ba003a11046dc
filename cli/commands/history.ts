import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { inParallel } from '../../aws/in-parallel.ts';
import { auditRecords, type ToldExecution } from '../../core/audit.ts';
import { grouped } from '../../core/grouped.ts';
import { Executions, type Which } from '../executions.ts';
import { UsageError } from '../exit.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { moment, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { whoText } from '../who.ts';

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

/** How an execution ended, in a few words: its error, or the outcomes of its identity pools. */
function outcomeOf(told: ToldExecution): string {
  const { status, error } = told;
  if (status !== 'SUCCEEDED') return error ?? status;
  const outcomes = grouped(auditRecords(told), ({ outcome }) => outcome);
  return [...outcomes]
    .map(([outcome, group]) => (group.length > 1 ? `${outcome} × ${group.length}` : outcome))
    .join(', ');
}

/** One execution, as the list shows it. */
function listedAs(told: ToldExecution) {
  const { execution, machine, status, started, stopped } = told;
  const [first] = auditRecords(told);
  const { requestedBy, operation, userPoolId, clientId } = first ?? {};
  return {
    ...{ execution, machine, status, outcome: outcomeOf(told), requestedBy, operation },
    ...{ userPoolId, clientId, started, stopped },
  };
}

function rowOf(shown: ReturnType<typeof listedAs>): string[] {
  const { execution, status, outcome, requestedBy, operation = '', userPoolId = '' } = shown;
  return [
    moment(shown.started),
    styleText(colours[status] ?? 'red', outcome),
    `${operation} ${userPoolId} ${shown.clientId ?? ''}`.trim(),
    whoText(requestedBy ?? { via: 'unknown' }),
    execution.split(':').slice(7).join(':'),
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
  const lines = shown.length > 0 ? table([head, ...shown.map(rowOf)]) : ['There are none.'];
  terminal.answer({ executions: shown }, lines);
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
