import links from '#links';
import { userPoolsIn } from '../aws/clients/user-pools.ts';
import { step } from '../aws/lambda/step.ts';
import { executionOf } from '../core/execution.ts';
import {
  judgedLinks,
  parseReconcile,
  planOf,
  type ReconcilePlan,
  taggedRegions,
} from '../core/reconcile/plan.ts';

/** Finds the links, identity pools and user pools of a reconcile. */
export const handler = step(
  async ({ execution, input }: { execution: string; input: unknown }): Promise<ReconcilePlan> => {
    const since = Date.now();
    const request = parseReconcile(input, links);
    const judged = judgedLinks(links, request);
    const regions = taggedRegions(judged, executionOf(execution).region);
    const found = await Promise.all(regions.map(userPoolsIn));
    return planOf(judged, request, { since, regions, found: found.flat() });
  },
);
