import { entryKey, type IdentityPool } from '../identity-pool/identity-pool.ts';
import { batch } from '../write/batch.ts';
import type { Refused } from '../write/records.ts';
import { type Finding, repairsOf } from './classify.ts';

/**
 * The repairs that a write would refuse, for the quota or a role mapping, by the keys of their entries: a plan judges
 * as the write does.
 *
 * @param quota of entries in the identity pool.
 * @param execution ARN of the execution that plans them.
 */
export function foreseenRefusals(
  pool: IdentityPool,
  findings: Finding[],
  quota: number,
  execution: string,
): ReadonlyMap<string, Refused> {
  const asked = repairsOf(findings).map(({ intent, provider }) => ({
    key: entryKey(provider),
    intent,
    execution,
  }));
  const { shares } = batch(pool, asked, quota);
  return new Map(shares.flatMap((share) => ('refused' in share ? [[share.key, share]] : [])));
}
