import type { PoolItems } from './pool-items.ts';

const SORT_KEY = 'judged';
// Without it, an identity pool is compared once more, so it need not stay forever.
const DAYS = 400;

/**
 * The digest of the links that one identity pool was last reconciled with. A deployment compares only identity pools
 * whose links have another one.
 */
export class JudgedLinks {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  /** @returns undefined if there is none, or if the last reconcile with other links did not succeed. */
  digest(): Promise<string | undefined> {
    return this.#items.kept(SORT_KEY);
  }

  /**
   * Begins a reconcile with repair. It forgets the digest of other links: if the reconcile fails, the next deployment
   * compares the identity pool again, even if that brings the other links back.
   *
   * @returns whether the last one was made with the same links, so that there is nothing to keep.
   */
  async begin(digest: string): Promise<boolean> {
    const kept = await this.digest();
    if (kept !== undefined && kept !== digest) await this.#items.delete(SORT_KEY);
    return kept === digest;
  }

  /** Keeps the digest, once everything was compared and repaired. */
  async keep(digest: string): Promise<void> {
    await this.#items.keep(SORT_KEY, digest, DAYS);
  }
}
