import links from '#links';
import { poolUpdates } from '../aws/clients/event-history.ts';
import { publishAll } from '../aws/clients/events.ts';
import { isDenial } from '../aws/clients/role-session.ts';
import { logger } from '../aws/lambda/logger.ts';
import { type Context, step } from '../aws/lambda/step.ts';
import { parseArn } from '../core/arn.ts';
import { executionOf } from '../core/execution.ts';
import { type Access, accessTo } from '../core/links/coverage.ts';
import {
  type EntryRemoved,
  entryRemoved,
  historyBegins,
  isSettled,
  type Looked,
  type RemovedEntry,
} from '../core/reconcile/removed.ts';

interface Asked {
  execution: string;
  identityPoolId: string;
  removed: RemovedEntry[];
}

// An entry is in the ledger after it was written, and CloudTrail's clock is another.
const MARGIN_MS = 300_000;
// Kept for publishing.
const PUBLISHING_MS = 20_000;

function hindrance(error: unknown, { roleArn }: Access): string {
  if (error instanceof Error && isDenial(error)) {
    return `its account ${parseArn(roleArn).account} does not allow Poolbridge to look it up in CloudTrail, as resources/account-b.yml does with NameWhoRemoves=true`;
  }
  const name = error instanceof Error ? error.name : 'an error';
  if (name === 'AbortError' || name === 'TimeoutError') {
    return 'CloudTrail did not show it in the time there was; the next reconcile looks again';
  }
  return `CloudTrail could not be read (${name})`;
}

/** What CloudTrail has of the identity pool's updates, back to where it says nothing more. */
async function look(
  { execution, identityPoolId, removed }: Asked,
  access: Access,
  context: Context,
): Promise<Looked> {
  const updates: Looked['updates'] = [];
  const began = historyBegins(Date.now());
  const since = Math.min(...removed.map(({ linkedBy }) => Date.parse(linkedBy.time)));
  try {
    const where = executionOf(execution);
    const abortSignal = AbortSignal.timeout(context.getRemainingTimeInMillis() - PUBLISHING_MS);
    const looking = { since: since - MARGIN_MS, abortSignal };
    const pages = poolUpdates(where, identityPoolId, access, looking);
    for await (const page of pages) {
      updates.push(...page.updates);
      if (!page.more) return { updates, wholeSince: Math.max(since, began) };
      if (removed.every((entry) => isSettled(entry, updates))) break;
    }
    return { updates };
  } catch (error) {
    // Who it was is worth knowing; that it was removed is worth telling in any case.
    return { updates, hindered: hindrance(error, access) };
  }
}

/** Tells everyone of each entry that others removed, and who it was where CloudTrail knows. */
export const handler = step(async (event: Asked, context): Promise<EntryRemoved[]> => {
  const { execution, identityPoolId, removed } = event;
  const access = accessTo(links, identityPoolId);
  const looked = await look(event, access, context);
  const found = { executionArn: execution, identityPoolId };
  const told = removed.map((entry) =>
    entryRemoved(entry, found, { roleArn: access.roleArn, looked }),
  );
  await publishAll('EntryRemoved', told, execution);
  logger.info('entries were removed', { told });
  return told;
});
