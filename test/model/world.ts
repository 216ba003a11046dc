import type { Move } from './checker.ts';
import {
  allowed,
  CLIENTS,
  Decisions,
  ENTRIES,
  entriesOf,
  MAPPING,
  type Request,
  SETTING,
} from './decisions.ts';
import type { Protocol } from './protocol.ts';
import { canonical, copy, type Faults, newProcess, type Process, type State } from './state.ts';

/** How large the model is. */
export interface Bound {
  /** The requests, each with its own execution. */
  requests: readonly Request[];
  /** Whether a reconcile with repair runs at the same time; one runs at the end in any case. */
  reconcile: boolean;
  /** Whether the requests already wait at the beginning, in their order. */
  waiting: boolean;
  /** Whether to check also from the state in which the first app client is linked. */
  linkedBefore: boolean;
  faults: Faults;
}

export const LINK_A: Request = { operation: 'link', client: 0 };
export const LINK_B: Request = { operation: 'link', client: 1 };
export const UNLINK_A: Request = { operation: 'unlink', client: 0 };
export const DELETE_A: Request = { operation: 'unlink', client: 0, deleted: true };

export const UNLINK_B: Request = { operation: 'unlink', client: 1 };
export const UNLINK_ALL: Request = { operation: 'unlink', client: 'all' };

const REPAIRS: readonly Request[] = [LINK_A, LINK_B, UNLINK_A, UNLINK_B];

/** The bit of a number. */
export const bit = (number: number): number => 1 << number;

/** The shift of the bit that says that a request was left to wait, or can no longer be. */
export const TICKET = 8;

/** A bound, and what follows from it. */
export class World {
  readonly bound: Bound;
  readonly protocol: Protocol;
  readonly decisions: Decisions;
  /** The requests, followed by the repairs of each reconcile. */
  readonly requests: readonly Request[];
  /** The app clients that Cognito has. */
  readonly existing: string;

  constructor(bound: Bound, protocol: Protocol) {
    this.bound = bound;
    this.protocol = protocol;
    this.requests = [...bound.requests, ...REPAIRS, ...REPAIRS];
    this.decisions = new Decisions(
      this.requests.map((request, number) => allowed(request, `request-${number}`)),
    );
    const isThere = (client: number): boolean =>
      bound.requests.some((each) => each.client === client) &&
      !bound.requests.some((each) => each.client === client && each.deleted);
    this.existing = CLIENTS.filter((_, client) => isThere(client)).join('');
  }

  /** How many of the processes are requests; the others are reconciles. */
  get count(): number {
    return this.bound.requests.length;
  }

  get last(): number {
    return this.count + Number(this.bound.reconcile);
  }

  isReconcile(process: number): boolean {
    return process >= this.count;
  }

  /** The number of a reconcile's repair among the requests. */
  repairOf(process: number, repair: number): number {
    return this.count + REPAIRS.length * (process - this.count) + repair;
  }

  /** A process's name in a trace. */
  nameOf(process: number): string {
    if (process === this.last) return 'the last reconcile';
    const request = this.bound.requests[process];
    if (!request) return 'reconcile';
    const operation = request.deleted ? 'delete' : request.operation;
    return `${operation} ${request.client === 'all' ? 'all' : CLIENTS[request.client]}`;
  }

  /** Whether two requests are about the same app client, and want the opposite for it. */
  areOpposed(a: number, b: number): boolean {
    const [one, other] = [this.bound.requests[a], this.bound.requests[b]];
    if (!one || !other || one.operation === other.operation) return false;
    return (entriesOf(one) & entriesOf(other)) !== 0;
  }

