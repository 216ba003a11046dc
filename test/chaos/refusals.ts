import type { Drawn } from './drawn.ts';
import type { Fault } from './faults.ts';
import { Random } from './random.ts';

/** How AWS refuses a call of ours; `denied` is a missing permission. */
export type Refusal = Extract<Fault, 'throttled' | 'failed before'> | 'denied';

// A missing permission is drawn more often, because no retry helps against it.
const KINDS: readonly Refusal[] = ['denied', 'denied', 'throttled', 'failed before'];

const COUNTED = {
  denied: 'rolesDenied',
  throttled: 'rolesThrottled',
  'failed before': 'rolesFailed',
} as const satisfies Record<Refusal, Drawn>;

interface Scene {
  /** The identity pool that has role mappings. */
  poolId: string;
  count(what: Drawn): void;
}

/**
 * In some seeds AWS refuses to set role mappings, and sometimes also to take back the entries written before.
 * An entry must not stay without its role mapping.
 */
export class Refusals {
  readonly #scene: Scene;
  readonly #kind: Refusal;
  readonly #kindOfTakingBack: Refusal;
  /** How many calls that set role mappings are still refused. */
  #roles = 0;
  /** How many updates are refused after each refused call. */
  readonly #updatesAfter: number = 0;
  #updates = 0;

  /** @param calm whether nothing is refused. */
  constructor(scene: Scene, calm: boolean, seed: number) {
    this.#scene = scene;
    // A separate sequence, so that refusals do not change what else a seed draws.
    const random = new Random(seed + 3_000_017);
    this.#kind = random.pick(KINDS);
    this.#kindOfTakingBack = random.pick(KINDS);
    if (calm || !random.chance(0.4)) return;
    this.#roles = random.pick([1, 2, 3, 9]);
    this.#updatesAfter = random.pick([0, 0, 1, 2, 9]);
  }

  /** The refusal of a call, if it is refused. */
  of(call: string, body: string): Refusal | undefined {
    if (call === 'cognito-identity:SetIdentityPoolRoles' && this.#roles > 0) {
      this.#roles--;
      this.#updates = this.#updatesAfter;
      this.#scene.count(COUNTED[this.#kind]);
      return this.#kind;
    }
    const isUpdate =
      call === 'cognito-identity:UpdateIdentityPool' && body.includes(this.#scene.poolId);
    if (!isUpdate || this.#updates === 0) return undefined;
    this.#updates--;
    this.#scene.count('takingBackRefused');
    return this.#kindOfTakingBack;
  }

  /** Stops all refusals. */
  end(): void {
    this.#roles = 0;
    this.#updates = 0;
  }
}
