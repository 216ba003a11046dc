import { type Command, Option } from 'commander';
import type { Machine } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import type { Output, TargetReport } from '../../core/request/outcome.ts';
import { checkReconcile, checkRequest } from '../arguments.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { type Amount, amountLine, changesAnything } from '../output/amount.ts';
import { type Names, outputLines } from '../output/changes.ts';
import { Failure, UsageError } from '../output/exit.ts';
import { failedPools, foreseenFault } from '../output/failed-pools.ts';
import { nextStepLines, nextStepsOf, type Stepping } from '../output/next-steps.ts';
import { pauseLines } from '../output/pause-lines.ts';
import { planMarkdown } from '../output/plan-markdown.ts';
import { type ReconcileReport, statusLines } from '../output/reconcile-table.ts';
import type { Terminal } from '../output/terminal.ts';
import { checkNamedLinks } from '../settings/named-links.ts';
import { pausedIn } from '../settings/pauses.ts';
import { clientsIn, type Existing, existingClients } from './client-names.ts';
import type { Ending } from './ending.ts';
import { Machines } from './machines.ts';
import { endingNow, poolsAfter } from './pools-now.ts';
import { confirmRemoval, mustAsk, type Removal, removalsIn } from './removal.ts';
import { withUndoConflicts } from './undo-conflicts.ts';
import { waitingLinkText } from './waiting-links.ts';

/** Makes the lines of text from the output of an execution. */
type LinesOf = (output: Record<string, unknown>) => string[];

/** A command, and where it answers. */
interface Context {
  terminal: Terminal;
  command: Command;
}

/** The options that name an app client. */
interface ClientOptions {
  userPool: string;
  client?: string;
  allClients?: true;
  identityPool?: string;
  leftBehind?: true;
}

/** The options of a command that starts an execution. */
interface RunOptions {
  reason?: string;
  dryRun?: true;
  wait: boolean;
}

/** Adds the options that name an app client. */
export const withClientOptions = (command: Command, identityPoolHelp: string): Command =>
  command
    .requiredOption('--user-pool <id>', 'the user pool')
    .option('--client <id>', 'its app client')
    .option('--identity-pool <id>', identityPoolHelp);

/** Adds the option that means all app clients of the user pool. */
export const withAllClientsOption = (command: Command): Command =>
  command.addOption(
    new Option('--all-clients', 'every entry of the user pool, foreign ones included').conflicts(
      'client',
    ),
  );

/** Adds the options of a command that starts an execution. */
export const withRunOptions = (command: Command): Command =>
  command
    .option('--dry-run', 'show what would change; write nothing')
    .option('--reason <text>', 'the reason, for the audit')
    .option('--again', 'also if the same request waits for approval already')
    .option('--no-wait', 'start the execution, print its ARN and do not wait for its end');

/** The input of `link` for a person's request. */
export function requestOf(
  operation: 'link' | 'unlink',
  {
    userPool,
    client,
    allClients,
    identityPool,
    leftBehind,
    reason,
    dryRun,
  }: ClientOptions & Partial<RunOptions>,
): object {
  if (client === undefined && !allClients) {
    throw new UsageError(
      `--client is missing${operation === 'unlink' ? ', or --all-clients' : ''}`,
    );
  }
  if (leftBehind && (client === undefined || identityPool === undefined)) {
    throw new UsageError('--left-behind needs --client and --identity-pool');
  }
  const request = {
    operation,
    userPoolId: userPool,
    clientId: client,
    identityPoolId: identityPool,
    leftBehind,
    dryRun,
    reason,
  };
  checkRequest(request);
  return request;
}

/** Adds the option that names the links.yml that was deployed. */
export const withLinksOption = (command: Command): Command =>
  command.option('--links <file>', 'the links.yml that was deployed, if it is another file');

/** The input of `reconcile` for a person's request. */
export async function reconcileRequest(
  { terminal, command }: Context,
  request: { link?: string | undefined; repair: boolean; reason?: string | undefined },
): Promise<object> {
  const { stage, links: file } = optionsOf<{ links?: string }>(command);
  const { link, ...more } = request;
  checkReconcile(more);
  await checkNamedLinks(link, { file, session: sessionOf(command), stage, terminal });
  return request;
}

/** Writes the answer of a command whose execution has ended. */
function conclude(
  terminal: Terminal,
  ending: Ending,
  linesOf: LinesOf,
  { beside = {}, after }: { beside?: Record<string, unknown>; after?: string | undefined } = {},
): void {
  const { execution } = ending;
  const remark = after === undefined ? {} : { after };
  if ('output' in ending) {
    const document = { execution, ...beside, ...ending.output };
    // What a reconcile foresees fails only a plan.
    const fault = foreseenFault({ results: ending.output['results'] });
    if (!fault) {
      terminal.answer(document, linesOf);
      if (after !== undefined) terminal.note(after);
      return;
    }
    const { summary } = fault;
    throw new Failure(fault.error, fault.message, { document, linesOf, summary, ...remark });
  }
  const { status, error, message, report } = ending;
  const document = { execution, status, ...beside, ...report };
  const summary = failedPools(report);
  const answer = { document, linesOf, ...remark };
  throw new Failure(error, message, { ...answer, ...(summary && { summary }) });
}

