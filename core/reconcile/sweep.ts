import { coverageOf, userPoolIn } from '../links/coverage.ts';
import type { Links } from '../links/links.ts';
import { approvalTime } from '../request/approval-time.ts';
import { LAG_MS } from '../write/marks.ts';
import { EVERY_CLIENT, type LedgerEntry } from '../write/records.ts';
import type { UserPoolListing } from './classify.ts';

/** A user pool as a sweep lists it. One that does not exist any more has no app clients. */
export type SweptPool = Pick<UserPoolListing, 'tags' | 'clients'> & { userPoolId: string };

/** The identity pools that an app client of a user pool may be linked to. */
export const poolsReached = (
  links: Links,
  { userPoolId, tags }: Pick<SweptPool, 'userPoolId' | 'tags'>,
): string[] =>
  coverageOf(links, { ...userPoolIn(links, userPoolId), tags }).map(
    ({ identityPoolId }) => identityPoolId,
  );

/**
 * Whether a reconcile of an identity pool would link or unlink an app client of a user pool, as far as the ledger
 * shows: an app client that a link covers and the ledger does not know, or one that the ledger has as linked and that
 * is gone. What a person must approve does not count.
 *
 * @param ledger the ledger entries of the user pool in that identity pool.
 * @param now in epoch milliseconds. What is younger than a minute may not be listed yet.
 */
export function needsRecheck(
  links: Links,
  identityPoolId: string,
  { swept, ledger, now }: { swept: SweptPool; ledger: LedgerEntry[]; now: number },
): boolean {
  const { userPoolId, tags, clients } = swept;
  const pool = { ...userPoolIn(links, userPoolId), tags };
  const coverage = (clientId: string, clientName: string | undefined) =>
    coverageOf(links, {
      ...pool,
      clientId,
      ...(clientName !== undefined && { clientName }),
    }).find((each) => each.identityPoolId === identityPoolId && !approvalTime(links, each.links));
  const known = new Set(ledger.map(({ clientId }) => clientId));
  const isMissing = [...clients].some(
    ([clientId, clientName]) =>
      !known.has(clientId) && coverage(clientId, clientName) !== undefined,
  );
  if (isMissing && !known.has(EVERY_CLIENT)) return true;
  return ledger.some(
    ({ state, clientId, clientName, time }) =>
      state === 'linked' &&
      !clients.has(clientId) &&
      time < now - LAG_MS &&
      coverage(clientId, clientName)?.onDelete === 'unlink',
  );
}

/** The user pools to sweep now: those after the last one that was swept come first, and then the others. */
export function inTurn(userPoolIds: string[], last: string | undefined): string[] {
  const all = [...new Set(userPoolIds)].sort();
  const from = last === undefined ? 0 : all.findIndex((each) => each > last);
  return from < 0 ? all : [...all.slice(from), ...all.slice(0, from)];
}
