import {
  coverageOf,
  namedPools,
  needsTags,
  type Subject,
  userPoolToldOf,
} from '../links/coverage.ts';
import type { Links } from '../links/links.ts';
import { isObject, isText } from '../shape.ts';
import { callerIn, member } from '../trail-record.ts';
import type { LedgerEntry } from '../write/records.ts';
import type { Ignored } from './pool-change.ts';

/** An app client that was updated, with the name that it has now. */
export interface UpdatedClient {
  clientId: string;
  clientName: string;
  /** Who updated it, for the request that may follow. */
  requestedBy: Record<string, string>;
  /** Its user pool, without the tags. */
  pool: Subject;
}

/** CloudTrail may hide a name. */
const isShown = (name: unknown): name is string => isText(name) && !name.startsWith('HIDDEN_');

/**
 * Reads an event of EventBridge about an UpdateUserPoolClient of CloudTrail's.
 *
 * @param own the account of the deployment.
 * @returns the app client, or why its update calls for nothing.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.html
 */
export function updatedClientIn(
  event: unknown,
  links: Links,
  own: string,
): UpdatedClient | Ignored {
  const { account, region, detail } = isObject(event) ? event : {};
  if (!isObject(detail) || !isText(account) || !isText(region)) {
    return { ignored: 'It is no event.' };
  }
  const answered = member(detail['responseElements'], 'userPoolClient');
  const userPoolId = member(answered, 'userPoolId');
  const clientId = member(answered, 'clientId');
  const clientName = member(answered, 'clientName');
  if (detail['eventName'] !== 'UpdateUserPoolClient' || !isText(userPoolId) || !isText(clientId)) {
    return { ignored: 'It is not about an updated app client.' };
  }
  if (!isShown(clientName)) return { ignored: 'It does not show the name of the app client.' };
  const pool = userPoolToldOf(links, userPoolId, { account, own });
  if (!needsTags(links, pool) && namedPools(links, pool).length === 0) {
    return { ignored: 'No link decides by its name.' };
  }
  const by = callerIn(detail);
  return {
    clientId,
    clientName,
    requestedBy: {
      via: 'cloudtrail',
      ...(by && { principalArn: by.principalArn, eventId: by.eventId, time: by.time }),
      account,
      region,
    },
    pool,
  };
}

/** The identity pools for which the name of an app client decides, and whether its new name is covered there. */
export function poolsToJudge(
  links: Links,
  { pool, clientId, clientName }: Pick<UpdatedClient, 'pool' | 'clientId' | 'clientName'>,
): { identityPoolId: string; isCovered: boolean }[] {
  const coverage = coverageOf(links, { ...pool, clientId, clientName });
  const covered = new Set(coverage.map(({ identityPoolId }) => identityPoolId));
  return namedPools(links, pool).map((identityPoolId) => ({
    identityPoolId,
    isCovered: covered.has(identityPoolId),
  }));
}

/**
 * What an update of an app client calls for in an identity pool:
 * - `link`: a link covers it by its new name, and the ledger does not know it;
 * - `recheck`: it is linked, and no link covers it by its new name;
 * - `nothing` otherwise: what a person unlinked, or others removed, is not linked again by an update.
 */
export function neededAfter(
  isCovered: boolean,
  ledger: LedgerEntry[],
): 'link' | 'recheck' | 'nothing' {
  if (isCovered) return ledger.length === 0 ? 'link' : 'nothing';
  return ledger.some(({ state }) => state === 'linked') ? 'recheck' : 'nothing';
}
