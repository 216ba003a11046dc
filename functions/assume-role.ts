import links from '#links';
import { openIdentityPool } from '../aws/clients/identity-pool.ts';
import { step } from '../aws/lambda/step.ts';
import { executionOf } from '../core/execution.ts';
import { accessTo } from '../core/links/coverage.ts';
import type { TargetEvent } from '../core/request/target.ts';

/**
 * Proves that Account-B allows the role to be assumed. The session has no permissions, and its credentials are
 * dropped here.
 */
export const handler = step(async ({ execution, target }: TargetEvent): Promise<string> => {
  const { identityPoolId } = target;
  const access = accessTo(links, identityPoolId);
  const pool = await openIdentityPool(executionOf(execution), identityPoolId, access, 'none');
  return pool.assumedRoleArn;
});
