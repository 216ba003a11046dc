import links from '#links';
import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import { askForRecheck } from '../aws/recheck/recheck.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import { type Ignored, poolChangeIn } from '../core/reconcile/pool-change.ts';

const reconcileArn = process.env['RECONCILE_ARN'] ?? '';

/**
 * Keeps who changed an identity pool, and starts a recheck of it. EventBridge invokes this function for each change,
 * so it is no state of a workflow.
 */
export const handler = step(
  async (event: unknown): Promise<Ignored | { identityPoolId: string }> => {
    const change = poolChangeIn(event, links);
    if ('ignored' in change) {
      logger.info('change ignored', { ...change });
      return change;
    }
    const { identityPoolId, update } = change;
    if (update) await new PoolTable(identityPoolId).changes.keep(update);
    const recheck = await askForRecheck(reconcileArn, identityPoolId, event);
    logger.info('identity pool changed', { identityPoolId, by: update?.by, recheck });
    return { identityPoolId };
  },
);
