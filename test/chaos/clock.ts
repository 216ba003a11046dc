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

/** What is to happen, the next of all first: a binary heap. */
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

  /** The next, or nothing. */
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

export const START = real.Date.UTC(2026, 0, 1);

/**
 * Time that passes only when nothing else is left to do: waits and back-offs cost nothing, and the
 * same things happen in the same order every time.
 */
export class VirtualClock {
  #now = START;
  #order = 0;
  readonly #agenda = new Agenda();
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
      const context = new AsyncResource('Timeout');
      this.#agenda.add({
        at,
        order: id,
        run: () => context.runInAsyncScope(run, undefined, ...args),
      });
      return new Handle(id);
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((handle?: unknown) => {
      // Anything else is a timer of Node itself, whose number may be that of one of ours.
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

  /** Forgets all that was still to happen. */
  clear(): void {
    this.#agenda.clear();
  }
}
