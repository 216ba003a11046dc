import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { grouped } from '../../core/grouped.ts';
import { moment } from '../../core/moment.ts';
import { askAgain } from '../executions/again.ts';
import { WAITING, type WaitingApproval, waitingIn } from '../executions/approvals.ts';
import { clientNames, clientsIn } from '../executions/client-names.ts';
import { Executions } from '../executions/executions.ts';
import { Finder } from '../executions/finder.ts';
import { type Found, foundIn, removedLines } from '../executions/found.ts';
import { handedBy } from '../executions/handed.ts';
import { type Visit, visitsIn } from '../executions/history.ts';
import { isShared, isUnsaid, type Recorded, recordsFrom } from '../executions/records.ts';
import { isTrial } from '../executions/summary.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { cancelledLines, changeLines, differenceLines, type Names } from '../output/changes.ts';
import { consoleLink } from '../output/console-link.ts';
import { UsageError } from '../output/exit.ts';
import { openLines } from '../output/left-open.ts';
import { messageOf } from '../output/outcome-note.ts';
import { statusLines } from '../output/reconcile-table.ts';
import { type Faulty, remedyLines, WOULD_FAIL } from '../output/remedies.ts';
import { requestedByText } from '../output/requested-by.ts';
import { shortener, whole } from '../output/short-ids.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { age, duration } from '../output/times.ts';
import { waitingLines } from '../output/waiting-lines.ts';
import type { Session } from '../session.ts';
import { Ledgers } from '../settings/ledgers.ts';

type Shown = Omit<Recorded, 'before' | 'after'>;

const row = (what: string, value: string | undefined): string[] =>
  value === undefined || value === '' ? [] : [`  ${styleText('dim', what.padEnd(13))} ${value}`];

function changedLines(record: Shown, names: Names): string[] {
  const { changes, difference = [] } = record;
  const own = changeLines(changes, names).map((line) => `  ${line}`);
  const whole = differenceLines(difference, names).map((line) => `  ${line}`);
  if (!isShared(record)) return own;
  return [...own, styleText('dim', '  the whole write, shared with other requests:'), ...whole];
}

const recordHead = (
  outcome: string,
  { identityPoolId = '', links }: Pick<Shown, 'identityPoolId' | 'links'>,
): string =>
  [styleText('bold', outcome), identityPoolId, links.length > 0 ? `(${links.join(', ')})` : '']
    .filter((part) => part !== '')
    .join(' ');

function recordLines(record: Shown, names: Names): string[] {
  const { outcome, error, message, approval } = record;
  const { changedSince = [] } = record;
  return [
    recordHead(outcome, record),
    ...changedLines(record, names),
    ...cancelledLines(record.cancelled),
    ...openLines(record),
    ...row('as', record.assumedRoleArn),
    ...row('written by', record.writtenBy),
    ...row('approved by', approval && `${approval.approvedBy} (${approval.reason})`),
    ...row('verified', isUnsaid(record) ? undefined : record.verified),
    ...(changedSince.length > 0
      ? [styleText('dim', '  changed since, by another execution or by others:')]
      : []),
    ...differenceLines(changedSince).map((line) => `    ${line}`),
    ...(error === undefined ? [] : [`  ${styleText('red', error)}: ${message ?? ''}`]),
    ...(error === undefined && message !== undefined ? [`  ${message}`] : []),
  ];
}

/** The states as a table. In a terminal, ids of identity pools are short. */
function stateLines(states: Visit[], { width, isWide }: Terminal): string[] {
  const pools = states.flatMap(({ identityPoolId }) => identityPoolId ?? []);
  const short = isWide ? whole : shortener(pools);
  const rows = states.map(
    ({ state, identityPoolId = '', entered, seconds, attempts = 1, errors }) => [
      `  ${entered.slice(11, 23)}`,
      duration(seconds),
      state,
      short(identityPoolId),
      attempts > 1 ? `${attempts} attempts` : '',
      errors === undefined ? '' : styleText('red', errors.join(', ')),
    ],
  );
  return table(rows, { width });
}

/** The app client of the request, with its name if that is known. */
const clientText = ({ clientId = '' }: Partial<Shown> = {}, names: Names): string =>
  [names.get(clientId), clientId].filter((part) => part).join('  ');

/** The names of the app clients that an execution is about, where people read them. */
function namesFor(
  session: Session,
  records: Shown[],
  waiting: Pick<WaitingApproval, 'changes'>[],
): Promise<Names> {
  const asked = records.flatMap(({ userPoolId, clientId }) =>
    userPoolId !== undefined && clientId !== undefined
      ? [{ providerName: userPoolId, clientId }]
      : [],
  );
  const changed = [...records, ...waiting].flatMap(({ changes }) => clientsIn(changes));
  return clientNames(session, [...changed, ...asked]);
}

/** What the command shows about an execution. */
interface Document extends Pick<DescribedExecution, 'execution' | 'status' | 'source' | 'started'> {
  console: string | undefined;
  /** Whether it is a dry run of `link`. */
  dryRun?: true;
  /** The command that makes the request again, if it failed. */
  again: string | undefined;
  records: Shown[];
  /** The changes that wait for approval. */
  waiting?: Omit<WaitingApproval, 'token'>[];
  /** Of a reconcile. */
  found?: Found;
  states: Visit[];
}

