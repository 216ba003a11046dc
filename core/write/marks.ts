import { userPoolIdOf } from '../user-pool.ts';
import { EVERY_CLIENT, type LedgerEntry } from './records.ts';

/**
 * How long ListUserPoolClients may lag behind a creation or a deletion, and by how much clocks may differ, in
 * milliseconds. AWS does not say how consistent it is, so this is an assumption, which the contract suite measures
 * (`listing-lag`).
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html
 */
export const LAG_MS = 60_000;

/** What the ledger has as deleted: an app client or, with `*`, its whole user pool. */
export type Mark = Pick<LedgerEntry, 'providerName' | 'clientId'>;

export const markOf = ({ providerName, clientId }: LedgerEntry): Mark => ({
  providerName,
  clientId,
});

/**
 * Whether a listing that begins at some time proves more than a mark. A younger mark may be of a deletion that the
 * listing does not show yet.
 *
 * @param since in epoch milliseconds.
 */
export const isBefore = (mark: LedgerEntry, since: number): boolean => mark.time <= since - LAG_MS;

/**
 * The marks of app clients and user pools that exist. AWS never reuses an id, so these marks do not come from a
 * deletion.
 */
export function wrongMarks(
  ledger: LedgerEntry[],
  {
    listed,
    existing,
    since,
    partition,
  }: {
    listed: ReadonlyMap<string, { clients: ReadonlyMap<string, string> }>;
    /** Every user pool that is known to exist. */
    existing: ReadonlySet<string>;
    /** When listing began, in epoch milliseconds. */
    since: number;
    partition: string;
  },
): LedgerEntry[] {
  return ledger.filter((entry) => {
    if (entry.deleted !== true || !isBefore(entry, since)) return false;
    const userPoolId = userPoolIdOf(entry.providerName, partition) ?? '';
    if (entry.clientId === EVERY_CLIENT) return existing.has(userPoolId);
    return listed.get(userPoolId)?.clients.has(entry.clientId) === true;
  });
}

/** The ledger without marks that are known to be wrong. A mark that was made since stays. */
export const withoutMarks = (ledger: LedgerEntry[], marks: LedgerEntry[]): LedgerEntry[] =>
  ledger.filter(
    (entry) =>
      !marks.some(
        ({ providerName, clientId, sequence }) =>
          entry.providerName === providerName &&
          entry.clientId === clientId &&
          entry.sequence === sequence,
      ),
  );
