import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { inParallel } from '../../aws/pace/in-parallel.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { moment } from '../../core/moment.ts';
import { providerNameOf } from '../../core/user-pool.ts';
import { Approvals, WAITING } from '../executions/approvals.ts';
import { clientNames } from '../executions/client-names.ts';
import { type ExecutionFilter, Executions } from '../executions/executions.ts';
import { type ExecutionSummary, summaryOf } from '../executions/summary.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { UsageError } from '../output/exit.ts';
import { pauseLines } from '../output/pause-lines.ts';
import { requestedByName, requestedByText } from '../output/requested-by.ts';
import type { Sheet } from '../output/sheet.ts';
import { type Shorten, shortener, whole } from '../output/short-ids.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { age } from '../output/times.ts';
import { watching, watchSeconds } from '../output/watch.ts';
import type { Session } from '../session.ts';
import { pausedIn } from '../settings/pauses.ts';

interface Options {
  reconcile?: true;
  status?: NonNullable<ExecutionFilter['status']>;
  limit: string;
  watch?: string | true;
}

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'];
const MOST = 1000;
// A look reads each execution that is listed.
const WATCH = { usual: 5, least: 2 };

function limitOf({ limit }: Options): number {
  const number = Number(limit);
  if (Number.isInteger(number) && number > 0 && number <= MOST) return number;
  throw new UsageError(`--limit must be a number from 1 to ${MOST}, not ${limit}`);
}

const colours: Record<string, Parameters<typeof styleText>[0]> = {
  SUCCEEDED: 'green',
  RUNNING: 'yellow',
};

const colourOf = ({ status, wouldFail }: Row) =>
  wouldFail ? 'yellow' : (colours[status] ?? 'red');

type Row = ExecutionSummary & { clientName?: string };

/** What the request is about: by its name in a terminal, and by its ids where lines may have any length. */
function aboutText(
  { operation = '', userPoolId = '', clientId, clientName, undoes }: Row,
  { isWide, short }: { isWide: boolean; short: Shorten },
) {
  const undone = undoes === undefined ? undefined : short(executionOf(undoes).name);
  const ids = isWide ? [userPoolId, clientId] : [clientName === undefined ? clientId : undefined];
  const [only] = clientId === undefined && !isWide ? [userPoolId] : [];
  return [operation, undone, clientName, ...ids, only].filter((part) => part).join(' ');
}

const outcomeCell = ({ outcome, dryRun }: Row): string =>
  dryRun ? `${outcome} (dry run)` : outcome;

function linesOf(rows: Row[], { width, isWide }: Terminal): string[] {
  const names = rows
    .flatMap(({ execution, undoes = execution }) => [execution, undoes])
    .map((each) => executionOf(each).name);
  const short = isWide ? whole : shortener(names);
  const head = ['started', 'outcome', 'request', 'requested by', 'execution'];
  const body = rows.map((row) => [
    isWide ? `${moment(row.started)} ${age(row.started)}` : age(row.started),
    isWide ? styleText(colourOf(row), outcomeCell(row)) : outcomeCell(row),
    aboutText(row, { isWide, short }),
    (isWide ? requestedByText : requestedByName)(row.requestedBy ?? { via: 'unknown' }),
    short(executionOf(row.execution).name),
  ]);
  return table([head, ...body], { width, cut: [3, 2, 1] });
}

const sheetOf = (rows: Row[]): Sheet => ({
  head: [
    'started',
    'stopped',
    'status',
    'outcome',
    'operation',
    'userPoolId',
    'clientId',
    'clientName',
    'requestedBy',
    'execution',
    'dryRun',
  ],
  rows: rows.map((row) => [
    row.started,
    row.stopped,
    row.status,
    row.outcome,
    row.operation,
    row.userPoolId,
    row.clientId,
    row.clientName,
    requestedByText(row.requestedBy ?? { via: 'unknown' }),
    row.execution,
    String(row.dryRun === true),
  ]),
});

/** With the names of the app clients, where people read them and the caller may list them. */
async function withNames(session: Session, shown: ExecutionSummary[]): Promise<Row[]> {
  const clients = shown.flatMap(({ execution, userPoolId, clientId }) => {
    if (userPoolId === undefined || clientId === undefined) return [];
    const { partition } = executionOf(execution);
    return [{ providerName: providerNameOf(userPoolId, partition), clientId }];
  });
  const names = await clientNames(session, clients);
  return shown.map((row) => {
    const clientName = names.get(row.clientId ?? '');
    return { ...row, ...(clientName !== undefined && { clientName }) };
  });
}

/** With WAITING for those that run, and wait for approval. */
async function withWaiting(
  session: Session,
  shown: ExecutionSummary[],
): Promise<ExecutionSummary[]> {
  const waiting = new Set<string>();
  const running = shown.filter(({ status, machine }) => status === 'RUNNING' && machine === 'link');
  await inParallel(running, async ({ execution }) => {
    const sfn = await session.stepFunctions(executionOf(execution).region);
    // Without the permission to read histories it is shown as running, which it is.
    const changes = await new Approvals(sfn, execution).waiting().catch(() => []);
    if (changes.length > 0) waiting.add(execution);
  });
  return shown.map((each) => (waiting.has(each.execution) ? { ...each, outcome: WAITING } : each));
}

async function show(terminal: Terminal, command: Command): Promise<void> {
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
  const summaries = arns.flatMap((arn) => read.get(arn) ?? []).map((each) => summaryOf(each));
  const waiting = await withWaiting(session, summaries);
  const shown: Row[] = terminal.json ? waiting : await withNames(session, waiting);
  terminal.answer(
    { ...paused, executions: shown },
    ({ executions: rows, ...more }) => [
      ...pauseLines(more, terminal.commandLine('resume')),
      ...(rows.length > 0 ? linesOf(rows, terminal) : ['No executions.']),
      ...(rows.some(({ outcome }) => outcome === WAITING)
        ? [`To decide what waits: ${terminal.commandLine('approvals')}`]
        : []),
    ],
    ({ executions: rows }) => sheetOf(rows),
  );
}

function run(terminal: Terminal, command: Command): Promise<void> {
  const { watch } = optionsOf<Options>(command);
  const seconds = watchSeconds(watch, WATCH);
  return watching(terminal, seconds, () => show(terminal, command));
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
    .option('--watch [seconds]', `show it again and again, every ${WATCH.usual} seconds`)
    .action(() => run(terminal, command));
}
