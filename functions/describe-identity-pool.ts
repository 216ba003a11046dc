import links from '#links';
import { openIdentityPool } from '../aws/clients/identity-pool.ts';
import { step } from '../aws/lambda/step.ts';
import { executionOf } from '../core/execution.ts';
import { type IdentityPool, inShort } from '../core/identity-pool/identity-pool.ts';
import { namesIn } from '../core/issuer.ts';
import { accessTo } from '../core/links/coverage.ts';
import type { TargetEvent } from '../core/request/target.ts';

/** Takes the snapshot of the identity pool that the changes are planned from. */
export const handler = step(async ({ execution, target }: TargetEvent): Promise<IdentityPool> => {
  const { identityPoolId } = target;
  const access = accessTo(links, identityPoolId);
  const pool = await openIdentityPool(executionOf(execution), identityPoolId, access, 'read');
  return inShort(await pool.describe(namesIn(target.intent)));
});
