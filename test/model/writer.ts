import type { Move } from './checker.ts';
import { entriesOf } from './decisions.ts';
import { Section } from './section.ts';
import { newProcess, type Outcome, type Process, type State, type Step } from './state.ts';
import { bit, TICKET, type Turn, type World, without } from './world.ts';

// The work of an execution outside the lease: writeSafely and `written` in aws/write/safe-write.ts, the retries of
// the state machine, and functions/reconcile-identity-pool.ts.

/** The first step of an attempt. */
const firstStep = (world: World, number: number): Step =>
  world.isReconcile(number) ? 'look for a write' : 'look for an answer';

/** Starts the next attempt, which keeps nothing of this one. */
export function beginAgain(world: World, next: State, number: number): undefined {
  next.processes[number] = newProcess(firstStep(world, number));
}

const isOpposed = (world: World, number: number): boolean =>
  world.bound.requests.some((_, other) => world.areOpposed(number, other));

/** Notes which requests had ended when this one began. */
function noteBeginning({ state, number, world }: Turn, next: State): void {
  if (!isOpposed(world, number) || next.begun & bit(number)) return;
  next.begun |= bit(number);
  next.after[number] = state.processes
    .slice(0, world.count)
    .reduce(
      (all, { step }, i) => (step === 'ended' && world.areOpposed(i, number) ? all | bit(i) : all),
      0,
    );
}

/**
 * Notes which requests already waited when this one was left to wait: they must be done before it. A request
 * that has had the lease, or has its answer, may already be done.
 */
function noteTicket({ state, number, world }: Turn, next: State): void {
  if (!isOpposed(world, number) || next.begun & bit(number + TICKET) || state.answers[number])
    return;
  next.begun |= bit(number + TICKET);
  const waiting = state.pending
    .filter((each) => state.answers[each] === null && state.processes[each]?.step !== 'ended')
    .filter((each) => world.areOpposed(each, number))
    .reduce((all, each) => all | bit(each), 0);
  next.after[number] = (next.after[number] ?? 0) | waiting;
}

/** Ends an execution with what it reports. */
function report({ world, number }: Turn, next: State, outcome: Outcome): string | undefined {
  const ended: Process = { ...newProcess('ended'), outcome };
  next.processes[number] = ended;
  const request = world.bound.requests[number];
  if (!request) return undefined;
  const isThere = (next.pool & entriesOf(request)) !== 0;
  const wantsIt = request.operation === 'link';
  const isDone = outcome !== 'NOT_LINKED' && outcome !== 'FAILED' && outcome !== 'STOPPED';
  if (!isDone || isThere === wantsIt) return undefined;
  const isUndone = world.bound.requests.some(
    (_, other) => world.areOpposed(number, other) && next.begun & bit(other),
  );
  return isUndone
    ? undefined
    : `${outcome} is reported, and the entry is ${isThere ? '' : 'not '}there`;
}

/** Without an answer, the state of the lease decides in the same step: nothing can happen in between. */
function lookForAnswer(turn: Turn): Move<State>[] {
  const { state, number } = turn;
  const answer = state.answers[number];
  return [
    turn.move(answer ? 'finds its answer' : 'looks for an answer', (next, now) => {
      noteBeginning(turn, next);
      if (answer) return report(turn, next, answer);
      now.step = state.lease.nonce === 0 ? 'take the lease' : withoutLease(turn);
      return undefined;
    }),
  ];
}

/** The next step of a process that finds the lease taken. */
const withoutLease = ({ own, world, number }: Turn): Step =>
  own.waits || world.isReconcile(number) ? 'wait' : 'leave the request';

function takeLease(turn: Turn): Move<State>[] {
  const { state, world, number } = turn;
  const _isReconcile = world.isReconcile(number);
  if (state.lease.nonce !== 0) {
    return [
      turn.move('finds the lease taken', (_, now) => {
        now.step = withoutLease(turn);
        return undefined;
      }),
    ];
  }
  return [
    turn.move('takes the lease', (next, now) => {
      const { lease } = next;
      lease.nonce = ++lease.sequence;
      now.sequence = lease.sequence;
      if (isOpposed(world, number)) next.begun |= bit(number + TICKET);
      now.last = lease.last;
      now.writing = lease.writing;
      now.unsettled = lease.writing;
      now.answered = next.answers.reduce((all, answer, i) => (answer ? all | bit(i) : all), 0);
      now.step = 'look';
      return undefined;
    }),
  ];
}

const leaveRequest = (turn: Turn): Move<State>[] => [
  turn.move('leaves its request to wait', (next, now) => {
    noteTicket(turn, next);
    if (!next.pending.includes(turn.number)) next.pending.push(turn.number);
    now.waits = true;
    now.step = 'wait';
    return undefined;
  }),
];

/**
 * While the lease is held and there is no answer, a repeated request is only left to wait again, so the model
 * leaves out the steps before that.
 */
