import { Random } from './random.ts';

/** A fault in one of our calls. */
export type Fault =
  | 'throttled'
  | 'conflict'
  | 'expired'
  | 'failed before'
  | 'failed after'
  | 'cut before'
  | 'cut after'
  | 'cut and late'
  | 'slow'
  | 'killed before'
  | 'killed after'
  | 'hung'
  | 'foreign before'
  | 'foreign after';

// The relative frequency of each fault among the calls that it applies to.
const weights: Record<Fault, number> = {
  throttled: 3,
  conflict: 2,
  expired: 1,
  'failed before': 2,
  'failed after': 3,
  'cut before': 2,
  'cut after': 3,
  'cut and late': 2,
  slow: 2,
  'killed before': 2,
  'killed after': 3,
  hung: 1,
  'foreign before': 4,
  'foreign after': 4,
};

const onlyOf: Partial<Record<Fault, RegExp>> = {
  conflict: /^cognito-identity:UpdateIdentityPool$/,
  expired: /^cognito-identity:/,
  'foreign before': /^cognito-identity:/,
  'foreign after': /^cognito-identity:/,
};

// The longest lag of a listing of app clients, in milliseconds.
const LONGEST_LAG = 8000;

// In milliseconds: how late a write can arrive after its connection was cut, and how old a state Cognito can
// show. In some seeds both go beyond the limits that the write protocol allows for.
const LATEST = 9000;
const FAR_TOO_LATE = 40_000;
const OLDEST = 3000;
const FAR_TOO_OLD = 12_000;

/** Decides which faults a seed has, and when. */
export class Faults {
  readonly #random: Random;
  /** The only fault of this seed, if it is limited to one. */
  readonly #only: Fault | undefined;
  #left: number;
  readonly #probability: number;
  /** How long a description can show the state before a write, in milliseconds; 0 for never. */
  readonly staleFor: number;
  /** How long after the connection was cut a call can still arrive, in milliseconds. */
  readonly latest: number;
  /** How long a listing of app clients does not show a creation or deletion, in milliseconds; 0 for never. */
  readonly lag: number;
  /** The largest difference between the clocks of two invocations, in milliseconds. */
  readonly skew: number;

  /** @param calm whether to have no faults. */
  constructor(random: Random, calm: boolean, seed: number) {
    this.#random = random;
    this.#left = calm ? 0 : random.between(0, 8);
    const faults = Object.keys(weights) as Fault[];
    this.#only = random.chance(0.4) ? random.pick(faults) : undefined;
    this.#probability = this.#left * 0.012;
    // A separate sequence, so that these values do not change what else a seed draws.
    const far = new Random(seed + 2_000_029);
    this.latest = far.chance(0.15) ? far.between(LATEST, FAR_TOO_LATE) : LATEST;
    const stale = !calm && random.chance(0.3) ? random.between(200, OLDEST) : 0;
    this.staleFor = stale > 0 && far.chance(0.3) ? far.between(OLDEST, FAR_TOO_OLD) : stale;
    this.lag = !calm && far.chance(0.25) ? far.between(300, LONGEST_LAG) : 0;
    this.skew = !calm && random.chance(0.4) ? 2000 : 0;
  }

  /** Stops all faults. */
  end(): void {
    this.#left = 0;
  }

  /** Draws the fault of a call, if it has one. */
  draw(call: string, inUpdate: boolean): Fault | undefined {
    const probability = this.#probability * (inUpdate ? 3 : 1);
    if (this.#left === 0 || !this.#random.chance(probability)) return undefined;
    const only = this.#only;
    const possible = Object.entries(weights).filter(
      ([fault]) =>
        (only === undefined || fault === only) && (onlyOf[fault as Fault]?.test(call) ?? true),
    );
    if (possible.length === 0) return undefined;
    let drawn = this.#random.next() * possible.reduce((sum, [, weight]) => sum + weight, 0);
    const found = possible.find(([, weight]) => {
      drawn -= weight;
      return drawn < 0;
    });
    this.#left--;
    return found?.[0] as Fault | undefined;
  }
}
