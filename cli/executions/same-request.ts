import type { Command } from 'commander';
import { executionOf } from '../../core/execution.ts';
import { moment } from '../../core/moment.ts';
import { parseRequest } from '../../core/request/request.ts';
import { parsedJson } from '../../core/shape.ts';
import { isDenied } from '../denied.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { Failure } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import { requestedLines, waitingLines } from '../output/waiting-lines.ts';
import { namesWaiting } from './client-names.ts';
import { type WaitingAbout, type WaitingRequest, waitingRequests } from './waiting.ts';

type Request = ReturnType<typeof parseRequest>;

/** Whether a change that waits belongs to the same request. */
function isSame(request: Request): (waiting: WaitingAbout) => boolean {
  if (request.operation === 'undo') {
    return ({ operation, undoes }) => operation === 'undo' && undoes === request.executionArn;
  }
  return ({ operation, userPoolId, clientId }) =>
    operation === request.operation &&
    userPoolId === request.userPoolId &&
    clientId === request.clientId;
}

/** What waits of the same request; nothing if the caller may not look for it. */
async function waitingOfSame(
  request: Request,
  { terminal, command }: { terminal: Terminal; command: Command },
): Promise<WaitingRequest[]> {
  const { stage } = optionsOf(command);
  const about = { isMeant: isSame(request), progress: (text: string) => terminal.busy(text) };
  try {
    const all = await waitingRequests(sessionOf(command), stage, about);
    const { identityPoolId: only } = request;
    return all.filter(({ identityPoolId }) => only === undefined || identityPoolId === only);
  } catch (error) {
    if (!isDenied(error)) throw error;
    return [];
  } finally {
    terminal.idle();
  }
}

/**
 * Refuses a request that waits for approval already, unless it is asked for again on purpose: a second execution would
 * wait beside the first.
 *
 * @throws Failure with what waits, and the command that decides.
 */
export async function checkNotWaiting(
  { terminal, command }: { terminal: Terminal; command: Command },
  input: object,
): Promise<void> {
  if (optionsOf<{ again?: true }>(command).again) return;
  const request = parseRequest(parsedJson(JSON.stringify(input)));
  const isPart = request.operation !== 'undo' && request.leftBehind === true;
  if (request.dryRun || isPart) return;
  const waiting = await waitingOfSame(request, { terminal, command });
  const [first] = waiting;
  if (!first) return;
  const names = terminal.json ? new Map() : await namesWaiting(sessionOf(command), waiting);
  const { name } = executionOf(first.execution);
  const commandLine = (words: string) => terminal.commandLine(words);
  const decide = commandLine(`approve ${name} --reason "…"`);
  const what = `The same request has waited for approval since ${moment(first.since)}, in ${name}, so nothing was started.`;
  const again = 'To make it all the same, add --again.';
  throw new Failure('AlreadyWaitsError', `${what} To approve it: ${decide}. ${again}`, {
    document: { approvals: waiting },
    linesOf: ({ approvals }) =>
      approvals.flatMap((each) => {
        const requested = requestedLines(each);
        return waitingLines(each, each.execution, { commandLine, names, requested });
      }),
    summary: `${what} To deny it, add --deny. ${again}`,
  });
}
