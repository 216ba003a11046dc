import type { Command } from 'commander';
import { namesWaiting } from '../executions/client-names.ts';
import { type WaitingRequest, waitingRequests } from '../executions/waiting.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Names } from '../output/changes.ts';
import { pauseLines } from '../output/pause-lines.ts';
import { requestedByText } from '../output/requested-by.ts';
import type { Sheet } from '../output/sheet.ts';
import type { Terminal } from '../output/terminal.ts';
import { requestedLines, waitingLines } from '../output/waiting-lines.ts';
import { pausedIn } from '../settings/pauses.ts';

function linesOf(waiting: WaitingRequest[], terminal: Terminal, names: Names): string[] {
  if (waiting.length === 0) return ['No change waits for approval.'];
  const commandLine = (words: string) => terminal.commandLine(words);
  const lines = waiting.flatMap((each) => {
    const requested = requestedLines(each);
    return waitingLines(each, each.execution, { commandLine, names, requested });
  });
  return [...lines, 'To deny a change, add --deny.'];
}

const sheetOf = (waiting: WaitingRequest[]): Sheet => ({
  head: [
    'identityPoolId',
    'links',
    'operation',
    'userPoolId',
    'clientId',
    'requestedBy',
    'since',
    'until',
    'execution',
    'undoes',
  ],
  rows: waiting.map((each) => [
    each.identityPoolId,
    each.links.join(' '),
    each.operation,
    each.userPoolId,
    each.clientId,
    requestedByText(each.requestedBy),
    each.since,
    each.until,
    each.execution,
    each.undoes,
  ]),
});

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage } = optionsOf(command);
  const session = sessionOf(command);
  const paused = pausedIn(session, stage);
  const waiting = await waitingRequests(session, stage, {
    progress: (text) => terminal.busy(text),
  });
  const names = terminal.json ? new Map() : await namesWaiting(session, waiting);
  terminal.answer(
    { ...(await paused), approvals: waiting },
    (shown) => [
      ...pauseLines(shown, terminal.commandLine('resume')),
      ...linesOf(shown.approvals, terminal, names),
    ],
    (shown) => sheetOf(shown.approvals),
  );
}

/** Lists the changes that wait for approval, each with the command that decides. */
export function approvals(program: Command, terminal: Terminal): void {
  const command = program
    .command('approvals')
    .description('list the changes that wait for approval: since when, by whom, how to decide')
    .action(() => run(terminal, command));
}
