import { ProviderQuotaError, RoleMappingError } from '../errors.ts';
import { cancelledIn } from '../identity-pool/cancelled.ts';
import { apply, type Change } from '../identity-pool/changes.ts';
import type { IdentityPool } from '../identity-pool/identity-pool.ts';
import { checkQuota } from '../identity-pool/quota.ts';
import { sameSettings } from '../identity-pool/same-settings.ts';
import { mergeOrExplain } from '../request/by-hand.ts';
import { providerIn } from '../user-pool.ts';
import type { Allowed, Refused } from './records.ts';

/** What a request is merged by. */
export type Mergeable = Pick<Allowed, 'key' | 'intent' | 'execution'>;

/** The part of a common write that belongs to one request: its changes, or why it is refused. */
export type Share = { key: string; changes: Change[] } | ({ key: string } & Refused);

/** The error of a refusal. */
export const refusalOf = ({ refused, error }: Refused): ProviderQuotaError | RoleMappingError =>
  error === undefined ? new ProviderQuotaError(refused) : new RoleMappingError(refused);

/** A write for several requests. */
export interface Batch {
  wanted: IdentityPool;
  shares: Share[];
  /** For each share, the changes that other shares cancel. The identity pool never shows them. */
  cancelled: Change[][];
  /** Whether there is anything to write: requests may cancel each other out. */
  write: boolean;
}

/**
 * Merges requests onto a pool one after the other, in their order. So a link and an unlink of one client end as if
 * they were written one by one. A refused request does not stop the others.
 *
 * @param base onto which they are merged: without the parts of an earlier attempt that are there.
 * @param now the pool with those parts, if there are any.
 */
export function batch(
  base: IdentityPool,
  asked: Mergeable[],
  quota: number,
  now: IdentityPool = base,
): Batch {
  let wanted = base;
  const shares = asked.map(({ key, intent, execution }): Share => {
    const userPoolId = providerIn(intent.providerName);
    const about = { identityPoolId: base.IdentityPoolId ?? '', userPoolId, intent };
    const changes = mergeOrExplain(wanted, about, execution);
    try {
      checkQuota(wanted, changes, quota, execution);
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
