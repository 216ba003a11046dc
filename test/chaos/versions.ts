import { entriesOf, entryKey, type IdentityPool } from '../../core/identity-pool/identity-pool.ts';

/** One state of an identity pool, and its writer. */
export interface Version {
  number: number;
  state: IdentityPool;
  by: 'initial' | 'foreign' | 'ours';
  at: number;
  /** The execution, if the write is ours. */
  execution?: string;
  /** The state that the writer had seen, if the write is ours. */
  seen?: IdentityPool;
}

/** Whether a state of an identity pool has an entry. */
export const has = (state: IdentityPool, key: string): boolean =>
  entriesOf(state).some((entry) => entryKey(entry) === key);

/** Every state of every identity pool. */
export class Versions {
  readonly #versions = new Map<string, Version[]>();
  /** The time of the seed, in milliseconds. */
  protected readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  protected isKnown(poolId: string): boolean {
    return this.#versions.has(poolId);
  }

  begin(pool: IdentityPool): void {
    const state = structuredClone(pool);
    this.#versions.set(pool.IdentityPoolId, [{ number: 0, state, by: 'initial', at: this.now() }]);
  }

  versions(poolId: string): Version[] {
    return this.#versions.get(poolId) ?? [];
  }

  latest(poolId: string): Version {
    const latest = this.versions(poolId).at(-1);
    if (!latest) throw new Error(`The identity pool ${poolId} is not known.`);
    return latest;
  }

  protected push(poolId: string, version: Omit<Version, 'number' | 'at'>): void {
    const versions = this.versions(poolId);
    versions.push({ ...version, number: versions.length, at: this.now() });
  }

  /** Whether an entry was present (or absent) at any time between `from` and `to`. */
  was(poolId: string, key: string, there: boolean, from: number, to: number): boolean {
    const versions = this.versions(poolId);
    return versions.some((version, i) => {
      const until = versions[i + 1]?.at ?? Number.POSITIVE_INFINITY;
      const overlaps = version.at <= to && until >= from;
      return overlaps && has(version.state, key) === there;
    });
  }

  /** The writes of ours that added an entry. */
  additions(poolId: string, key: string): Version[] {
    return this.versions(poolId).filter(({ by, state }, i, all) => {
      const previous = all[i - 1];
      return by === 'ours' && previous && !has(previous.state, key) && has(state, key);
    });
  }

  /** Whether the last write before `by` that added or removed an entry was ours. */
  isOurDoing(poolId: string, key: string, by = this.now()): boolean {
    const last = this.versions(poolId).findLast((version, i, versions) => {
      const previous = versions[i - 1];
      if (!previous || version.at > by) return false;
      return has(previous.state, key) !== has(version.state, key);
    });
    return last?.by === 'ours';
  }

  /** The current entries of a pool. */
  entriesNow(poolId: string): string[] {
    return entriesOf(this.latest(poolId).state).map(entryKey);
  }

  /** How often our writes added or removed an entry. */
  transitions(poolId: string, key: string, op: 'add' | 'remove'): number {
    const versions = this.versions(poolId);
    return versions.filter((version, i) => {
      const previous = versions[i - 1];
      if (version.by !== 'ours' || !previous) return false;
      const [before, after] = [has(previous.state, key), has(version.state, key)];
      return op === 'add' ? !before && after : before && !after;
    }).length;
  }
}
