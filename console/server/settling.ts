import { isDenied } from '../../cli/check/checks.ts';
import type { Session } from '../../cli/session.ts';
import { Ledgers } from '../../cli/settings/ledgers.ts';
import { providerIn } from '../../core/user-pool.ts';
import type { ResultView } from './protocol.ts';

/** What an unlink does where others have removed the entry already. */
export const SETTLES =
  'An identity pool that shows no change has no entry of this app client. If others removed it, the ledger then keeps that it stays away: no repair links it, and a person can link it again.';

/**
 * Whether an unlink changes the ledger of an identity pool that does not hold the entry: the ledger still has it as
 * linked, or the caller may not read that.
 *
 * @param results those that the unlink would have.
 */
export async function maySettle(
  session: Session,
  stage: string,
  results: ResultView[],
  { userPoolId, clientId }: { userPoolId: string; clientId: string },
): Promise<boolean> {
  const ledgers = new Ledgers(session, stage);
  for (const { identityPoolId, outcome } of results) {
    if (outcome !== 'NOT_LINKED' || identityPoolId === undefined) continue;
    try {
      const entries = [...(await ledgers.of(identityPoolId)).values()];
      const isLinked = entries.some(
        (entry) =>
          entry.state === 'linked' &&
          entry.clientId === clientId &&
          providerIn(entry.providerName) === userPoolId,
      );
      if (isLinked) return true;
    } catch (error) {
      if (!isDenied(error as Error)) throw error;
      return true;
    }
  }
  return false;
}
