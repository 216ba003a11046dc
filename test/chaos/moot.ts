import { apply, expanded, isEntryChange } from '../../core/identity-pool/changes.ts';
import { entriesOf, entryKey, type IdentityPool } from '../../core/identity-pool/identity-pool.ts';
import type { WrittenShare } from '../../core/write/records.ts';
import { sharesOfText } from '../../core/write/share-text.ts';
import type { Sending } from './sending.ts';
import { has, type Version, type Versions } from './versions.ts';

interface PutInput {
  Item?: Record<string, { S?: string }>;
}

/** A write of ours that is intended or was sent, and has not taken effect. */
interface UnderWay {
  base: Version;
  wanted: IdentityPool;
}

/**
 * The changes of entries that foreign writers made before our writes of the same changes could. An identity pool does
 * not show who made them, so an execution may claim them.
 */
export class Moot {
  readonly #versions: Versions;
  /** How often, by pool and entry. */
  readonly #counts = new Map<string, number>();
  /** By the invocation that intends a write, or by the call that was sent. */
  readonly #underWay = new Map<object, UnderWay>();
  /** What recorded writes change, by their keys. */
  readonly #recorded = new Map<string, WrittenShare[]>();

  constructor(versions: Versions) {
    this.#versions = versions;
  }

  /** Keeps what a write of ours will change. */
  recorded({ Item: { sk, body } = {} }: PutInput): void {
    const [kind, write] = sk?.S?.split('#') ?? [];
    if (kind === 'shares' && write !== undefined && body?.S !== undefined) {
      this.#recorded.set(write, sharesOfText(body.S) ?? []);
    }
  }

  /** Notes that an invocation is about to write. It may die before. */
  intended(invocation: object, base: Version, write: string): void {
    const shares = this.#recorded.get(write) ?? [];
    const changes = shares.flatMap((share) => share.changes.flatMap(expanded));
    this.#underWay.set(invocation, {
      base,
      wanted: apply(base.state, changes.filter(isEntryChange)),
    });
  }

  /** Notes that an invocation has sent its write. It may never arrive. */
  sent(invocation: object, sending: Sending, wanted: IdentityPool): void {
    this.#underWay.delete(invocation);
    const base = sending.seen?.version;
    if (base) this.#underWay.set(sending, { base, wanted });
  }

  arrived(sending: object): void {
    this.#underWay.delete(sending);
  }

  /** Counts what foreign writers had changed when a write of ours took effect. */
  count(base: IdentityPool, before: IdentityPool, after: IdentityPool): void {
    const keys = new Set([...entriesOf(base), ...entriesOf(after)].map(entryKey));
    for (const key of keys) {
      if (has(base, key) === has(after, key) || has(before, key) !== has(after, key)) continue;
      const what = `${after.IdentityPoolId} ${key}`;
      this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    }
  }

  /** How often a foreign writer made a change of an entry before our write of the same change could. */
  of(poolId: string, key: string): number {
    const done = this.#counts.get(`${poolId} ${key}`) ?? 0;
    return done + [...this.#underWay.values()].filter((write) => this.#isDone(write, key)).length;
  }

  /** Whether a foreign writer made the change of an entry that a write under way would make. */
  #isDone({ base, wanted }: UnderWay, key: string): boolean {
    const is = has(wanted, key);
    if (has(base.state, key) === is) return false;
    const since = this.#versions.versions(wanted.IdentityPoolId).slice(base.number + 1);
    return since.some(({ by, state }) => by === 'foreign' && has(state, key) === is);
  }
}
