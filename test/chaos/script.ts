import type { Mistake } from './mistake.ts';
import type { Playable } from './stage.ts';

/**
 * A situation that seeds rarely reach by chance, in a fixed order that does not depend on a seed. Its name is the
 * behaviour that it checks, as a sentence about the product.
 */
export interface Script extends Playable {
  /** Whether the link that covers a user pool by its tags is deployed. */
  readsTags?: true;
  /** The mistakes that it detects. */
  mistakes: Mistake[];
}
