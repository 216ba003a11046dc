import { DRAWN, type Drawn } from './drawn.ts';
import { LATEST_ARRIVAL, OLDEST_SHOWN } from './observer.ts';
import type { Kept } from './progress.ts';

const SUMS = ['executions', 'calls', 'updates', 'faults'] as const;

// Losses that cannot be prevented, by the member of an outcome that counts them.
const COUNTED = {
  overwrittenInTheInstant:
    'Foreign changes overwritten in the instant between our Describe and our Update',
  overwrittenUnseen: 'Foreign changes overwritten while Cognito still showed the pool without them',
  lostToLate: `Writes of ours lost to one that took effect more than ${LATEST_ARRIVAL / 1000} s after it was sent`,
  lostToOld: `Writes of ours lost because Cognito showed a state of more than ${OLDEST_SHOWN / 1000} s ago`,
  beyond: 'Violations in the same seeds after these losses',
} as const;

const COUNTS = Object.keys(COUNTED) as (keyof typeof COUNTED)[];

const KINDS = Object.keys(DRAWN) as Drawn[];

/** The totals of many seeds. */
export class Tally {
  seeds = 0;
  /** The seeds with violations. */
  readonly violating: number[] = [];
  readonly #sums = new Map<string, number>();
  readonly #drawn = new Map<string, number>();

  add(outcome: Kept): void {
    this.seeds++;
    if (outcome.violations.length > 0) this.violating.push(outcome.seed);
    for (const name of [...SUMS, ...COUNTS]) {
      this.#sums.set(name, this.#of(name) + outcome[name]);
    }
    for (const [name, count] of Object.entries(outcome.drawn)) {
      this.#drawn.set(name, this.drawn(name as Drawn) + count);
    }
  }

  #of(name: string): number {
    return this.#sums.get(name) ?? 0;
  }

  /** How often a drawn event has happened. */
  drawn(name: Drawn): number {
    return this.#drawn.get(name) ?? 0;
  }

  /**
   * The summary of a run, one sentence per line.
   *
   * @param wanted how many seeds were requested.
   * @param seconds how long the last run took.
   */
  lines(wanted: number, seconds: string): string[] {
    const sums = SUMS.map((name) => `${this.#of(name)} ${name}`).join(', ');
    const which = this.violating.slice(0, 50).join(', ');
    const violating = `${this.violating.length} seeds with violations${which && ` (${which})`}`;
    return [
      `${this.seeds} of ${wanted} seeds in ${seconds} s: ${sums}; ${violating}.`,
      ...COUNTS.map((name) => `${COUNTED[name]}: ${this.#of(name)}.`),
      `Drawn: ${KINDS.map((name) => `${this.drawn(name)} ${DRAWN[name]}`).join(', ')}.`,
    ];
  }
}
