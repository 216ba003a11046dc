import type { Mistake } from './mistake.ts';
import type { Stage } from './stage.ts';

/**
 * What is hard to meet by chance, in an order that is fixed: it does not shift with what seeds draw.
 */
export interface Script {
  /** What holds, as a sentence about the product. */
  name: string;
  /** The deliberate mistakes that it sees. */
  mistakes: Mistake[];
  /** @throws Error when it does not hold. */
  play(stage: Stage): Promise<void>;
}
