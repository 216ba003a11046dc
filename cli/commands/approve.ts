import { styleText } from 'node:util';
import type { Command } from 'commander';
import { executionOf } from '../../core/execution.ts';
import { LONGEST_REASON } from '../../core/request/approval.ts';
import { Approvals, type WaitingApproval } from '../executions/approvals.ts';
import { Machines } from '../executions/machines.ts';
import { listed, optionsOf, sessionOf } from '../options.ts';
import { changeLines } from '../output/changes.ts';
import { Failure, UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  identityPool?: string[];
  reason?: string;
  deny?: true;
  show?: true;
}

function checkReason({ reason = '', show }: Options): void {
  if (reason === '' && !show) throw new UsageError('--reason is missing');
  if (reason.length > LONGEST_REASON) {
    throw new UsageError(`--reason is longer than ${LONGEST_REASON} characters`);
  }
}

const idsOf = (waiting: WaitingApproval[]): string =>
  waiting.map(({ identityPoolId }) => identityPoolId).join(', ');

/** Those that are meant: named, or the only one; nobody approves what he has not seen. */
function meant(waiting: WaitingApproval[], { identityPool: ids, show }: Options) {
  if (ids === undefined) {
    if (waiting.length <= 1 || show) return waiting;
    throw new UsageError(`several wait, so name them with --identity-pool: ${idsOf(waiting)}`);
  }
  const missing = ids.filter((id) => !waiting.some((each) => each.identityPoolId === id));
  if (missing.length === 0) {
    return waiting.filter(({ identityPoolId }) => ids.includes(identityPoolId));
  }
  throw new UsageError(
    `nothing waits for ${missing.join(', ')}; what waits: ${idsOf(waiting) || 'nothing'}`,
  );
}

async function decide(terminal: Terminal, named: string, command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { stage, reason = '', show, deny } = options;
  checkReason(options);
  const session = sessionOf(command);
  const execution = await new Machines(session, stage).executionArn(named);
  const sfn = await session.stepFunctions(executionOf(execution).region);
  const approvals = new Approvals(sfn, execution);
  const chosen = meant(await approvals.waiting(), options);
  if (chosen.length === 0) {
    throw new Failure('NothingWaitsError', `Nothing waits for approval in ${execution}.`);
  }
  const { arn: approvedBy } = await session.caller();
  const approval = { approvedBy, reason, time: new Date().toISOString() };
  const decision = show ? 'WAITS' : deny ? 'DENIED' : 'APPROVED';
  for (const each of chosen) {
    if (!show) await approvals[deny ? 'deny' : 'approve'](each, approval);
  }
  const identityPools = chosen.map(({ token: _, ...shown }) => shown);
  terminal.answer({ execution, decision, ...(!show && approval), identityPools }, (shown) =>
    shown.identityPools.flatMap(({ identityPoolId, links, changes }) => [
      `${styleText('bold', decision)} ${identityPoolId} (${links.join(', ')})`,
      ...changeLines(changes).map((line) => `  ${line}`),
    ]),
  );
}

/** Decides on what waits for a person, or shows it. */
export function approve(program: Command, terminal: Terminal): void {
  const command = program
    .command('approve')
    .description('approve what an execution waits with, refuse it, or show it')
    .argument('<execution>', 'its ARN or name')
    .option('--identity-pool <id>', 'only this one of those that wait; may be repeated', listed)
    .option('--reason <text>', `why, for the audit; at most ${LONGEST_REASON} characters`)
    .option('--deny', 'refuse it')
    .option('--show', 'show what waits, and decide nothing')
    .action((named: string) => decide(terminal, named, command));
}
