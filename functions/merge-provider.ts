import links from '#links';
import { step } from '../aws/lambda/step.ts';
import type { IdentityPool } from '../core/identity-pool/identity-pool.ts';
import { accessTo } from '../core/links/coverage.ts';
import {
  type Plan,
  planOf,
  type Result,
  type TargetEvent,
  withBeside,
} from '../core/request/target.ts';
import { asApproved } from '../core/request/target-now.ts';

type Snapshot = TargetEvent & {
  /** The snapshot. */
  result: IdentityPool;
  /** The result of the previous round. */
  verification?: { result: Result };
};

/** Plans the changes from the snapshot. It calls nothing and writes nothing. */
export const handler = step(async (event: Snapshot): Promise<Plan> => {
  const { execution, attempt, result: snapshot, verification } = event;
  const target = asApproved(event.target, event.shown);
  const { providerQuota } = accessTo(links, target.identityPoolId);
  const wanting = { execution, attempt, target: withBeside(links, target) };
  return planOf(wanting, snapshot, providerQuota, verification?.result);
});
