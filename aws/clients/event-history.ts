import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import type { Execution } from '../../core/execution.ts';
import { identityPoolRegion } from '../../core/identity-pool/identity-pool.ts';
import type { Access } from '../../core/links/coverage.ts';
import { type PoolUpdate, poolUpdate } from '../../core/reconcile/pool-update.ts';
import { pace, patient } from '../pace/pace.ts';
import { pagesOf } from '../pace/pages.ts';
import { requestHandler } from './request-handler.ts';
import { assume } from './role-session.ts';

// CloudTrail has no resources that could narrow this.
const LOOK_UP = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'cloudtrail:LookupEvents', Resource: '*' }],
});

// Pages have 50 records. An account may ask for this many in five seconds, and others may need some.
const MOST_PAGES = 10;
const CALLS_A_SECOND = 2;

/** Updates of an identity pool, and whether there are earlier ones. */
interface Page {
  updates: PoolUpdate[];
  more: boolean;
}

/**
 * The updates of an identity pool from the CloudTrail event history of its account and Region, newest first, page
 * by page. The event history needs no trail, lags behind by minutes and goes back 90 days.
 *
 * @param since in epoch milliseconds.
 * @param abortSignal ends the search: an answer in time matters more than a name.
 * @throws as AWS answers: AccessDeniedException if the role may not look events up.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export async function* poolUpdates(
  execution: Execution,
  identityPoolId: string,
  access: Access,
  { since, abortSignal }: { since: number; abortSignal: AbortSignal },
): AsyncGenerator<Page> {
  const { credentials } = await assume(execution, access, LOOK_UP);
  const region = identityPoolRegion(identityPoolId);
  // Up to ten identity pools of one account are searched in parallel, and the account has two calls a second.
  const client = new CloudTrailClient({ region, credentials, requestHandler, ...patient() });
  const input = {
    LookupAttributes: [
      { AttributeKey: 'EventName' as const, AttributeValue: 'UpdateIdentityPool' },
    ],
    StartTime: new Date(since),
  };
  const turn = pace(CALLS_A_SECOND);
  const pages = pagesOf('LookupEvents', async (NextToken: string | undefined) => {
    await turn();
    const command = new LookupEventsCommand({ ...input, NextToken });
    const { Events: items = [], NextToken: next } = await client.send(command, { abortSignal });
    return { items, next };
  });
  let count = 0;
  for await (const { items, next } of pages) {
    const updates = items.flatMap(
      ({ CloudTrailEvent }) => poolUpdate(CloudTrailEvent, identityPoolId) ?? [],
    );
    yield { updates, more: next !== undefined };
    if (++count === MOST_PAGES) return;
  }
}
