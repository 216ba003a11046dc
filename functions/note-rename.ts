import links from '#links';
import { startExecution } from '../aws/clients/executions.ts';
import { tagsOf } from '../aws/clients/user-pools.ts';
import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import { inParallel } from '../aws/pace/in-parallel.ts';
import { askForRecheck } from '../aws/recheck/recheck.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import { parseArn } from '../core/arn.ts';
import { needsTags } from '../core/links/coverage.ts';
import type { Ignored } from '../core/reconcile/pool-change.ts';
import {
  neededAfter,
  poolsToJudge,
  type UpdatedClient,
  updatedClientIn,
} from '../core/reconcile/renamed.ts';
import { sha256 } from '../core/sha256.ts';
import { namesOfSame, providerNameOf } from '../core/user-pool.ts';
import type { LedgerEntry } from '../core/write/records.ts';

const linkArn = process.env['LINK_ARN'] ?? '';
const reconcileArn = process.env['RECONCILE_ARN'] ?? '';

/** What the ledger of an identity pool has about an app client, under both names of its user pool. */
async function knownOf(identityPoolId: string, client: UpdatedClient): Promise<LedgerEntry[]> {
  const { ledger } = new PoolTable(identityPoolId);
  const name = providerNameOf(client.pool.userPoolId, parseArn(linkArn).partition);
  const entries = await Promise.all(
    namesOfSame(name).map((ProviderName) =>
      ledger.entry({ ProviderName, ClientId: client.clientId }),
    ),
  );
  return entries.flatMap((entry) => entry ?? []);
}

/** Asks for the link of an app client to an identity pool. The same event asks only once. */
function link({ pool, clientId, requestedBy }: UpdatedClient, identityPoolId: string) {
  const { userPoolId } = pool;
  const request = { operation: 'link', userPoolId, clientId, identityPoolId };
  const input = JSON.stringify({ request, requestedBy });
  const name = `renamed-${sha256(input).slice(0, 32)}`;
  return startExecution({ stateMachineArn: linkArn, name, input });
}

/**
 * Links an app client whose new name a link covers, and rechecks the identity pools where no link covers it any more.
 * EventBridge invokes this function for each update of an app client, so it is no state of a workflow.
 */
export const handler = step(
  async (event: unknown): Promise<Ignored | { link: string[]; recheck: string[] }> => {
    const where = parseArn(linkArn);
    const client = updatedClientIn(event, links, where.account);
    if ('ignored' in client) return client;
    const needed = { link: [] as string[], recheck: [] as string[], nothing: [] as string[] };
    const { userPoolId } = client.pool;
    const tags = needsTags(links, client.pool) ? await tagsOf(userPoolId, where) : undefined;
    const pool = { ...client.pool, tags: tags ?? {} };
    const judged = poolsToJudge(links, { ...client, pool });
    await inParallel(judged, async ({ identityPoolId, isCovered }) => {
      needed[neededAfter(isCovered, await knownOf(identityPoolId, client))].push(identityPoolId);
    });
    for (const identityPoolId of needed.link) await link(client, identityPoolId);
    for (const identityPoolId of needed.recheck)
      await askForRecheck(reconcileArn, identityPoolId, event);
    logger.info('app client updated', { userPoolId, clientId: client.clientId, ...needed });
    return needed;
  },
);