/** The entries that an execution of `link` has taken away, by its results. */
function removalsBy(ending: Ending): Removal[] {
  const { results } = 'output' in ending ? ending.output : ending.report;
  if (!Array.isArray(results)) return [];
  return (results as TargetReport[]).flatMap((each) =>
    each.outcome === 'FAILED' || each.outcome === 'PLANNED'
      ? []
      : removalsIn(each.identityPoolId, each.changes),
  );
}

/**
 * Asks before a request to `link` takes entries away: a dry run finds out which.
 *
 * @throws UsageError, Failure where it must not be made, or the dry run has failed.
 */
export async function confirmRequest(context: Context, request: object): Promise<void> {
  if (!mustAsk(context)) return;
  const { terminal, command } = context;
  const machines = new Machines(sessionOf(command), optionsOf(command).stage);
  const execution = await machines.start('link', { ...request, dryRun: true });
  const ending = await judgedUndo(context, await machines.follow(execution, terminal), request);
  if (!('output' in ending)) return conclude(terminal, ending, linkLines(request));
  const { output } = ending;
  const { results } = output as unknown as Output;
  const fault = foreseenFault(output);
  if (fault) {
    const { error, message } = fault;
    const others = results.length > 1 ? ' To change the other identity pools, add --yes.' : '';
    const summary = `${fault.summary} Nothing was changed.${others}`;
    const document = { execution, ...output };
    throw new Failure(error, message, { document, linesOf: linkLines(request), summary });
  }
  const removals = results.flatMap((each) =>
    each.outcome === 'PLANNED' ? removalsIn(each.identityPoolId, each.changes) : [],
  );
  await confirmRemoval(context, removals);
}

/** The end of a dry run. That of an undo is judged as the undo itself would be. */
async function judgedUndo({ command }: Context, ending: Ending, request: object): Promise<Ending> {
  if (!('executionArn' in request)) return ending;
  const { stage } = optionsOf(command);
  return withUndoConflicts(ending, String(request.executionArn), sessionOf(command), stage);
}

/** Starts an execution, and waits for its end. */
async function endingOf(
  { terminal, command }: Context,
  machine: Machine,
  input: object,
): Promise<Ending> {
  const machines = new Machines(sessionOf(command), optionsOf(command).stage);
  const execution = await machines.start(machine, input);
  terminal.note(execution);
  return machines.follow(execution, terminal);
}

/** The end of an execution that writes nothing. What a reconcile has found is brought up to date. */
async function endingOfLook(context: Context, machine: Machine, input: object): Promise<Ending> {
  const { command } = context;
  const ending = await endingOf(context, machine, input);
  if (machine === 'link') return ending;
  const executions = [ending.execution, ...(ending.parts ?? [])];
  const pools = await poolsAfter(sessionOf(command), optionsOf(command).stage, executions);
  return endingNow(ending, pools);
}

/** The next steps after an execution: for what a reconcile has found. */
function nextStepsAfter(
  ending: Ending,
  { terminal, command }: Context,
  isPlan = false,
): Required<Stepping> {
  const { link } = optionsOf<{ link?: string }>(command);
  const report: ReconcileReport = 'output' in ending ? ending.output : ending.report;
  const commandLine = (words: string) => terminal.commandLine(words);
  const { execution, lookedBy } = ending;
  const about = { execution, link, commandLine, isPlan, ...(lookedBy && { lookedBy }) };
  return { nextSteps: nextStepsOf(report, about) };
}

/** Starts an execution, and writes its result as the answer. */
export async function runExecution(
  context: Context,
  machine: Machine,
  input: object,
): Promise<void> {
  const { terminal, command } = context;
  const { stage, wait = true } = optionsOf<Partial<RunOptions>>(command);
  if (!wait) {
    const execution = await new Machines(sessionOf(command), stage).start(machine, input);
    terminal.answer({ execution, status: 'RUNNING' }, () => [execution]);
    const show = terminal.commandLine(`show ${executionOf(execution).name}`);
    return terminal.note(`To see it: ${show}`);
  }
  const paused = machine === 'reconcile' ? pausedIn(sessionOf(command), stage) : undefined;
  const made = await endingOf(context, machine, input);
  const ending = optionsOf<RunOptions>(command).dryRun
    ? await judgedUndo(context, made, input)
    : made;
  if (machine === 'reconcile') {
    const found = statusLines(terminal.width);
    const resume = terminal.commandLine('resume');
    const lines: LinesOf = (shown) => [
      ...pauseLines(shown, resume),
      ...found(shown),
      ...nextStepLines(shown),
    ];
    const beside = { ...(await paused), ...nextStepsAfter(ending, context) };
    return conclude(terminal, ending, lines, { beside });
  }
  const removals = removalsBy(ending);
  const existing = await existingIn(ending, context, removals.length > 0);
  // An app client that no longer exists is not linked again.
  const isUndoable =
    removals.length > 0 &&
    !(existing.isSure && removals.every(({ clientId }) => !existing.names.has(clientId)));
  const undo = terminal.commandLine(`undo ${executionOf(ending.execution).name}`);
  const after = isUndoable
    ? `To undo, while its app clients exist: ${undo}`
    : await waitingLinkText(input, ending, {
        session: sessionOf(command),
        stage,
        commandLine: (words) => terminal.commandLine(words),
      });
  conclude(terminal, ending, linkLines(input, existing.names), { after });
}

