import { ProviderQuotaError, RoleMappingError } from '../errors.ts';
import { cancelledIn } from '../identity-pool/cancelled.ts';
import { apply, type Change } from '../identity-pool/changes.ts';
import { type IdentityPool, sameSettings } from '../identity-pool/identity-pool.ts';
import { type Intent, merge } from '../identity-pool/merge.ts';
import { checkQuota } from '../identity-pool/quota.ts';

/** One of the requests that are written together, by a key that only it has. */
export interface Asked {
  key: string;
  intent: Intent;
}

/** What a request comes to in a common write: its own changes, or why it has none. */
export type Share = { key: string; changes: Change[] } | ({ key: string } & Refused);

/** Why a request is refused: the sentence, and the name of the error where it is not ProviderQuotaError. */
export interface Refused {
  refused: string;
  error?: 'RoleMappingError';
}

/** A refusal as the error that it was. */
export const refusalOf = ({ refused, error }: Refused): ProviderQuotaError | RoleMappingError =>
  error === undefined ? new ProviderQuotaError(refused) : new RoleMappingError(refused);

/** A write for several requests. */
export interface Batch {
  wanted: IdentityPool;
  shares: Share[];
  /** Of each share, the changes that other shares cancel: the identity pool never shows them. */
  cancelled: Change[][];
  /** Whether there is anything to write: requests may cancel each other out. */
  write: boolean;
}

/**
 * Merges requests onto a pool one after the other, in their order, so that a link and an unlink of
 * one client end as they would have one by one. One that is refused does not stop the rest.
 *
 * @param base onto which they are merged: without the parts of an earlier attempt that are there.
 * @param now the pool with those parts, where there are any.
 */
export function batch(
  base: IdentityPool,
  asked: Asked[],
  quota: number,
  now: IdentityPool = base,
): Batch {
  let wanted = base;
  const shares = asked.map(({ key, intent }): Share => {
    const changes = merge(wanted, intent);
    try {
      checkQuota(wanted, changes, quota);
    } catch (error) {
      if (error instanceof ProviderQuotaError) return { key, refused: error.message };
      if (error instanceof RoleMappingError) {
        return { key, refused: error.message, error: error.name };
      }
      throw error;
    }
    wanted = apply(wanted, changes);
    return { key, changes };
  });
  const isMade = (pool: IdentityPool, change: Change): boolean =>
    sameSettings(apply(pool, [change]), pool);
  const cancelled = cancelledIn(
    shares.map((share) => ('refused' in share ? [] : share.changes)),
    (change) => now !== base && isMade(now, change) && !isMade(base, change),
  );
  return { wanted, shares, cancelled, write: !sameSettings(now, wanted) };
}
