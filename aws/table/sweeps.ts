import { PoolItems } from './pool-items.ts';

/** How far the last sweep came, for the next one. */
export class Sweeps {
  readonly #items = new PoolItems('changes#sweep');

  /** The user pool that was swept last; undefined before the first sweep. */
  last(): Promise<string | undefined> {
    return this.#items.kept('last');
  }

  async keep(userPoolId: string): Promise<void> {
    await this.#items.keep('last', userPoolId);
  }
}
