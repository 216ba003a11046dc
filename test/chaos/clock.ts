import { AsyncResource } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';

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

const isBefore = (a: Timer, b: Timer): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

/** The pending timers, earliest first: a binary heap. */
class Agenda {
  #heap: Timer[] = [];
  readonly #cancelled = new Set<number>();

  add(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.push(timer) - 1;
    for (let up = (i - 1) >> 1; i > 0 && isBefore(timer, heap[up] as Timer); up = (i - 1) >> 1) {
      heap[i] = heap[up] as Timer;
      i = up;
    }
    heap[i] = timer;
  }

  cancel(order: number): void {
    this.#cancelled.add(order);
  }

  /** The next timer, or undefined. */
  peek(): Timer | undefined {
    while (this.#heap[0] && this.#cancelled.delete(this.#heap[0].order)) this.take();
    return this.#heap[0];
  }

  take(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let i = 0;
    for (;;) {
      const [left, right] = [heap[2 * i + 1], heap[2 * i + 2]];
      const down = right && left && isBefore(right, left) ? 2 * i + 2 : 2 * i + 1;
      const below = heap[down];
      if (!below || !isBefore(below, last)) break;
      heap[i] = below;
      i = down;
    }
    heap[i] = last;
  }

  clear(): void {
    this.#heap = [];
    this.#cancelled.clear();
  }
}

/** Takes the place of a Node.js timer. */
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

export const START = real.Date.UTC(2026, 0, 1);

/**
 * Virtual time that passes only when no other work is left: waits and back-offs cost no real time, and
 * the order of events is the same in every run.
 */
export class VirtualClock {
  #now = START;
  #order = 0;
  readonly #agenda = new Agenda();
  /** Number of operations that take real time; no virtual time passes while one is running. */
  #busy = 0;
  /** Offset of the current caller's clock, in milliseconds. */
  readonly #skew: () => number;

  constructor(skew: () => number) {
    this.#skew = skew;
  }

  /** Virtual milliseconds since {@link START}. */
  get elapsed(): number {
    return this.#now - START;
  }

  install(): void {
    const now = () => this.#now + this.#skew();
    globalThis.setTimeout = ((run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) => {
      const id = ++this.#order;
      const at = this.#now + Math.max(0, Math.round(Number(delay) || 0));
      // Like Node's own timers, keep the async context for the callback.
      const context = new AsyncResource('Timeout');
      this.#agenda.add({
        at,
        order: id,
        run: () => context.runInAsyncScope(run, undefined, ...args),
      });
      return new Handle(id);
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((handle?: unknown) => {
      // Any other handle is a real Node.js timer, and its number may equal one of ours.
      if (handle instanceof Handle) this.#agenda.cancel(handle.id);
      else real.clearTimeout(handle as NodeJS.Timeout);
    }) as typeof clearTimeout;
    const { setTimeout, clearTimeout } = globalThis;
    Object.assign(timers, { setTimeout, clearTimeout });
    syncBuiltinESMExports();
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
    Object.assign(timers, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    syncBuiltinESMExports();
    globalThis.Date = real.Date;
  }

  /** Waits for an operation that takes real time, such as a call of the table store. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
    }
  }

  /** Waits until no work can continue unless time passes. */
  async #settle(): Promise<void> {
    do {
      await new Promise<void>((resolve) => {
        real.setImmediate(resolve);
      });
    } while (this.#busy > 0);
  }

  /** Lets time pass until the condition holds, no timer is left, or the limit (in milliseconds) is reached. */
  async run(until: () => boolean, limit: number): Promise<void> {
    const end = this.#now + limit;
    await this.#settle();
    while (!until()) {
      const next = this.#agenda.peek();
      if (!next || next.at > end) return;
      this.#agenda.take();
      const { at, run } = next;
      this.#now = Math.max(this.#now, at);
      run();
      await this.#settle();
    }
  }

  /** Drops all pending timers. */
  clear(): void {
    this.#agenda.clear();
  }
}
