import type { Mistake } from './mistake.ts';
import type { Stage } from './stage.ts';

/**
 * A situation that seeds rarely reach by chance, in a fixed order that does not depend on a seed.
 */
export interface Script {
  /** The behaviour that it checks, as a sentence about the product. */
  name: string;
  /** The mistakes that it detects. */
  mistakes: Mistake[];
  /** @throws Error if the behaviour is wrong. */
  play(stage: Stage): Promise<void>;
}
