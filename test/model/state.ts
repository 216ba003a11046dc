import { CLIENTS, type Known, MAPPING, type Pool, SETTING, type Shares } from './decisions.ts';

/** Like in core/write/lease.ts; `doubt` stands for the time since then: 2 doubts all, 1 the base, 0 nothing. */
export interface Last {
  base: Pool;
  result: Pool;
  seen: boolean;
  doubt: 0 | 1 | 2;
}

/** The record of a write, named by the sequence of its lease and its number under that lease. */
export interface Write {
  sequence: number;
  number: number;
  shares: Shares;
}

export const isSameWrite = (a: Write | null, b: Write | null): boolean =>
  a?.sequence === b?.sequence && a?.number === b?.number;

/** The lease item of the table. The nonce of an acquisition is its sequence; 0 means that it is free. */
interface LeaseItem {
  nonce: number;
  sequence: number;
  last: Last | null;
  writing: Write | null;
}

interface Entered {
  known: Known;
  sequence: number;
}

export type Outcome =
  | 'LINKED'
  | 'ALREADY_LINKED'
  | 'UNLINKED'
  | 'NOT_LINKED'
  | 'FAILED'
  | 'STOPPED';

/** The next step of a process. */
export type Step =
  | 'look for an answer'
  | 'take the lease'
  | 'leave the request'
  | 'wait'
  | 'look'
  | 'describe'
  | 'intend'
  | 'call'
  | 'find out'
  | 'read back'
  | 'enter'
  | 'answer'
  | 'give the lease back'
  | 'forget the request'
  | 'look for a write'
  | 'read the ledger'
  | 'read the pool'
  | 'ended';

/** A failure, by its consequence. */
export type Failure = 'busy' | 'refused' | 'not read back' | 'unresolved';

/** The current work under a lease: the calls from one state of the pool to another, and what follows. */
export interface Job {
  /** To settle an earlier write, to write, to settle after a failure, or to write without the others. */
  phase: 'settle' | 'write' | 'settle after' | 'write alone';
  from: Pool;
  to: Pool;
  /** How many of its calls are made. */
  made: number;
  write: Write;
  /** What is entered and answered after it. */
  done: Shares;
  /** The state that the write after a settlement is merged onto. */
  start: Pool;
  /** The requests left to answer; `-request - 1` is a request that has one of its two steps left. */
  toAnswer: number[];
}

/** One execution. */
export interface Process {
  step: Step;
  /** The sequence of its lease; 0 without a lease. */
  sequence: number;
  /** Its copy of the lease item in memory. */
  last: Last | null;
  writing: Write | null;
  /** That copy before the current call. */
  before: { last: Last | null; writing: Write | null } | null;
  unsettled: Write | null;
  /** Whether it has left its request in this attempt. */
  waits: boolean;
  own: number[];
  asked: number[];
  job: Job | null;
  /** How many writes it has recorded under its lease. */
  writes: number;
  /** Whether its look at the pool is older than a second. */
  isOld: boolean;
  failure: Failure | null;
  outcome: Outcome | null;
  /** The ledger as a reconcile has read it. */
  ledger: Known[] | null;
  /** Only for the invariants: the requests that were answered when it took the lease. */
  answered: number;
}

/** How often each kind of fault may still happen. */
export interface Faults {
  /** An execution is stopped, or its function is killed and called again. */
  crash: number;
  /** A lease expires while its holder lives, because of clocks or an operator. */
  stall: number;
  /** A call is made now, later or never, and AWS does not say which. */
  lost: number;
  /** A call is refused. */
  refused: number;
  /** The foreign writer changes a setting. */
  foreign: number;
}

/** The state of the whole system at one moment. */
export interface State {
  pool: Pool;
  /** Older states that a description may show. */
  shown: Pool[];
  /** States before changes of the foreign writer, which may be shown after the next write of ours. */
  earlier: Pool[];
  /** A call that AWS has not carried out yet. */
  inFlight: { from: Pool; to: Pool; isRoles: boolean; sequence: number } | null;
  /** Whether such a call was carried out late, so that the state before it may be shown for longer. */
  isLate: boolean;
  lease: LeaseItem;
  /** The requests that wait, in the order of their tickets. */
  pending: number[];
  answers: (Outcome | null)[];
  ledger: Entered[];
  processes: Process[];
  faults: Faults;
  /** Only for the invariants: for each request, the opposite requests that came before it, as bits. */
  after: number[];
  /** Also for the invariants: the requests that have begun and, above `TICKET`, those whose place is known. */
  begun: number;
  /** The requests whose answer came from an execution that had the lease at that time. */
  firm: number;
}

export const newProcess = (step: Step): Process => ({
  step,
  sequence: 0,
  last: null,
  writing: null,
  before: null,
  unsettled: null,
  waits: false,
  own: [],
  asked: [],
  job: null,
  writes: 0,
  isOld: false,
  failure: null,
  outcome: null,
  ledger: null,
  answered: 0,
});

/** A copy of a state to change; processes and immutable parts are shared. */
export const copy = (state: State): State => ({
  ...state,
  shown: [...state.shown],
  earlier: [...state.earlier],
  lease: { ...state.lease },
  pending: [...state.pending],
  answers: [...state.answers],
  ledger: [...state.ledger],
  processes: [...state.processes],
  faults: { ...state.faults },
  after: [...state.after],
});