/** The identity pool of a record that says only why it failed or would fail. */
function faultyIn(record: Shown): Faulty[] {
  const { identityPoolId, links, error, message = '', wouldFail, changes } = record;
  const fault = wouldFail ?? (error === undefined ? undefined : { error, message });
  const isOnlyFault = fault && changes.length === 0 && record.assumedRoleArn === undefined;
  return isOnlyFault && identityPoolId !== undefined ? [{ identityPoolId, links, fault }] : [];
}

/** What `link` did in each identity pool. */
function linkLines(records: Shown[], names: Names): string[] {
  const isFaulty = (record: Shown): boolean => faultyIn(record).length > 0;
  const done = records.filter(
    (record) =>
      !isFaulty(record) && (record.identityPoolId !== undefined || record.outcome !== 'RUNNING'),
  );
  const faulty = [...grouped(records.filter(isFaulty), ({ outcome }) => outcome)];
  return [
    ...done.flatMap((record) => recordLines(record, names)),
    ...faulty.flatMap(([outcome, group]) =>
      remedyLines(
        group.flatMap(faultyIn),
        (pool) => recordHead(outcome, pool),
        group.some(({ wouldFail }) => wouldFail) ? WOULD_FAIL : '',
      ),
    ),
  ];
}

/** What was done in each identity pool. Of a reconcile, what it found comes first. */
function doneLines({ records, found }: Document, width: number, names: Names): string[] {
  if (!found?.report.identityPools) return linkLines(records, names);
  // What was found says already which identity pools failed.
  const written = records.filter(({ outcome }) => outcome !== 'REPORTED' && outcome !== 'FAILED');
  return [
    ...statusLines(width)(found.report),
    ...removedLines(found.removed),
    ...written.flatMap((record) => recordLines(record, names)),
  ];
}

/** The command that says how it is now, and what to do, after a reconcile that left something to do. */
function lookAgain({ found, status }: Document, commandLine: (words: string) => string) {
  const { identityPools = [] } = found?.report ?? {};
  const isOpen = identityPools.some(
    (pool) => pool.failure !== undefined || ('entries' in pool && pool.entries.length > 0),
  );
  return isOpen && status !== 'RUNNING' ? commandLine('status') : undefined;
}

function lines(document: Document, terminal: Terminal, names: Names): string[] {
  const { execution, status, source, started, console, records, states, found, dryRun } = document;
  const { waiting = [] } = document;
  const commandLine = (words: string) => terminal.commandLine(words);
  const [first] = records;
  return [
    `${styleText('bold', waiting.length > 0 ? WAITING : status)} ${execution}`,
    ...row(
      'started',
      `${moment(started)}, ${age(started)}, ${duration(first?.seconds) || 'running'}`,
    ),
    ...row('requested by', first && requestedByText(first.requestedBy)),
    ...row('request', first?.operation && `${first.operation}${dryRun ? ' (dry run)' : ''}`),
    ...row('app client', clientText(first, names)),
    ...row('user pool', first?.userPoolId),
    ...row('undoes', first?.undoes),
    ...row('read from', source === 'history' ? undefined : 'the log group'),
    ...row('continued in', found?.report.next),
    ...row('console', console),
    ...doneLines(document, terminal.width, names),
    ...waiting.flatMap((each) => waitingLines(each, execution, { commandLine, names })),
    ...row('to ask again', document.again),
    ...row('to look again', lookAgain(document, commandLine)),
    ...stateLines(states, terminal),
  ];
}

/** The ARN of the execution that is meant. */
function meant(finder: Finder, named: string | undefined, isLast: boolean): Promise<string> {
  if (isLast && named === undefined) return finder.last();
  if (named !== undefined && !isLast) return finder.find(named);
  throw new UsageError('Name one execution, or add --last.');
}

async function run(terminal: Terminal, named: string | undefined, command: Command): Promise<void> {
  const { stage, last = false } = optionsOf<{ last?: true }>(command);
  const session = sessionOf(command);
  const executions = new Executions(session, stage);
  const execution = await meant(new Finder(session, stage, terminal), named, last);
  const described = await executions.read(execution);
  const events = await executions.eventsOf(described);
  const states = visitsIn(events);
  const handed = await handedBy(described, events, new Ledgers(session, stage));
  const records = recordsFrom(described, handed).map(
    ({ before: _, after: __, ...record }): Shown => {
      const message = messageOf(record, described.input);
      return { ...record, ...(message !== undefined && { message }) };
    },
  );
  const { machine, source, status, started, stopped } = described;
  const link = (await session.isAwsItself()) ? consoleLink(execution) : undefined;
  const found = foundIn(described, events);
  const words = askAgain(described);
  const again = words === undefined ? undefined : terminal.commandLine(words);
  const about = { execution, machine, source, status, started, stopped, console: link, again };
  const waiting = waitingIn(events).map(({ token: _, ...shown }) => shown);
  const names = terminal.json ? new Map() : await namesFor(session, records, waiting);
  const document = {
    ...about,
    ...(isTrial(described) && { dryRun: true as const }),
    records,
    ...(waiting.length > 0 && { waiting }),
    ...(found && { found }),
    states,
  };
  terminal.answer(document, (shown) => lines(shown, terminal, names));
}

/** Shows all that is known about one execution, except the input and output of its states. */
export function show(program: Command, terminal: Terminal): void {
  const command = program
    .command('show')
    .description('show one execution: requested by, changes, every state with its times')
    .argument('[execution]', 'its ARN, its name or the beginning of its name')
    .option('--last', 'the execution that began last')
    .action((named: string | undefined) => run(terminal, named, command));
}
