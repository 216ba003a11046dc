import { publish } from '../aws/clients/events.ts';
import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import type { ShownChange } from '../core/identity-pool/changes.ts';
import { approvalMessage, approveCommand } from '../core/request/approval.ts';
import type { Target } from '../core/request/target.ts';

interface Asking {
  execution: string;
  target: Target;
  changes: ShownChange[];
}

/**
 * Publishes what waits for approval. The function does not read the token: those who may approve find it in the
 * execution history, and no one else gets it.
 */
export const handler = step(async ({ execution, target, changes }: Asking): Promise<void> => {
  const { identityPoolId, links, userPoolId, intent, clientName, approvalTime } = target;
  const until = new Date(Date.now() + (approvalTime?.seconds ?? 0) * 1000).toISOString();
  const asked = { execution, identityPoolId, links, changes, until };
  const { execution: executionArn, ...rest } = asked;
  const detail = {
    executionArn,
    ...rest,
    operation: intent.operation,
    userPoolId,
    ...(intent.clientId !== undefined && { clientId: intent.clientId }),
    ...(clientName !== undefined && { clientName }),
    approve: approveCommand(asked),
    message: approvalMessage(asked),
  };
  await publish('ApprovalRequested', detail, execution);
  logger.info('approval requested', { identityPoolId, links, until });
});