const sequenceBit = (write: Write | null | undefined): number => (write ? 1 << write.sequence : 0);

/** All sequences of a state, as bits. */
function sequencesIn({ lease, ledger, processes, inFlight }: State): number {
  let bits = 1 | (1 << lease.nonce) | (1 << lease.sequence) | sequenceBit(lease.writing);
  for (const { sequence } of ledger) bits |= 1 << sequence;
  if (inFlight) bits |= 1 << inFlight.sequence;
  for (const process of processes) {
    const { sequence, writing, before, unsettled, job } = process;
    if (sequence === 0 && !unsettled) continue;
    bits |= (1 << sequence) | sequenceBit(writing) | sequenceBit(before?.writing);
    bits |= sequenceBit(unsettled) | sequenceBit(job?.write);
  }
  return bits;
}

const countBits = (bits: number): number => {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
};

/**
 * The same state with its sequences renumbered from the lowest, in the same order: only their order matters,
 * and without this the number of states would be infinite.
 */
export function canonical(state: State): State {
  const bits = sequencesIn(state);
  if ((bits & (bits + 1)) === 0) return state;
  const rank = (sequence: number): number => countBits(bits & ((1 << sequence) - 1));
  const renamed = (write: Write | null) => write && { ...write, sequence: rank(write.sequence) };
  const { lease, inFlight } = state;
  return {
    ...state,
    lease: {
      nonce: rank(lease.nonce),
      sequence: rank(lease.sequence),
      last: lease.last,
      writing: renamed(lease.writing),
    },
    inFlight: inFlight && { ...inFlight, sequence: rank(inFlight.sequence) },
    ledger: state.ledger.map(({ known, sequence }) => ({ known, sequence: rank(sequence) })),
    processes: state.processes.map((process) => ({
      ...process,
      sequence: rank(process.sequence),
      writing: renamed(process.writing),
      before: process.before && {
        last: process.before.last,
        writing: renamed(process.before.writing),
      },
      unsettled: renamed(process.unsettled),
      job: process.job && {
        ...process.job,
        write: { ...process.job.write, sequence: rank(process.job.write.sequence) },
      },
    })),
  };
}

const ofLast = (last: Last | null): string =>
  last ? `${last.base},${last.result},${Number(last.seen)}${last.doubt}` : '';

const ofWrite = (write: Write | null): string =>
  write ? `${write.sequence}.${write.number}.${write.shares}` : '';

const ofJob = (job: Job | null): string =>
  job
    ? `${job.phase},${job.from},${job.to},${job.made},${ofWrite(job.write)},${job.done},${job.start},${job.toAnswer}`
    : '';

// Most processes stay as they are from one state to the next.
const texts = new WeakMap<Process, string>();

function ofProcess(process: Process): string {
  const known = texts.get(process);
  if (known !== undefined) return known;
  const text = textOf(process);
  texts.set(process, text);
  return text;
}

const textOf = (process: Process): string =>
  [
    process.step,
    process.sequence,
    ofLast(process.last),
    ofWrite(process.writing),
    process.before && `${ofLast(process.before.last)}/${ofWrite(process.before.writing)}`,
    ofWrite(process.unsettled),
    Number(process.waits),
    process.own,
    process.asked,
    ofJob(process.job),
    process.writes,
    Number(process.isOld),
    process.failure,
    process.outcome,
    process.ledger,
    process.answered,
  ].join('|');

const ofEntered = ({ known, sequence }: Entered): string => `${known}${sequence}`;

/** The same text for the same state. */
export function keyOf(state: State): string {
  const { inFlight, lease, faults, ledger } = state;
  const { crash, stall, lost, refused, foreign } = faults;
  let key = `${state.pool};${state.shown};${state.earlier};${state.isLate};${state.pending}`;
  if (inFlight) key += `;${inFlight.from},${inFlight.to},${inFlight.isRoles},${inFlight.sequence}`;
  key += `;${lease.nonce},${lease.sequence},${ofLast(lease.last)},${ofWrite(lease.writing)}`;
  key += `;${state.answers};${crash}${stall}${lost}${refused}${foreign}`;
  key += `;${state.after};${state.begun},${state.firm}`;
  for (const entered of ledger) key += `;${ofEntered(entered)}`;
  for (const process of state.processes) key += `;${ofProcess(process)}`;
  return key;
}

/** A pool as it is printed: its entries, which of them has its role mapping, and the foreign setting. */
function poolText(pool: Pool): string {
  const entries = CLIENTS.flatMap((name, client) => ((pool >> client) & 1 ? name : []));
  const mapping = pool & MAPPING ? ' role mapping of A,' : '';
  return `[${entries.join(' ')}]${mapping} setting ${Math.floor(pool / SETTING)}`;
}

/** One line about a state. */
export function stateText({ pool, lease, pending, ledger, inFlight }: State): string {
  const { nonce, writing } = lease;
  const known = ledger.map((each, client) => `${CLIENTS[client as 0 | 1]} ${each.known}`);
  return [
    `pool ${poolText(pool)}`,
    nonce === 0 ? 'lease free' : `lease ${nonce}`,
    ...(writing ? [`writing ${writing.sequence}.${writing.number}`] : []),
    ...(pending.length > 0 ? [`${pending.length} waiting`] : []),
    `ledger ${known.join(', ')}`,
    ...(inFlight ? ['a call is under way'] : []),
  ].join('; ');
}
