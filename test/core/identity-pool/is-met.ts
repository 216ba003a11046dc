import { InvalidRequestError, UndoConflictError } from '../../../core/errors.ts';
import type { IdentityPool } from '../../../core/identity-pool/identity-pool.ts';
import { type Intent, merge } from '../../../core/identity-pool/merge.ts';

/** Whether the pool is as an intent wants it. An intent that conflicts with the pool is not met. */
export function isMet(pool: IdentityPool, intent: Intent): boolean {
  try {
    return merge(pool, intent).length === 0;
  } catch (error) {
    if (error instanceof UndoConflictError || error instanceof InvalidRequestError) return false;
    throw error;
  }
}
