/** Values by key, of which only those that were set or used last are kept. */
export class Kept<V> {
  readonly #most: number;
  readonly #values = new Map<string, V>();

  /** @param most how many are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest);
  }

  /** Keeps the value of a key longer than those that were used before. */
  use(key: string): void {
    const value = this.#values.get(key);
    if (value !== undefined) this.set(key, value);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  /** All of them, those used longest ago first. */
  get all(): ReadonlyMap<string, V> {
    return this.#values;
  }
}
