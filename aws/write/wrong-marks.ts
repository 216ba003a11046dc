import type { Execution } from '../../core/execution.ts';
import type { Links } from '../../core/links/links.ts';
import type { Target } from '../../core/request/target.ts';
import { isBefore, type Mark, markOf } from '../../core/write/marks.ts';
import { namesInCognito, userPoolBy } from '../clients/user-pools.ts';
import { logger } from '../lambda/logger.ts';
import type { PoolTable } from '../table/pool-table.ts';
import { writeSafely } from './safe-write.ts';
import type { WriteRequest, WriteTools, Written } from './write-request.ts';

/** What a target that counts as deleted is looked up with, and until when, in epoch milliseconds. */
interface LookUp {
  links: Links;
  target: Target;
  where: Execution;
  until: number;
}

/**
 * Removes the marks of an app client and its user pool as deleted, if Cognito has the app client.
 *
 * @returns the removed marks; none if a mark is so young that a listing may lag behind it.
 */
async function clearWrongMarks(
  table: PoolTable,
  { links, target, where, until }: LookUp,
): Promise<Mark[]> {
  const { userPoolId, intent } = target;
  const { providerName, clientId = '' } = intent;
  const marks = await table.ledger.marksOf(providerName, clientId);
  if (!marks.every((mark) => isBefore(mark, Date.now()))) return [];
  const pool = userPoolBy(links, userPoolId, where);
  const names = await namesInCognito(pool, new Set([clientId]), until);
  if (!names.has(clientId)) return [];
  const cleared: Mark[] = [];
  for (const mark of marks) if (await table.ledger.clearMark(mark)) cleared.push(markOf(mark));
  // Stryker disable next-line CallExpression,ConditionalExpression,EqualityOperator,ObjectLiteral: only the log changes.
  if (cleared.length > 0) logger.warn('what counted as deleted exists, and is linked', { cleared });
  return cleared;
}

/**
 * Writes a target. If its app client counts as deleted, it is looked up in Cognito before that is believed: AWS
 * never reuses an id, so what exists was never deleted.
 *
 * @throws as {@link writeSafely}; UserPoolAccessDeniedError if the app client may not be looked up.
 */
export async function writeUnlessDeleted(
  request: WriteRequest,
  tools: WriteTools,
  lookUp: LookUp,
): Promise<Written & { marksCleared?: Mark[] }> {
  const written = await writeSafely(request, tools);
  // It was looked up already.
  if (written.gone !== true || request.gone === true) return written;
  const marksCleared = await clearWrongMarks(tools.table, lookUp);
  if (marksCleared.length === 0) return written;
  return { ...(await writeSafely(request, tools)), marksCleared };
}
