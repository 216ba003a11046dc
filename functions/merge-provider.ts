import links from '#links';
import { step } from '../aws/step.ts';
import type { IdentityPool } from '../core/identity-pool.ts';
import { accessTo } from '../core/links.ts';
import { planOf, type TargetEvent } from '../core/target.ts';

type Snapshot = TargetEvent & { assumedRoleArn: string; snapshot: IdentityPool };

/** Plans the changes from the snapshot, and lets go of it; nothing is called or written. */
export const handler = step(async ({ execution, target, assumedRoleArn, snapshot }: Snapshot) => {
  const { providerQuota } = accessTo(links, target.identityPoolId);
  return { execution, target, assumedRoleArn, result: planOf(target, snapshot, providerQuota) };
});
