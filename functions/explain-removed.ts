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
  REMOVED,
  type RemovedEntry,
  updatesBefore,
} from '../core/reconcile/removed.ts';

interface Asked {
  execution: string;
  identityPoolId: string;
  removed: RemovedEntry[];
}

// An entry is recorded in the ledger after it was written, and CloudTrail has another clock.
const MARGIN_MS = 300_000;
// The time that publishing may need.
const PUBLISHING_MS = 20_000;

function hindrance(error: unknown, { roleArn }: Access): string {
  if (error instanceof Error && isDenial(error)) {
    return `its account ${parseArn(roleArn).account} does not allow Poolbridge to look it up in CloudTrail; resources/account-b.yml does with NameWhoRemoves=true`;
  }
  const name = error instanceof Error ? error.name : 'an error';
  if (name === 'AbortError' || name === 'TimeoutError') {
    return 'CloudTrail did not show it in time';
  }
  return `CloudTrail could not be read (${name})`;
}

/**
 * The updates of the identity pool in CloudTrail, as far back as they can say something; none if it is known already
 * who removed each entry.
 */
async function look(
  { execution, identityPoolId, removed }: Asked,
  access: Access,
  context: Context,
): Promise<Looked> {
  const updates: Looked['updates'] = [];
  const began = historyBegins(Date.now());
  const unknown = removed.filter(({ removedBy }) => !removedBy);
  if (unknown.length === 0) return { updates };
  const since = Math.min(...unknown.map(({ linkedBy }) => Date.parse(linkedBy.time)));
  try {
    const where = executionOf(execution);
    const abortSignal = AbortSignal.timeout(context.getRemainingTimeInMillis() - PUBLISHING_MS);
    const looking = { since: since - MARGIN_MS, abortSignal };
    const pages = poolUpdates(where, identityPoolId, access, looking);
    for await (const page of pages) {
      updates.push(...page.updates);
      if (!page.more) return { updates, wholeSince: Math.max(since, began) };
      const isKnown = (entry: RemovedEntry): boolean =>
        isSettled(entry, updatesBefore(entry, updates, execution));
      if (unknown.every(isKnown)) break;
    }
    return { updates };
  } catch (error) {
    // The removal must be reported even if it is not known who did it.
    return { updates, hindered: hindrance(error, access) };
  }
}

/** Publishes an event for each entry that others removed, and says who it was if CloudTrail knows. */
export const handler = step(async (event: Asked, context): Promise<EntryRemoved[]> => {
  const { execution, identityPoolId, removed } = event;
  const access = accessTo(links, identityPoolId);
  const looked = await look(event, access, context);
  const found = { executionArn: execution, identityPoolId };
  const told = removed.map((entry) =>
    entryRemoved(entry, found, { roleArn: access.roleArn, looked }),
  );
  await publishAll('EntryRemoved', told, execution);
  logger.info(REMOVED, { told });
  return told;
});
