import links from '#links';
import { userPoolsIn } from '../aws/clients/user-pools.ts';
import { logData } from '../aws/lambda/log-data.ts';
import { step } from '../aws/lambda/step.ts';
import { inParallel } from '../aws/pace/in-parallel.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import { executionOf } from '../core/execution.ts';
import type { Links } from '../core/links/links.ts';
import { BEGINS, namedPools, RESOLVED } from '../core/logged-data.ts';
import { changedLinks } from '../core/reconcile/changed-links.ts';
import { linksOfPart } from '../core/reconcile/parts.ts';
import {
  isWhole,
  judgedLinks,
  nextPart,
  parseReconcile,
  planOf,
  type ReconcilePlan,
  taggedRegions,
} from '../core/reconcile/plan.ts';

/** The links to the identity pools that were not reconciled with exactly these links yet. */
async function notYetJudged(all: Links): Promise<Links> {
  const judged = new Map<string, string>();
  const identityPools = new Set(Object.values(all).map(({ identityPool }) => identityPool));
  await inParallel([...identityPools], async (id) => {
    const digest = await new PoolTable(id).judged.digest();
    if (digest !== undefined) judged.set(id, digest);
  });
  return changedLinks(all, judged);
}

/** Finds the links, identity pools and user pools of a reconcile. */
export const handler = step(
  async ({ execution, input }: { execution: string; input: unknown }): Promise<ReconcilePlan> => {
    logData(BEGINS, input);
    const since = Date.now();
    const request = parseReconcile(input, links);
    const judged = request.changedOnly ? await notYetJudged(links) : judgedLinks(links, request);
    const { links: own, upTo } = linksOfPart(judged, request.part?.after);
    const regions = taggedRegions(own, executionOf(execution).region);
    const found = await Promise.all(regions.map(userPoolsIn));
    const plan = planOf(own, request, { since, regions, found: found.flat() });
    logData(RESOLVED, namedPools(plan.identityPools));
    if (upTo !== undefined) return { ...plan, next: nextPart(request, upTo) };
    return isWhole(links, judged, request) ? { ...plan, whole: true } : plan;
  },
);
