import links from '#links';
import { Inventory } from '../aws/inventory.ts';
import { logger } from '../aws/logger.ts';
import { pace } from '../aws/pace.ts';
import { step } from '../aws/step.ts';
import { allAppClients, tagsOf } from '../aws/user-pools.ts';
import { executionOf } from '../core/execution.ts';
import { coverageOf, type Link, type Links } from '../core/links.ts';
import type { Failure } from '../core/outcome.ts';
import { type ListedPool, type Listing, tagSetsOf } from '../core/reconcile-plan.ts';

interface Asked {
  execution: string;
  userPoolIds: string[];
  /** The names of the links to judge by. */
  links: string[];
  /** In which Regions user pools are looked for by their tags. */
  regions: string[];
}

// Two of these functions run at a time. Together they make 10 of the 15 calls a second that an account
// has, and each keeps to the 5 that a user pool has.
// https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
const CALLS_A_SECOND = 5;

const refusals = ['AccessDeniedException', 'NotAuthorizedException'];

/** Lists the app clients of some user pools and keeps them in the table; each pool is listed once. */
export const handler = step(async (event: Asked): Promise<Listing> => {
  const { execution, userPoolIds, regions } = event;
  const names = new Set(event.links);
  const judged: Links = Object.fromEntries(
    Object.entries<Link>(links).filter(([name]) => names.has(name)),
  );
  const inventory = new Inventory(execution);
  const where = executionOf(execution);
  const turn = pace(CALLS_A_SECOND);

  const list = async (userPoolId: string): Promise<ListedPool | undefined> => {
    if (regions.length > 0) await turn();
    const tags = regions.length > 0 ? await tagsOf(userPoolId, where) : {};
    if (coverageOf(judged, { userPoolId, tags }).length === 0) return [userPoolId, '', []];
    const clients = await allAppClients(userPoolId, turn);
    if (!clients) return undefined;
    return [userPoolId, await inventory.keep(userPoolId, tags, clients), tagSetsOf(judged, tags)];
  };

  const listed: ListedPool[] = [];
  const unlisted: string[] = [];
  let failure: Failure | undefined;
  for (const userPoolId of userPoolIds) {
    try {
      listed.push(...[await list(userPoolId)].flatMap((each) => (each ? [each] : [])));
    } catch (error) {
      if (!(error instanceof Error && refusals.includes(error.name))) throw error;
      logger.warn(`${userPoolId} could not be listed`, error);
      unlisted.push(userPoolId);
      failure ??= { Error: error.name, Cause: error.message.slice(0, 500) };
    }
  }
  return { listed, unlisted, ...(failure && { failure }) };
});
