import { requestAgain } from '../../cli/executions/again.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import type { Action } from './protocol.ts';

/** The action that makes the request of an execution again; undefined if that is no use, or no action does the same. */
export function actionAgain(described: DescribedExecution): Action | undefined {
  const request = requestAgain(described);
  if (!request || request.dryRun) return undefined;
  const { operation, identityPoolId } = request;
  const only = identityPoolId === undefined ? {} : { identityPoolId };
  if (operation === 'undo') return { kind: 'undo', execution: request.executionArn, ...only };
  const { userPoolId, clientId, leftBehind } = request;
  if (clientId === undefined || leftBehind) return undefined;
  return { kind: operation, userPoolId, clientId, ...only };
}
