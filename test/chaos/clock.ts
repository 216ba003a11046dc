import { AsyncLocalStorage } from 'node:async_hooks';

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  Date: globalThis.Date,
};

interface Timer {
  at: number;
  order: number;
  run: () => void;
}

/** What stands for a timer of Node. */
class Handle {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  hasRef() {
    return true;
  }
  [Symbol.toPrimitive]() {
    return this.id;
  }
}

const START = real.Date.UTC(2026, 0, 1);

/**
 * Time that passes only when nothing else is left to do: waits and back-offs cost nothing, and the
 * same things happen in the same order every time.
 */
export class VirtualClock {
  #now = START;
  #order = 0;
  #timers = new Map<number, Timer>();
  /** What really takes time is under way: no virtual time passes meanwhile. */
  #busy = 0;
  /** By how much whoever asks now sees another time, in milliseconds. */
  readonly #skew: () => number;

  constructor(skew: () => number) {
    this.#skew = skew;
  }

  /** Milliseconds since the beginning. */
  get elapsed(): number {
    return this.#now - START;
  }

  install(): void {
    const now = () => this.#now + this.#skew();
    globalThis.setTimeout = ((run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) => {
      const id = ++this.#order;
      const at = this.#now + Math.max(0, Math.round(Number(delay) || 0));
      // As with Node's own timers, what runs later still knows for whom.
      const inContext = AsyncLocalStorage.snapshot();
      this.#timers.set(id, { at, order: id, run: () => inContext(run, ...args) });
      return new Handle(id);
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((handle?: unknown) => {
      // Anything else is a timer of Node itself, whose number may be that of one of ours.
      if (handle instanceof Handle) this.#timers.delete(handle.id);
      else real.clearTimeout(handle as NodeJS.Timeout);
    }) as typeof clearTimeout;
    globalThis.Date = class extends real.Date {
      constructor(...args: []) {
        super(...(args.length === 0 ? ([now()] as unknown as []) : args));
      }
      static override now() {
        return now();
      }
    } as DateConstructor;
  }

  uninstall(): void {
    globalThis.setTimeout = real.setTimeout;
    globalThis.clearTimeout = real.clearTimeout;
    globalThis.Date = real.Date;
  }

  /** Waits for something that really takes time, as a table's store does. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
    }
  }

  /** Until everything that can go on without time passing has gone on. */
  async #settle(): Promise<void> {
    do {
      await new Promise<void>((resolve) => {
        real.setImmediate(resolve);
      });
    } while (this.#busy > 0);
  }

  /** Lets time pass until something holds, or nothing is left to happen, or the limit is reached. */
  async run(until: () => boolean, limit: number): Promise<void> {
    const end = this.#now + limit;
    await this.#settle();
    while (!until() && this.#timers.size > 0) {
      let next: [number, Timer] | undefined;
      for (const entry of this.#timers) {
        const [, { at, order }] = entry;
        if (!next || at < next[1].at || (at === next[1].at && order < next[1].order)) next = entry;
      }
      if (!next || next[1].at > end) return;
      const [id, { at, run }] = next;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, at);
      run();
      await this.#settle();
    }
  }

  /** Forgets all that was still to happen. */
  clear(): void {
    this.#timers.clear();
  }
}
