/** One step from a state to another. */
export interface Move<S> {
  /** Which process does what. */
  name: string;
  to: S;
  /** What the step itself violates, in whichever state it ends. */
  wrong?: string | undefined;
}

/** A model to check: its initial states, the moves from each state, and its invariants. */
export interface Model<S> {
  initial: S[];
  moves(state: S): Move<S>[];
  /** Equal for equal states, different for different states. */
  key(state: S): string;
  isEnd(state: S): boolean;
  /** What is wrong with a state; undefined if nothing is. */
  wrong(state: S): string | undefined;
}

/** A violation, with the shortest trace to it. */
interface Violation<S> {
  what: string;
  trace: { name: string; state: S }[];
}

/** The size of the search, and the violation that it found. */
export interface Checked<S> {
  states: number;
  moves: number;
  /** The number of moves to the farthest state. */
  depth: number;
  seconds: number;
  violation?: Violation<S>;
}

/** A growing list of numbers, limited only by memory. */
class Numbers {
  #items = new Int32Array(1 << 16);
  length = 0;

  push(item: number): void {
    if (this.length === this.#items.length) {
      const larger = new Int32Array(this.#items.length * 2);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = item;
  }

  at(index: number): number {
    return this.#items[index] ?? 0;
  }
}

/**
 * The states met so far, by 64-bit hashes: two states with the same hash would count as one. With ten
 * million states, the probability of that is about 3 in a million.
 */
class Met {
  #slots = new Int32Array(3 << 16);
  #size = 1 << 16;
  count = 0;

  /** The number of a state, and whether it is new. */
  add(key: string): { index: number; isNew: boolean } {
    if (this.count * 2 > this.#size) this.#grow();
    const [high, low] = hashOf(key);
    const slot = this.#find(high, low);
    const found = this.#slots[slot + 2] ?? 0;
    if (found !== 0) return { index: found - 1, isNew: false };
    this.#slots.set([high, low, ++this.count], slot);
    return { index: this.count - 1, isNew: true };
  }

  #find(high: number, low: number): number {
    let slot = (low >>> 0) % this.#size;
    for (;;) {
      const at = slot * 3;
      const isFree = this.#slots[at + 2] === 0;
      if (isFree || (this.#slots[at] === high && this.#slots[at + 1] === low)) return at;
      slot = (slot + 1) % this.#size;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#size *= 2;
    this.#slots = new Int32Array(this.#size * 3);
    for (let at = 0; at < before.length; at += 3) {
      if (before[at + 2] === 0) continue;
      const slot = this.#find(before[at] ?? 0, before[at + 1] ?? 0);
      this.#slots.set(before.subarray(at, at + 3), slot);
    }
  }
}

/** Two independent 32-bit hashes. */
function hashOf(text: string): [high: number, low: number] {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return [high | 0, low | 0];
}

/** Visits all states of a model, nearest first. */
class Search<S> {
  readonly #model: Model<S>;
  readonly #met = new Met();
  /** For each state: the state before it, and the number of the move that leads from there. */
  readonly #before = new Numbers();
  readonly #move = new Numbers();
  /** All moves, as pairs of states. */
  readonly #from = new Numbers();
  readonly #to = new Numbers();
  readonly #ends: number[] = [];
  #frontier: { index: number; state: S }[] = [];
  #depth = 0;

  constructor(model: Model<S>) {
    this.#model = model;
  }

  run(): Checked<S> {
    const began = performance.now();
    const violation = this.#explore() ?? this.#withoutEnd();
    return {
      states: this.#met.count,
      moves: this.#from.length,
      depth: this.#depth,
      seconds: (performance.now() - began) / 1000,
      ...(violation && { violation }),
    };
  }

  #explore(): Violation<S> | undefined {
    for (const [i, state] of this.#model.initial.entries()) this.#meet(state, -1, i);
    while (this.#frontier.length > 0) {
      const now = this.#frontier;
      this.#frontier = [];
      for (const { index, state } of now) {
        const violation = this.#visit(index, state);
        if (violation) return violation;
      }
      if (this.#frontier.length > 0) this.#depth++;
    }
    return undefined;
  }

  #meet(state: S, before: number, move: number): number {
    const { index, isNew } = this.#met.add(this.#model.key(state));
    if (!isNew) return index;
    this.#before.push(before);
    this.#move.push(move);
    this.#frontier.push({ index, state });
    return index;
  }

  #visit(index: number, state: S): Violation<S> | undefined {
    const what = this.#model.wrong(state);
    if (what !== undefined) return { what, trace: this.#traceTo(index) };
    if (this.#model.isEnd(state)) this.#ends.push(index);
    for (const [i, { name, to, wrong }] of this.#model.moves(state).entries()) {
      if (wrong !== undefined) {
        return { what: wrong, trace: [...this.#traceTo(index), { name, state: to }] };
      }
      const next = this.#meet(to, index, i);
      this.#from.push(index);
      this.#to.push(next);
    }
    return undefined;
  }

  /** Recomputes the trace to a state, because only hashes of states are kept. */
  #traceTo(index: number): Violation<S>['trace'] {
    const moves: number[] = [];
    let at = index;
    for (; this.#before.at(at) !== -1; at = this.#before.at(at)) moves.push(this.#move.at(at));
    const initial = this.#model.initial.map((state) => ({ name: 'it begins', to: state }));
    let move = initial[this.#move.at(at)];
    const trace: Violation<S>['trace'] = [];
    for (const number of [...moves.reverse(), 0]) {
      if (!move) throw new Error('The moves of a state depend on more than the state.');
      trace.push({ name: move.name, state: move.to });
      if (trace.length <= moves.length) move = this.#model.moves(move.to)[number];
    }
    return trace;
  }

  /** The nearest state from which no end can be reached. */
  #withoutEnd(): Violation<S> | undefined {
    const leads = this.#leadingToAnEnd();
    const stuck = leads.indexOf(0);
    if (stuck < 0) return undefined;
    return { what: 'no way leads from here to an end', trace: this.#traceTo(stuck) };
  }

  #leadingToAnEnd(): Uint8Array {
    const { count } = this.#met;
    const starts = new Int32Array(count + 1);
    for (let i = 0; i < this.#to.length; i++) {
      const at = this.#to.at(i) + 1;
      starts[at] = (starts[at] ?? 0) + 1;
    }
    for (let i = 0; i < count; i++) starts[i + 1] = (starts[i + 1] ?? 0) + (starts[i] ?? 0);
    const next = starts.slice();
    const before = new Int32Array(this.#to.length);
    for (let i = 0; i < this.#to.length; i++) {
      const to = this.#to.at(i);
      const at = next[to] ?? 0;
      next[to] = at + 1;
      before[at] = this.#from.at(i);
    }
    const leads = new Uint8Array(count);
    const open = [...this.#ends];
    for (const end of open) leads[end] = 1;
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      for (const from of before.subarray(starts[state], starts[state + 1])) {
        if (leads[from] === 1) continue;
        leads[from] = 1;
        open.push(from);
      }
    }
    return leads;
  }
}

/**
 * Checks all reachable states: the invariants hold in each state, and an end can be reached from each. The
 * search is breadth first, so the first violation is one of the nearest.
 */
export const check = <S>(model: Model<S>): Checked<S> => new Search(model).run();
