import type { EmbeddedAws } from 'embedded-aws';
import type { VirtualClock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Observer } from './observer.ts';
import type { Random } from './random.ts';

/** What those who take part in a seed share. */
export interface Scene {
  random: Random;
  faults: Faults;
  clock: VirtualClock;
  observer: Observer;
  aws: EmbeddedAws;
  /** Puts something down in the timeline. */
  tell(what: string): void;
}