  /** Puts all requests into the table in order, as if another execution had the lease. */
  #wait(state: State): void {
    for (const number of this.bound.requests.keys()) {
      const opposed = state.pending.filter((other) => this.areOpposed(number, other));
      state.after[number] = opposed.reduce((all, other) => all | bit(other), 0);
      state.begun |= bit(number) | bit(number + TICKET);
      state.pending.push(number);
      state.processes[number] = { ...newProcess('wait'), waits: true };
    }
  }

  initial(): State[] {
    const reconciles = this.bound.reconcile ? 2 : 1;
    const state: State = {
      pool: 0,
      shown: [],
      earlier: [],
      inFlight: null,
      isLate: false,
      lease: { nonce: 0, sequence: 1, last: null, writing: null },
      pending: [],
      answers: this.bound.requests.map(() => null),
      ledger: [
        { known: 'nothing', sequence: 0 },
        { known: 'nothing', sequence: 0 },
      ],
      processes: [
        ...this.bound.requests.map(() => newProcess('look for an answer')),
        ...Array.from({ length: reconciles }, () => newProcess('look for a write')),
      ],
      faults: this.bound.faults,
      after: this.bound.requests.map(() => 0),
      begun: 0,
      firm: 0,
    };
    if (this.bound.waiting) this.#wait(state);
    if (!this.bound.linkedBefore) return [canonical(state)];
    const linked: State = {
      ...state,
      pool: 1 + MAPPING,
      ledger: [{ known: 'linked', sequence: 1 }, ...state.ledger.slice(1)],
    };
    return [canonical(state), canonical(linked)];
  }
}

/** Makes a move in a copy of the state, and returns what is wrong with the move, if anything. */
export type Change = (next: State, own: Process) => string | undefined;

/** The turn of one process. */
export class Turn {
  readonly world: World;
  readonly state: State;
  readonly number: number;

  constructor(world: World, state: State, number: number) {
    this.world = world;
    this.state = state;
    this.number = number;
  }

  get own(): Process {
    return processOf(this.state, this.number);
  }

  move(name: string, change: Change): Move<State> {
    return moveOf(this.state, `${this.world.nameOf(this.number)}: ${name}`, (next) => {
      const own = { ...processOf(next, this.number) };
      next.processes[this.number] = own;
      return change(next, own);
    });
  }
}

export function processOf({ processes }: State, number: number): Process {
  const process = processes[number];
  if (!process) throw new Error(`There is no process ${number}.`);
  return process;
}

/** A move from a state: applies the change to a copy. */
export function moveOf(
  state: State,
  name: string,
  change: (next: State) => string | undefined,
): Move<State> {
  const next = copy(state);
  const wrong = change(next);
  return { name, to: canonical(next), wrong };
}

const isAt = (pool: number, bits: number): number => pool & bits;
const settingOf = (pool: number): number => Math.floor(pool / SETTING);

/**
 * Applies a call to the pool: what the call replaces becomes as in `to`. No call may undo what its writer has
 * not seen: where the pool differs from `from`, the call must leave it as it is.
 *
 * @param isLate whether the call arrives late: then it may overwrite the foreign setting, which nothing can
 * prevent.
 */
export function land(
  next: State,
  { from, to, isRoles }: { from: number; to: number; isRoles: boolean },
  isLate = false,
): string | undefined {
  const { pool } = next;
  const bits = isRoles ? MAPPING : ENTRIES;
  const setting = isRoles ? settingOf(pool) : settingOf(to);
  const beside = isAt(pool, (ENTRIES | MAPPING) & ~bits);
  const after = setting * SETTING + beside + isAt(to, bits);
  const undone = isAt(pool ^ from, bits) & isAt(pool ^ after, bits);
  const isReset = settingOf(pool) !== settingOf(from) && settingOf(after) !== settingOf(pool);
  next.shown = without([...next.shown, ...next.earlier, pool], after);
  next.earlier = [];
  next.pool = after;
  if (isReset && !isLate) return 'the foreign setting is undone';
  return undone === 0
    ? undefined
    : 'a call undoes an entry or a role mapping that its writer has not seen';
}

/** The distinct pools of a list, sorted, without one of them. */
export const without = (pools: number[], pool: number): number[] =>
  [...new Set(pools)].filter((each) => each !== pool).sort((a, b) => a - b);
