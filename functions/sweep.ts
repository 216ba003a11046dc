import links from '#links';
import {
  allAppClients,
  type Tempo,
  tagsOf,
  userPoolBy,
  userPoolsIn,
} from '../aws/clients/user-pools.ts';
import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import { pace } from '../aws/pace/pace.ts';
import { askForRecheck } from '../aws/recheck/recheck.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import { Sweeps } from '../aws/table/sweeps.ts';
import { type Execution, executionOf } from '../core/execution.ts';
import { userPoolRoleOf } from '../core/links/links.ts';
import { namedUserPools, taggedRegions } from '../core/reconcile/plan.ts';
import { inTurn, needsRecheck, poolsReached, type SweptPool } from '../core/reconcile/sweep.ts';
import { providerNameOf } from '../core/user-pool.ts';

const reconcileArn = process.env['RECONCILE_ARN'] ?? '';
const CALLS_A_SECOND = Number(process.env['CALLS_A_SECOND']);
// In milliseconds: what follows the last page may need this long.
const RESERVE = 15_000;

/** What a sweep has done. */
interface Swept {
  /** How many user pools were listed. */
  userPools: number;
  /** How many are left for the next sweep. */
  left: number;
  rechecked: string[];
}

/** Where a sweep runs, and how fast and for how long it may call Cognito. */
interface Sweeping extends Tempo {
  where: Execution;
  /** The Regions in which user pools are looked for by their tags. */
  regions: string[];
}

/** The app clients of a user pool; undefined if no link covers it. */
async function listed(
  userPoolId: string,
  { where, regions, ...tempo }: Sweeping,
): Promise<SweptPool | undefined> {
  const isTagged = regions.length > 0 && userPoolRoleOf(links, userPoolId) === undefined;
  if (isTagged) await tempo.turn();
  const tags = (isTagged && (await tagsOf(userPoolId, where))) || {};
  if (poolsReached(links, { userPoolId, tags }).length === 0) return undefined;
  const all = (await allAppClients(userPoolBy(links, userPoolId, where), tempo)) ?? [];
  const clients = new Map(all.map(({ clientId, clientName }) => [clientId, clientName]));
  return { userPoolId, tags, clients };
}

/** The identity pools in which a reconcile would link or unlink app clients of a user pool. */
async function poolsToRecheck(userPoolId: string, sweeping: Sweeping): Promise<string[]> {
  const swept = await listed(userPoolId, sweeping);
  if (!swept) return [];
  const providerName = providerNameOf(userPoolId, sweeping.where.partition);
  const needed: string[] = [];
  for (const identityPoolId of poolsReached(links, swept)) {
    const ledger = await new PoolTable(identityPoolId).ledger.ofUserPool(providerName);
    const now = Date.now();
    if (needsRecheck(links, identityPoolId, { swept, ledger, now })) needed.push(identityPoolId);
  }
  return needed;
}

/**
 * Compares the app clients of the user pools with the ledger, without a look at any identity pool, and rechecks the
 * identity pools where an event was lost. A schedule invokes this function, so it is no state of a workflow. What it
 * has no time for is left for the next one.
 */
export const handler = step(async (event: unknown, context): Promise<Swept> => {
  const where = executionOf(`${reconcileArn.replace(':stateMachine:', ':execution:')}:sweep`);
  const until = Date.now() + context.getRemainingTimeInMillis() - RESERVE;
  const regions = taggedRegions(links, where.region);
  const sweeping = { where, regions, turn: pace(CALLS_A_SECOND), until };
  const tagged = (await Promise.all(regions.map(userPoolsIn))).flat();
  const sweeps = new Sweeps();
  const all = inTurn([...namedUserPools(links), ...tagged], await sweeps.last());
  const rechecked = new Set<string>();
  let userPools = 0;
  for (const userPoolId of all) {
    if (Date.now() > until) break;
    try {
      for (const id of await poolsToRecheck(userPoolId, sweeping)) rechecked.add(id);
    } catch (error) {
      // The daily reconcile reports what can't be listed. One user pool must not keep the others from being swept.
      logger.warn(`${userPoolId} could not be swept`, error as Error);
    }
    userPools += 1;
  }
  const last = all[userPools - 1];
  if (last !== undefined) await sweeps.keep(last);
  for (const identityPoolId of rechecked) await askForRecheck(reconcileArn, identityPoolId, event);
  const swept = { userPools, left: all.length - userPools, rechecked: [...rechecked] };
  logger.info('user pools swept', { ...swept });
  return swept;
});
