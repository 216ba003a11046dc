import { executionOf } from '../../core/execution.ts';
import type { TargetReport } from '../../core/request/outcome.ts';
import { parseRequest } from '../../core/request/request.ts';
import { parsedJson } from '../../core/shape.ts';
import { isDenied } from '../denied.ts';
import type { CommandLine } from '../output/command-line.ts';
import type { Session } from '../session.ts';
import type { Ending } from './ending.ts';
import { type WaitingAbout, waitingRequests } from './waiting.ts';

/** Where an unlink found no entry to remove. */
function poolsWithout(ending: Ending): string[] {
  const { results } = 'output' in ending ? ending.output : ending.report;
  const all = Array.isArray(results) ? (results as TargetReport[]) : [];
  return all
    .filter(({ outcome }) => outcome === 'NOT_LINKED')
    .map(({ identityPoolId }) => identityPoolId);
}

/**
 * That a request to link the same app client waits for approval, which an unlink does not withdraw.
 *
 * @param input of the execution that has ended.
 * @returns undefined if there is none, or the caller may not look for it.
 */
export async function waitingLinkText(
  input: object,
  ending: Ending,
  { session, stage, commandLine }: { session: Session; stage: string; commandLine: CommandLine },
): Promise<string | undefined> {
  const request = parseRequest(parsedJson(JSON.stringify(input)));
  const pools = request.operation === 'unlink' ? poolsWithout(ending) : [];
  if (request.operation !== 'unlink' || pools.length === 0) return undefined;
  const isMeant = ({ operation, userPoolId, clientId }: WaitingAbout): boolean =>
    operation === 'link' &&
    userPoolId === request.userPoolId &&
    (request.clientId ?? clientId) === clientId;
  const all = await waitingRequests(session, stage, { isMeant }).catch((error: Error) => {
    if (!isDenied(error)) throw error;
    return [];
  });
  const waits = all.find(({ identityPoolId }) => pools.includes(identityPoolId));
  if (!waits) return undefined;
  const { name } = executionOf(waits.execution);
  const deny = commandLine(
    `approve ${name} --deny --identity-pool ${waits.identityPoolId} --reason "…"`,
  );
  return `A request to link it still waits for approval. To deny it: ${deny}`;
}
