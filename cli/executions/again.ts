import type { DescribedExecution } from '../../core/audit/audit.ts';
import { shellWord } from '../../core/command-line.ts';
import { executionOf } from '../../core/execution.ts';
import { parseRequest } from '../../core/request/request.ts';
import { parsedJson } from '../../core/shape.ts';

const option = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [`--${name}`, value];

/** A request as a command and its options; undefined if it names its app client in another way than a person can. */
function wordsOf(request: ReturnType<typeof parseRequest>): string[] | undefined {
  const { identityPoolId, dryRun } = request;
  const more = [...option('identity-pool', identityPoolId), ...(dryRun ? ['--dry-run'] : [])];
  if (request.operation === 'undo') {
    return ['undo', executionOf(request.executionArn).name, ...more];
  }
  const { operation, userPoolId, clientId, leftBehind } = request;
  if (operation === 'link' && clientId === undefined) return undefined;
  const client = clientId === undefined ? ['--all-clients'] : ['--client', clientId];
  const mapping = leftBehind ? ['--left-behind'] : [];
  return [operation, '--user-pool', userPoolId, ...client, ...more, ...mapping];
}

/**
 * The command that makes the request of an execution of `link` again, if the execution did not succeed: asking again
 * is always safe.
 *
 * @returns undefined if there is nothing to ask again, or the request is malformed.
 */
export function askAgain({ machine, status, input }: DescribedExecution): string | undefined {
  if (machine !== 'link' || status === 'RUNNING' || status === 'SUCCEEDED') return undefined;
  try {
    return wordsOf(parseRequest(parsedJson(input)))
      ?.map(shellWord)
      .join(' ');
  } catch {
    return undefined;
  }
}
