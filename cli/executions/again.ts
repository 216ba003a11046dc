import type { DescribedExecution } from '../../core/audit/audit.ts';
import { shellWord } from '../../core/command-line.ts';
import { executionOf } from '../../core/execution.ts';
import type { Fault } from '../../core/failure.ts';
import type { TargetReport } from '../../core/request/outcome.ts';
import { parseRequest, type UndoRequest } from '../../core/request/request.ts';
import { isObject, parsedJson } from '../../core/shape.ts';

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

// The same request would end in the same way, and the message says what to do in its place.
const FINAL = ['InvalidRequestError', 'UndoConflictError'];
// AWS never reuses the id of an app client.
const FINAL_UNDO = [...FINAL, 'UserPoolClientNotFoundError'];

/** An identity pool of a failed execution, as its cause has it. */
type Ended = Pick<TargetReport, 'identityPoolId' | 'outcome'> & Partial<Fault>;

function resultsIn({ cause = '' }: DescribedExecution): Ended[] {
  const report = parsedJson(cause);
  const results = isObject(report) ? report['results'] : undefined;
  return Array.isArray(results) ? results : [];
}

/** What is left of an undo: it can't be made again in an identity pool where it was made. */
function undoLeft(request: UndoRequest, described: DescribedExecution): UndoRequest | undefined {
  const results = resultsIn(described);
  const failed = results.filter(({ outcome }) => outcome === 'FAILED');
  const open = failed.filter(({ error = '' }) => !FINAL_UNDO.includes(error));
  const [only, ...others] = open;
  if (results.length > 0 && !only) return undefined;
  return only && others.length === 0 && results.length > 1
    ? { ...request, identityPoolId: only.identityPoolId }
    : request;
}

/**
 * The request that an execution of `link` has made, if it did not succeed and another attempt may.
 *
 * @returns undefined if there is nothing to ask again, or the request is malformed.
 */
export function requestAgain(
  described: DescribedExecution,
): ReturnType<typeof parseRequest> | undefined {
  const { machine, status, input, error = '' } = described;
  if (machine !== 'link' || status === 'RUNNING' || status === 'SUCCEEDED') return undefined;
  try {
    const request = parseRequest(parsedJson(input));
    const isUndo = request.operation === 'undo';
    if ((isUndo ? FINAL_UNDO : FINAL).includes(error)) return undefined;
    return isUndo ? undoLeft(request, described) : request;
  } catch {
    return undefined;
  }
}

/** The command that makes the request of an execution of `link` again, as {@link requestAgain} finds it. */
export function askAgain(described: DescribedExecution): string | undefined {
  const request = requestAgain(described);
  return request && wordsOf(request)?.map(shellWord).join(' ');
}
