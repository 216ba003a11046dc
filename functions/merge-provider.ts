import links from '#links';
import { step } from '../aws/step.ts';
import type { IdentityPool } from '../core/identity-pool.ts';
import { accessTo } from '../core/links.ts';
import { planOf, type Result, type TargetEvent, withBeside } from '../core/target.ts';

type Snapshot = TargetEvent & {
  assumedRoleArn: string;
  snapshot: IdentityPool;
  /** From the round before. */
  previous?: Result;
};

/** Plans the changes from the snapshot, and lets go of it; nothing is called or written. */
export const handler = step(async ({ assumedRoleArn, snapshot, previous, ...event }: Snapshot) => {
  const { execution, target, attempt } = event;
  const { providerQuota } = accessTo(links, target.identityPoolId);
  const wanting = { ...event, target: withBeside(links, target) };
  const result = planOf(wanting, snapshot, providerQuota, previous);
  return { execution, target, attempt, assumedRoleArn, result };
});
