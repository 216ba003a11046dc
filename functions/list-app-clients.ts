import links from '#links';
import { issuerOf } from '../aws/clients/issuer.ts';
import { allAppClients, tagsOf, userPoolBy } from '../aws/clients/user-pools.ts';
import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import { pace } from '../aws/pace/pace.ts';
import { Inventory } from '../aws/table/inventory.ts';
import { executionOf } from '../core/execution.ts';
import { coverageOf, userPoolIn } from '../core/links/coverage.ts';
import { linksNamed, userPoolRoleOf } from '../core/links/links.ts';
import { type Listing, shownError, tagSetsOf } from '../core/reconcile/plan.ts';
import { READS_A_SECOND } from '../core/user-pool.ts';

interface Asked {
  execution: string;
  userPoolIds: string[];
  /** The names of the links to compare with. */
  links: string[];
  /** The Regions in which user pools are looked for by their tags. */
  regions: string[];
}

const CALLS_A_SECOND = Number(process.env['CALLS_A_SECOND']) || READS_A_SECOND;

// In milliseconds: what follows the last page may need this long.
const RESERVE = 15_000;

const refusals = ['AccessDeniedException', 'NotAuthorizedException', 'UserPoolAccessDeniedError'];

/** Lists the app clients of some user pools, each once, and keeps the lists in the table. */
export const handler = step(async (event: Asked, context): Promise<Listing> => {
  const { execution, userPoolIds, regions } = event;
  const judged = linksNamed(links, event.links);
  const inventory = new Inventory(execution);
  const where = executionOf(execution);
  const turn = pace(CALLS_A_SECOND);
  const until = Date.now() + context.getRemainingTimeInMillis() - RESERVE;

  const tagged = async (userPoolId: string): Promise<Record<string, string>> => {
    // User pools of other accounts are covered by name alone.
    if (regions.length === 0 || userPoolRoleOf(links, userPoolId) !== undefined) return {};
    await turn();
    return (await tagsOf(userPoolId, where)) ?? {};
  };

  /** @returns undefined if the user pool does not exist. */
  const list = async (userPoolId: string, tags: Record<string, string>) => {
    if (coverageOf(judged, { ...userPoolIn(links, userPoolId), tags }).length === 0) return '';
    const pool = userPoolBy(links, userPoolId, where);
    const clients = await allAppClients(pool, { turn, until });
    if (!clients) return undefined;
    await turn();
    const issuer = await issuerOf(pool);
    return inventory.keep(userPoolId, { tags, ...(issuer && { issuer }), clients });
  };

  const listing: Required<Omit<Listing, 'failure'>> & Listing = {
    listed: [],
    refused: [],
    unlisted: [],
  };
  for (const userPoolId of userPoolIds) {
    let tagSets: string[] | undefined;
    try {
      const tags = await tagged(userPoolId);
      tagSets = tagSetsOf(judged, tags);
      const digest = await list(userPoolId, tags);
      if (digest !== undefined) listing.listed.push([userPoolId, digest, tagSets]);
    } catch (error) {
      if (!(error instanceof Error && refusals.includes(error.name))) throw error;
      logger.warn(`${userPoolId} could not be listed`, error);
      if (tagSets) listing.refused.push([userPoolId, '', tagSets]);
      else listing.unlisted.push(userPoolId);
      listing.failure ??= { Error: error.name, Cause: shownError(error.message) };
    }
  }
  return listing;
});
