import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { executionOf } from '../../core/execution.ts';
import { LONGEST_REASON } from '../../core/request/approval.ts';
import { checkGivenReason } from '../arguments.ts';
import { Approvals, TOO_LATE, WAITING, type WaitingApproval } from '../executions/approvals.ts';
import { namesWaiting } from '../executions/client-names.ts';
import { isUnknown } from '../executions/executions.ts';
import { Finder } from '../executions/finder.ts';
import { Machines } from '../executions/machines.ts';
import {
  confirmRemoval,
  mustAsk,
  type Removal,
  removalsIn,
  withYesOption,
} from '../executions/removal.ts';
import { optionsOf, repeated, sessionOf } from '../options.ts';
import { changeLines, type Names } from '../output/changes.ts';
import { Failure, UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import { namesOf } from '../output/waiting-lines.ts';
import type { Session } from '../session.ts';
import { checkNotPaused } from '../settings/pauses.ts';

interface Options {
  identityPool?: string[];
  reason?: string;
  deny?: true;
  show?: true;
}

/** Where a command looks, and where it answers. */
interface Place {
  session: Session;
  stage: string;
  terminal: Terminal;
}

const idsOf = (waiting: WaitingApproval[]): string =>
  waiting.map(({ identityPoolId }) => identityPoolId).join(', ');

/** The changes that the options select: the named ones, or the only one, so that no change is approved unseen. */
function selected(waiting: WaitingApproval[], { identityPool: ids, show }: Options) {
  if (ids === undefined) {
    if (waiting.length <= 1 || show) return waiting;
    throw new UsageError(
      `several changes are pending; name them with --identity-pool: ${idsOf(waiting)}`,
    );
  }
  const missing = ids.filter((id) => !waiting.some((each) => each.identityPoolId === id));
  if (missing.length === 0) {
    return waiting.filter(({ identityPoolId }) => ids.includes(identityPoolId));
  }
  // Then it is too late for all of them.
  if (waiting.length === 0) return [];
  throw new UsageError(
    `no change is pending for ${missing.join(', ')}; pending: ${idsOf(waiting) || 'none'}`,
  );
}

/** An execution by its ARN, its name or the beginning of its name, with what is pending in it. */
async function foundBy(named: string, { session, stage, terminal }: Place) {
  const pendingIn = async (execution: string) => {
    const sfn = await session.stepFunctions(executionOf(execution).region);
    const approvals = new Approvals(sfn, execution);
    return { execution, approvals, waiting: await approvals.waiting() };
  };
  try {
    return await pendingIn(await new Machines(session, stage).executionArn(named));
  } catch (error) {
    if (!isUnknown(error)) throw error;
    // Looking for it needs more permissions than an approver must have.
    return pendingIn(await new Finder(session, stage, terminal).find(named));
  }
}

/** What a person may do next. */
function nextStep(
  terminal: Terminal,
  name: string,
  { decision, identityPools: [first, ...others] }: Document,
): string {
  if (decision !== WAITING) return `To see the result: ${terminal.commandLine(`show ${name}`)}`;
  // Without a name, several changes are not decided.
  return first && others.length > 0
    ? `To decide, name each, for example: ${terminal.commandLine(`approve ${name} --identity-pool ${first.identityPoolId} --reason "…"`)}`
    : `To decide: ${terminal.commandLine(`approve ${name} --reason "…"`)}`;
}

/** The command that shows how an execution stands. */
const standing = (terminal: Terminal, name: string): string =>
  `To see how it stands: ${terminal.commandLine(`show ${name}`)}`;

/** What the command shows. */
interface Document {
  execution: string;
  decision: string;
  identityPools: Omit<WaitingApproval, 'token'>[];
}

const linesIn =
  (names: Names) =>
  ({ decision, identityPools }: Document): string[] =>
    identityPools.flatMap(({ identityPoolId, links, ...change }) => [
      `${styleText('bold', decision)} ${identityPoolId} (${links.join(', ')})`,
      ...changeLines(change.changes, new Map([...names, ...namesOf(change)])).map(
        (line) => `  ${line}`,
      ),
    ]);

const shownOf = (waiting: WaitingApproval[]) => waiting.map(({ token: _, ...shown }) => shown);

const removalsOf = (waiting: WaitingApproval[]): Removal[] =>
  waiting.flatMap(({ identityPoolId, changes }) => removalsIn(identityPoolId, changes));

function answer(terminal: Terminal, document: Document, names: Names): void {
  terminal.answer(document, linesIn(names));
  const { name } = executionOf(document.execution);
  terminal.note(nextStep(terminal, name, document));
}

/** Sends the decision about each of the chosen changes. */
async function carryOut(
  { session, terminal }: Place,
  {
    execution,
    approvals,
    chosen,
    names,
    options: { deny, reason = '' },
  }: {
    execution: string;
    approvals: Approvals;
    chosen: WaitingApproval[];
    names: Names;
    options: Options;
  },
): Promise<void> {
  const { arn: approvedBy } = await session.caller();
  const approval = { approvedBy, reason, time: new Date().toISOString() };
  const taken: WaitingApproval[] = [];
  for (const each of chosen) {
    if (await approvals[deny ? 'deny' : 'approve'](each, approval)) taken.push(each);
  }
  const decision = deny ? 'DENIED' : 'APPROVED';
  const document = { execution, decision, ...approval, identityPools: shownOf(taken) };
  const { name } = executionOf(execution);
  const undo =
    deny || removalsOf(taken).length === 0
      ? undefined
      : `To undo, once the execution has ended: ${terminal.commandLine(`undo ${name}`)}`;
  const late = chosen.filter((each) => !taken.includes(each));
  if (late.length > 0) {
    throw new Failure(
      'NothingWaitsError',
      `The change to ${idsOf(late)} no longer waits: ${TOO_LATE}. ${standing(terminal, name)}`,
      taken.length > 0
        ? { document, linesOf: linesIn(names), ...(undo && { after: undo }) }
        : undefined,
    );
  }
  answer(terminal, document, names);
  if (undo !== undefined) terminal.note(undo);
}

async function decide(terminal: Terminal, named: string, command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { stage, show, deny } = options;
  if (!show) checkGivenReason(options.reason);
  const session = sessionOf(command);
  const { execution, approvals, waiting } = await foundBy(named, { session, stage, terminal });
  const { name } = executionOf(execution);
  const chosen = selected(waiting, options);
  if (chosen.length === 0) {
    throw new Failure(
      'NothingWaitsError',
      `No change waits for approval in ${execution}. ${standing(terminal, name)}`,
    );
  }
  const decision = show ? WAITING : deny ? 'DENIED' : 'APPROVED';
  const removals = decision === 'APPROVED' ? removalsOf(chosen) : [];
  if (decision === 'APPROVED') {
    await checkNotPaused(
      { session, stage, terminal },
      'An approval would be used up without a write, so nothing was approved.',
    );
  }
  if (removals.length > 0 && mustAsk({ terminal, command })) {
    await confirmRemoval({ terminal, command }, removals);
  }
  const names = terminal.json ? new Map() : await namesWaiting(session, chosen);
  if (show) answer(terminal, { execution, decision, identityPools: shownOf(chosen) }, names);
  else
    await carryOut({ session, stage, terminal }, { execution, approvals, chosen, names, options });
}

/** Approves, denies or shows the pending changes of an execution. */
export function approve(program: Command, terminal: Terminal): void {
  const command = program
    .command('approve')
    .description('approve, deny or show a pending change')
    .argument('<execution>', 'its ARN, its name or the beginning of its name')
    .option('--identity-pool <id>', 'only the change to this one; may be repeated', repeated)
    .option('--reason <text>', `the reason, for the audit; at most ${LONGEST_REASON} characters`)
    .option('--deny', 'deny it')
    .addOption(new Option('--show', 'show it; decide nothing').conflicts(['deny', 'reason']));
  withYesOption(command).action((named: string) => decide(terminal, named, command));
}
