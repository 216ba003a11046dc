import type { Move } from './checker.ts';
import { SETTING } from './decisions.ts';
import { type Last, newProcess, type Process, type State, type Step } from './state.ts';
import { land, moveOf, processOf, Turn, type World, without } from './world.ts';
import { beginAgain } from './writer.ts';

// The environment: time, the foreign writer, and what stops an execution.

const isHolder = ({ lease }: State, { sequence }: Process): boolean =>
  sequence !== 0 && lease.nonce === sequence;

/** Whether a process is between the last look at the lease and the end of a call. */
export const isWriting = ({ step }: Process): boolean =>
  step === 'call' || step === 'read back' || step === 'find out';

// The steps at which the next call relies on the last look at the pool.
const LOOKED: ReadonlySet<Step> = new Set(['intend', 'enter', 'answer']);

/** The foreign writer changes its setting at any time but between our last look and our call. */
function foreign(state: State): Move<State>[] {
  const isInstant = state.processes.some(({ step }) => step === 'call');
  if (state.faults.foreign === 0 || isInstant) return [];
  return [
    moveOf(state, 'the foreign writer: changes its setting', (next) => {
      next.faults.foreign--;
      // Until our next write, every description shows the change: a write cannot keep what it is not shown.
      next.shown = without(next.shown, next.pool);
      next.earlier = without([...next.earlier, next.pool], -1);
      next.pool += SETTING;
      next.processes = next.processes.map((process) =>
        LOOKED.has(process.step) ? { ...process, isOld: true } : process,
      );
      return undefined;
    }),
  ];
}

/** A call under way is carried out before the lease that it was sent under expires. */
function arrival({ inFlight, ...state }: State): Move<State>[] {
  if (!inFlight) return [];
  return [
    moveOf({ ...state, inFlight }, 'AWS: the call that was under way is made', (next) => {
      next.inFlight = null;
      next.isLate = true;
      return land(next, inFlight, true);
    }),
  ];
}

/**
 * A lease whose holder is gone expires, at the earliest five seconds after the last call of the holder: it
 * lasts 25 seconds, and a function runs for at most 20. A living holder may lose its lease once.
 */
function expiry(state: State): Move<State>[] {
  const { lease, inFlight, processes, faults } = state;
  if (lease.nonce === 0 || inFlight?.sequence === lease.nonce) return [];
  const holder = processes.find((process) => isHolder(state, process));
  if (holder && (faults.stall === 0 || isWriting(holder))) return [];
  return [
    moveOf(
      state,
      holder ? 'the lease is lost while its holder lives' : 'the lease runs out',
      (next) => {
        next.lease.nonce = 0;
        if (holder) next.faults.stall--;
        else passSeconds(next);
        return undefined;
      },
    ),
  ];
}

const older = (last: Last | null, doubt: 0 | 1): Last | null =>
  last && last.doubt > doubt ? { ...last, doubt } : last;

/** All last writes in the table and in memory, which decide what is doubted. */
const lastsIn = ({ lease, processes }: State): (Last | null)[] => [
  lease.last,
  ...processes.flatMap(({ last, before }) => [last, before?.last ?? null]),
];

function grow(next: State, doubt: 0 | 1): void {
  next.lease.last = older(next.lease.last, doubt);
  next.processes = next.processes.map((process) => {
    const { before } = process;
    if (!process.last && !before?.last) return process;
    return {
      ...process,
      last: older(process.last, doubt),
      before: before && { ...before, last: older(before.last, doubt) },
    };
  });
}

/** Lets pass the time for which an old state may be shown, except one that was replaced late. */
function passSeconds(next: State): void {
  const base = next.lease.last?.base;
  next.shown = next.shown.filter((pool) => next.isLate && pool === base);
  next.earlier = [];
  grow(next, 1);
}

/**
 * Time passes until no state from before the last write is shown or doubted. After a call that was carried out
 * late, time first passes until only the state that it replaced may still be shown.
 */
function time(state: State): Move<State>[] {
  // A call is sent right after its write is recorded.
  if (state.processes.some(({ step }) => step === 'call')) return [];
  const doubts = lastsIn(state).map((last) => last?.doubt ?? 0);
  const most = Math.max(...doubts);
  const isLate = state.isLate || state.inFlight !== null;
  const base = state.lease.last?.base;
  const isShown = state.shown.length + state.earlier.length > 0;
  if (isLate && (most === 2 || state.shown.some((pool) => pool !== base))) {
    return [
      moveOf(state, 'time: some seconds pass', (next) => {
        passSeconds(next);
        return undefined;
      }),
    ];
  }
  if (state.inFlight || (most === 0 && !isShown && !state.isLate)) return [];
  return [
    moveOf(state, 'time: twenty seconds pass', (next) => {
      next.shown = [];
      next.earlier = [];
      next.isLate = false;
      grow(next, 0);
      return undefined;
    }),
  ];
}

/** An execution is stopped, or its function is killed and called again; its lease stays. */
function crash(world: World, state: State): Move<State>[] {
  if (state.faults.crash === 0) return [];
  return state.processes.slice(0, world.last).flatMap((process, number): Move<State>[] => {
    const isAtWork = process.sequence !== 0;
    if (process.step === 'ended' || (!isAtWork && process.step !== 'wait')) return [];
    const turn = new Turn(world, state, number);
    const stopped = turn.move('is stopped', (next) => {
      next.faults.crash--;
      next.processes[number] = { ...newProcess('ended'), outcome: 'STOPPED' };
      return undefined;
    });
    if (!isAtWork) return [stopped];
    const again = turn.move('is killed, and called again', (next) => {
      next.faults.crash--;
      return beginAgain(world, next, number);
    });
    return [stopped, again];
  });
}

/** The moves of the environment. */
export function surroundings(world: World, state: State): Move<State>[] {
  const last = processOf(state, world.last);
  const isLast = last.step !== 'look for a write';
  return [
    ...(isLast ? [] : foreign(state)),
    ...arrival(state),
    ...expiry(state),
    ...time(state),
    ...(isLast ? [] : crash(world, state)),
  ];
}
