import { ProviderQuotaError } from '../errors.ts';
import { apply, type Change } from './changes.ts';
import { checkMappings } from './dead-mappings.ts';
import { entriesOf, type IdentityPool } from './identity-pool.ts';
import { MOST_ROLE_MAPPINGS } from './roles.ts';

/**
 * Refuses changes that would leave more entries than the quota, or more role mappings than AWS allows. Entries may
 * still be removed from a pool above its quota.
 *
 * @param execution ARN of the execution that asks for the changes.
 * @throws ProviderQuotaError
 * @throws RoleMappingError if AWS would refuse the role mappings, no matter how many there are.
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
 */
export function checkQuota(
  pool: IdentityPool,
  changes: Change[],
  quota: number,
  execution: string,
): void {
  const wanted = apply(pool, changes);
  const added = changes.filter(({ op }) => op === 'add').length;
  if (entriesOf(wanted).length > quota && added > 0) {
    const needed = added > 1 ? `, and ${added} more are needed` : '';
    throw new ProviderQuotaError(
      `Identity pool ${pool.IdentityPoolId} already holds ${entriesOf(pool).length} of ${quota} user pool providers${needed}, so nothing was written. Unlink clients that are no longer used, or have Account-B's quota "Amazon Cognito user pool providers per identity pool" raised and then set providerQuota in links.yml to it.`,
    );
  }
  if (pool.RoleMappings && changes.some((change) => 'roleMapping' in change)) {
    checkMappings(wanted, execution);
  }
  const mappings = (of: IdentityPool): number => Object.keys(of.RoleMappings ?? {}).length;
  const mapped = changes.filter(({ op }) => op === 'map').length;
  if (mappings(wanted) > MOST_ROLE_MAPPINGS && mapped > 0) {
    const needed = mapped > 1 ? `, and ${mapped} more are needed` : '';
    throw new ProviderQuotaError(
      `Identity pool ${pool.IdentityPoolId} already holds ${mappings(pool)} of ${MOST_ROLE_MAPPINGS} role mappings${needed}, a quota that AWS does not raise, so nothing was written. Unlink clients that are no longer used, or give this one's link roleMapping: default.`,
    );
  }
}
