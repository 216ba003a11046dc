import type { EmbeddedAws } from 'embedded-aws';
import type { Beside } from './beside.ts';
import type { VirtualClock } from './clock.ts';
import type { Drawn } from './drawn.ts';
import type { Faults } from './faults.ts';
import type { LedgerHistory } from './ledger-history.ts';
import type { Observer } from './observer.ts';
import type { Random } from './random.ts';
import type { Refusals } from './refusals.ts';

/** What all participants of a seed share. */
export interface Scene {
  random: Random;
  faults: Faults;
  clock: VirtualClock;
  observer: Observer;
  beside: Beside;
  refusals: Refusals;
  aws: EmbeddedAws;
  ledgers: LedgerHistory;
  /** Adds a line to the timeline. */
  tell(what: string): void;
  /** Counts a drawn event that has happened. */
  count(what: Drawn): void;
}
