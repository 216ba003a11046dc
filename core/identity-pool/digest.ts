import { sha256 } from '../sha256.ts';
import type { IdentityPool } from './identity-pool.ts';
import { canonical } from './same-settings.ts';

/**
 * The SHA-256 of a pool's settings, no matter in which order AWS lists them. Principal tags are not part of it,
 * since each writer reads only those of its own user pools.
 */
export const digestOf = (pool: IdentityPool): string => sha256(canonical(pool));
