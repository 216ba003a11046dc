import links from '#links';
import { openIdentityPool } from '../aws/identity-pool.ts';
import { step } from '../aws/step.ts';
import { executionOf } from '../core/execution.ts';
import { accessTo } from '../core/links.ts';
import { type Result, type TargetEvent, verify } from '../core/target.ts';

/** Reads the pool once more, later and with new credentials: is our entry there? */
export const handler = step(
  async ({ execution, target, result }: TargetEvent & { result: Result }): Promise<Result> => {
    const { identityPoolId } = target;
    const access = accessTo(links, identityPoolId);
    const pool = await openIdentityPool(executionOf(execution), identityPoolId, access, [
      'DescribeIdentityPool',
    ]);
    return verify(target, result, await pool.describe());
  },
);
