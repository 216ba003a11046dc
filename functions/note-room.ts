import links from '#links';
import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import { askForRecheck } from '../aws/recheck/recheck.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import { linksTo } from '../core/links/links.ts';
import { type RoomChanges, roomChangesIn } from '../core/request/room.ts';

const reconcileArn = process.env['RECONCILE_ARN'] ?? '';

const isOurs = (identityPoolId: string): boolean =>
  Object.keys(linksTo(links, identityPoolId)).length > 0;

/**
 * Remembers identity pools whose quota refused an app client, and rechecks them once an entry was removed. EventBridge
 * invokes this function for each such LinkFinished, so it is no state of a workflow.
 */
export const handler = step(async (event: unknown): Promise<RoomChanges> => {
  const changes = roomChangesIn(event);
  for (const identityPoolId of changes.refused.filter(isOurs)) {
    await new PoolTable(identityPoolId).room.remember();
  }
  for (const identityPoolId of changes.freed.filter(isOurs)) {
    const { room } = new PoolTable(identityPoolId);
    if (!(await room.isAwaited())) continue;
    await askForRecheck(reconcileArn, identityPoolId, event);
    // Afterwards, so that a repeated invocation asks again. The recheck waits first, and remembers what is refused.
    await room.forget();
  }
  logger.info('room in identity pools', { ...changes });
  return changes;
});
