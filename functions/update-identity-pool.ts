import links from '#links';
import { openIdentityPool } from '../aws/identity-pool.ts';
import { logger } from '../aws/logger.ts';
import { step } from '../aws/step.ts';
import { diff } from '../core/diff.ts';
import { VerificationError } from '../core/errors.ts';
import { executionOf } from '../core/execution.ts';
import { sameSettings } from '../core/identity-pool.ts';
import { accessTo } from '../core/links.ts';
import { apply, checkQuota, merge } from '../core/merge.ts';
import { type Result, resultOf, type TargetEvent } from '../core/target.ts';

/**
 * Writes onto what is there now, not onto the snapshot, and reads back what was written.
 * UpdateIdentityPool replaces the whole pool and knows no version.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html
 */
export const handler = step(async ({ execution, target }: TargetEvent): Promise<Result> => {
  const { identityPoolId, intent } = target;
  const access = accessTo(links, identityPoolId);
  const pool = await openIdentityPool(executionOf(execution), identityPoolId, access, [
    'DescribeIdentityPool',
    'UpdateIdentityPool',
    'TagResource',
  ]);
  const before = await pool.describe();
  const changes = merge(before, intent);
  if (changes.length === 0) return resultOf(target, changes, before, before);
  checkQuota(before, changes, access.providerQuota);
  const wanted = apply(before, changes);
  await pool.update(wanted);
  logger.info('identity pool updated', { identityPoolId, changes });
  const after = await pool.describe();
  if (!sameSettings(after, wanted)) {
    throw new VerificationError(
      `The identity pool ${identityPoolId} does not read back as it was written. Look at who else writes to it in Account-B's CloudTrail. The difference: ${JSON.stringify(diff(wanted, after))}`,
    );
  }
  return resultOf(target, changes, before, after);
});