/** Starts a reconcile that repairs nothing, and writes what it found. */
export async function runStatus(context: Context, input: object): Promise<void> {
  const { terminal, command } = context;
  const paused = pausedIn(sessionOf(command), optionsOf(command).stage);
  const ending = await endingOfLook(context, 'reconcile', input);
  const resume = terminal.commandLine('resume');
  const found = statusLines(terminal.width);
  const all: LinesOf = (shown) => [
    ...pauseLines(shown, resume),
    ...found(shown),
    ...nextStepLines(shown),
  ];
  const beside = { ...(await paused), ...nextStepsAfter(ending, context) };
  conclude(terminal, ending, all, { beside });
}

/** What a plan is made of, beside its request. */
interface Planning {
  linesOf?: LinesOf;
  amountOf(output: Record<string, unknown>): Amount;
  /** The command that applies it. */
  apply: string;
  /** Whether the lines are Markdown. */
  isMarkdown: boolean;
}

/**
 * Starts an execution that writes nothing, and writes what it would change.
 *
 * @returns whether it would change anything.
 * @throws Failure if applying it would fail too.
 */
export async function runPlan(
  context: Context,
  machine: Machine,
  input: object,
  { linesOf, amountOf, apply, isMarkdown }: Planning,
): Promise<boolean> {
  const { terminal, command } = context;
  const { stage } = optionsOf(command);
  const paused = pausedIn(sessionOf(command), stage);
  const ending = await endingOfLook(context, machine, input);
  const amount = amountOf('output' in ending ? ending.output : ending.report);
  const isChange = changesAnything(amount);
  const { names } = linesOf ? { names: new Map() } : await existingIn(ending, context);
  const lines = linesOf ?? linkLines(input, names);
  const resume = terminal.commandLine('resume');
  const failure = 'output' in ending ? undefined : ending;
  const about = { stage, amount, failure, apply, names, resume };
  const markdown: LinesOf = (shown) => planMarkdown(shown, about);
  const text: LinesOf = (shown) => [
    ...pauseLines(shown, resume),
    ...lines(shown),
    ...nextStepLines(shown),
    // A plan that failed as a whole knows of no change.
    ...('output' in ending || isChange || amount.needApproval > 0
      ? [amountLine(amount, apply)]
      : []),
  ];
  const all = isMarkdown ? markdown : text;
  const steps = machine === 'reconcile' ? nextStepsAfter(ending, context, true) : {};
  const beside = { ...(await paused), amount, ...(isChange && { apply }), ...steps };
  const fault = 'output' in ending ? foreseenFault(ending.output) : undefined;
  if ('output' in ending && fault) {
    const document = { execution: ending.execution, ...beside, ...ending.output };
    const { error, message, summary } = fault;
    throw new Failure(error, message, { document, linesOf: all, ...(!isMarkdown && { summary }) });
  }
  conclude(terminal, ending, all, { beside });
  return isChange;
}

/** The results of `link`. If very many failed, the cause of the execution has only counts. */
const linkLines =
  (input: object, names?: Names) =>
  (report: Record<string, unknown>): string[] => {
    const { results = [] } = report;
    if (!Array.isArray(results)) {
      return Object.entries(results as object).map(([outcome, count]) => `${outcome} ${count}`);
    }
    return outputLines(
      { ...(report as unknown as Output), results },
      { names, input: JSON.stringify(input) },
    );
  };

/**
 * The app clients that exist of those whose entries an execution has changed. They are looked up where people read
 * their names, or if something depends on them.
 */
async function existingIn(
  ending: Ending,
  { terminal, command }: Context,
  isNeeded = false,
): Promise<Existing> {
  const { results } = 'output' in ending ? ending.output : ending.report;
  if ((terminal.json && !isNeeded) || !Array.isArray(results)) {
    return { names: new Map(), isSure: false };
  }
  const changed = (results as TargetReport[]).flatMap((each) =>
    each.outcome === 'FAILED' ? [] : clientsIn(each.changes),
  );
  return existingClients(sessionOf(command), changed);
}