function wait(turn: Turn): Move<State>[] {
  const { world, number, state } = turn;
  const isReconcile = world.isReconcile(number);
  if (state.lease.nonce === 0 || state.answers[number]) {
    return [
      turn.move('goes on', (_, now) => {
        now.step = isReconcile ? 'take the lease' : 'look for an answer';
        return undefined;
      }),
    ];
  }
  if (isReconcile) return [];
  return [
    turn.move('has waited for long, and is repeated', (next) => {
      if (!world.protocol.keepsPendingWhenBusy) {
        next.pending = next.pending.filter((each) => each !== number);
      }
      next.processes[number] = newProcess('leave the request');
      return undefined;
    }),
  ];
}

/** `#giveBack` in aws/write/critical-section.ts, and what the state machine does after it. */
function giveBack(turn: Turn): Move<State>[] {
  const { own, world } = turn;
  if (own.failure === 'unresolved' && world.protocol.keepsLeaseWhenUnresolved) {
    return [turn.move('leaves the lease to run out', (next) => conclude(turn, next, own))];
  }
  return [
    turn.move('gives the lease back', (next, now) => {
      const { lease } = next;
      if (lease.nonce === now.sequence) {
        lease.nonce = 0;
        lease.last = now.last;
        lease.writing = world.protocol.keepsWriting ? now.writing : null;
      }
      return conclude(turn, next, own);
    }),
  ];
}

/** Ends, starts again or goes on, depending on how the work under the lease ended. */
function conclude(turn: Turn, next: State, before: Process): string | undefined {
  const { world, number } = turn;
  const { failure, outcome, ledger } = before;
  if (outcome) return report(turn, next, outcome);
  if (failure === 'busy' || failure === 'unresolved') return beginAgain(world, next, number);
  if (failure && next.pending.includes(number)) {
    next.processes[number] = { ...newProcess('forget the request'), failure };
    return undefined;
  }
  if (failure) return fail(turn, next);
  if (ledger) return report(turn, next, 'ALREADY_LINKED');
  // Its first time under the lease, a reconcile only settles what is unsettled.
  const unsettled = next.lease.writing;
  next.processes[number] = { ...newProcess('read the ledger'), unsettled };
  return undefined;
}

/** A failure needs an external reason: without one, the protocol itself is at fault. */
function fail(turn: Turn, next: State): string | undefined {
  const wrong = report(turn, next, 'FAILED');
  const { foreign, refused, lost } = turn.world.bound.faults;
  const { faults } = next;
  const hasReason = faults.foreign < foreign || faults.refused < refused || faults.lost < lost;
  return wrong ?? (hasReason ? undefined : 'a request fails without a reason');
}

const forgetRequest = (turn: Turn): Move<State>[] => [
  turn.move('takes its request back, and fails', (next) => {
    next.pending = next.pending.filter((each) => each !== turn.number);
    return fail(turn, next);
  }),
];

/** The last reconcile starts when all other processes have ended. */
function lookForWrite(turn: Turn): Move<State>[] {
  const { state, world, number } = turn;
  const others = state.processes.slice(0, world.last);
  const isShown = state.shown.length === 0 && !state.inFlight;
  const isQuiet = isShown && others.every(({ step }) => step === 'ended');
  if (number === world.last && !isQuiet) return [];
  return [
    turn.move('looks for an unsettled write', (_, now) => {
      now.step = state.lease.writing ? 'take the lease' : 'read the ledger';
      return undefined;
    }),
  ];
}

const readLedger = (turn: Turn): Move<State>[] => [
  turn.move('reads the ledger', (next, now) => {
    now.ledger = next.ledger.map(({ known }) => known);
    now.step = 'read the pool';
    return undefined;
  }),
];

/**
 * After several looks, even a doubtful description is used: each repair is checked again under the lease. The
 * last reconcile is shown the current pool.
 */
function readPool(turn: Turn): Move<State>[] {
  const { state, world, number, own } = turn;
  const old = number === world.last ? [] : without(state.shown, state.pool);
  return [state.pool, ...old].map((look) =>
    turn.move(look === state.pool ? 'reads the pool' : 'is shown an old pool', (next, now) => {
      const shares = own.unsettled?.shares ?? 0;
      const repairs = world.decisions.repairs(look, own.ledger ?? [], shares, world.existing);
      if (repairs.length === 0) return report(turn, next, 'ALREADY_LINKED');
      now.own = repairs.map((repair) => world.repairOf(number, repair));
      now.unsettled = null;
      now.step = 'take the lease';
      return undefined;
    }),
  );
}

const STEPS: Record<Step, (turn: Turn) => Move<State>[]> = {
  'look for an answer': lookForAnswer,
  'take the lease': takeLease,
  'leave the request': leaveRequest,
  wait,
  look: (turn) => new Section(turn).look(),
  describe: (turn) => new Section(turn).describe(),
  intend: (turn) => new Section(turn).intend(),
  call: (turn) => new Section(turn).call(),
  'find out': (turn) => new Section(turn).findOut(),
  'read back': (turn) => new Section(turn).readBack(),
  enter: (turn) => new Section(turn).enter(),
  answer: (turn) => new Section(turn).answer(),
  'give the lease back': giveBack,
  'forget the request': forgetRequest,
  'look for a write': lookForWrite,
  'read the ledger': readLedger,
  'read the pool': readPool,
  ended: () => [],
};

/** The moves of the process whose turn it is. */
export const movesOf = (turn: Turn): Move<State>[] => STEPS[turn.own.step](turn);
