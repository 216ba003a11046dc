import type { PoolItems } from './pool-items.ts';

// A request that the quota refused is not remembered for longer. Each reconcile that is refused renews it.
const DAYS = 30;

/** Whether app clients wait for room in one identity pool, since its quota refused them. */
export class Room {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  async isAwaited(): Promise<boolean> {
    return (await this.#items.get('room')) !== undefined;
  }

  async remember(): Promise<void> {
    await this.#items.keep('room', '', DAYS);
  }

  async forget(): Promise<void> {
    await this.#items.delete('room');
  }
}
