import type { EmbeddedAws } from 'embedded-aws';
import type { Beside } from './beside.ts';
import type { VirtualClock } from './clock.ts';
import type { Drawn } from './drawn.ts';
import type { Faults } from './faults.ts';
import type { Observer } from './observer.ts';
import type { Random } from './random.ts';
import type { Refusals } from './refusals.ts';

/** What those who take part in a seed share. */
export interface Scene {
  random: Random;
  faults: Faults;
  clock: VirtualClock;
  observer: Observer;
  beside: Beside;
  refusals: Refusals;
  aws: EmbeddedAws;
  /** Puts something down in the timeline. */
  tell(what: string): void;
  /** Counts what was drawn and has happened. */
  count(what: Drawn): void;
}
