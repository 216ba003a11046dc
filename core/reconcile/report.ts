import {
  BROKEN_ANSWER,
  causeOf,
  type Failure,
  type Fault,
  faultOf,
  isFailure,
  isFault,
  isNamedPool,
  MESSAGE_ROOM,
  UNNAMED,
  unwrap,
} from '../failure.ts';
import type { LoggedReport } from '../logged-data.ts';
import { isFlag, isListOf, isMapOf, isNumber, isObject, isText } from '../shape.ts';
import { STATES } from './classify.ts';
import type { ReconcilePlan } from './plan.ts';
import type { Counts, PoolReport, Repaired } from './pool-report.ts';

/** An identity pool that could not be reconciled. */
export type FailedPool = Pick<PoolReport, 'identityPoolId' | 'links'> & { failure: Fault };

/** The state at the end of an execution: the results of its identity pools, or why there are none. */
type ReconcileEnd =
  | (Pick<ReconcilePlan, 'repair' | 'links'> & { identityPools: (PoolReport | FailedPool)[] })
  | Failure;

/** What is counted beside the states, if there is any. */
type Beside = Partial<Record<(typeof BESIDE)[number], number>>;

const BESIDE = ['removedByOthers', 'restored', 'braked', 'wrongMarks'] as const;

/** The output of the `reconcile` state machine. */
export interface ReconcileOutput {
  repair: boolean;
  links: string[];
  identityPools: (PoolReport | FailedPool)[];
  totals: Counts & Beside & { repaired?: Repaired };
  /** ARN of the execution that reconciles the next part, if one has no room for all identity pools. */
  next?: string;
}

/** The report of an execution, as its last states read it. */
export type ReconcileReport =
  | { status: 'SUCCEEDED'; output: ReconcileOutput }
  | { status: 'FAILED'; error: string; cause: string };

/** The detail of the event ReconcileFinished. */
export interface ReconcileFinished {
  executionArn: string;
  status: ReconcileReport['status'];
  repair?: boolean;
  links?: string[];
  /** How many identity pools were compared, and how many of them failed. */
  identityPools: { count: number; failed: number };
  totals: ReconcileOutput['totals'];
  /** ARN of the execution that reconciles the next part. */
  next?: string;
  error?: string;
  message?: string;
}

/** An identity pool that was rechecked. */
export interface Rechecked {
  identityPoolId: string;
  /** Whether another recheck must look again. */
  looksAgain: boolean;
}

const isReport = (end: PoolReport | FailedPool): end is PoolReport => 'counts' in end;

const isPoolReport = (value: unknown): value is PoolReport =>
  isObject(value) &&
  isMapOf(isNumber)(value['counts']) &&
  Array.isArray(value['entries']) &&
  (value['failure'] === undefined || isFault(value['failure'])) &&
  isNamedPool(value);

/** The end of a branch: the report of an identity pool, or why there is none. A failure if it can't be read. */
export function endOf(value: unknown): PoolReport | FailedPool {
  if (isPoolReport(value)) return value;
  const { identityPool, failure } = isObject(value) ? value : {};
  const { identityPoolId, links } = isNamedPool(identityPool) ? identityPool : UNNAMED;
  return { identityPoolId, links, failure: unwrap(isFailure(failure) ? failure : BROKEN_ANSWER) };
}

/** What an execution rechecked, by its state at the end; undefined if it is no recheck. */
export function recheckedIn(state: unknown): Rechecked | undefined {
  const { recheck, identityPools } = isObject(state) ? state : {};
  if (!isText(recheck)) return undefined;
  const ends = Array.isArray(identityPools) ? identityPools.map(endOf) : [];
  return {
    identityPoolId: recheck,
    looksAgain: ends.some((end) => isReport(end) && end.lookAgain),
  };
}

/**
 * Whether an execution, with the parts before it, was to repair every identity pool of links.yml, by its state at the
 * end.
 */
export const wasWhole = (state: unknown): boolean => isObject(state) && state['whole'] === true;

/** The state at the end of an execution; a failure if it can't be read. */
function endStateOf(state: unknown): ReconcileEnd {
  if (isFailure(state)) return state;
  const { repair, links, identityPools } = isObject(state) ? state : {};
  if (!isFlag(repair) || !isListOf(isText)(links) || !Array.isArray(identityPools)) {
    return BROKEN_ANSWER;
  }
  return { repair, links, identityPools: identityPools.map(endOf) };
}

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);

/** The sums over all identity pools. */
export function totalsOf(ends: (PoolReport | FailedPool)[]): ReconcileOutput['totals'] {
  const reports = ends.filter(isReport);
  const counts = STATES.map((state) => [state, sum(reports.map(({ counts: of }) => of[state]))]);
  const beside = BESIDE.map(
    (name) => [name, sum(reports.map(({ [name]: of = 0 }) => of))] as const,
  );
  const repairs = reports.flatMap(({ repaired }) => repaired ?? []);
  return {
    ...(Object.fromEntries(counts) as Counts),
    ...Object.fromEntries(beside.filter(([, count]) => count > 0)),
    ...(repairs.length > 0 && {
      repaired: {
        linked: sum(repairs.map(({ linked }) => linked)),
        unlinked: sum(repairs.map(({ unlinked }) => unlinked)),
      },
    }),
  };
}

// The error of an execution whose identity pools failed with different errors.
const MIXED = 'ReconcileFailedError';

/** The identity pools that failed, with why. */
const failedOf = (ends: (PoolReport | FailedPool)[]) =>
  ends.flatMap(({ identityPoolId, failure }) => (failure ? { identityPoolId, ...failure } : []));

/**
 * The report of an execution, its event and its log. One failed identity pool fails the execution.
 *
 * @param handed the state at the end of the execution. A step may have returned anything.
 * @param next ARN of the execution that reconciles the next part, if there is one.
 */
export function reconcileReport(
  executionArn: string,
  handed: unknown,
  next?: string,
): { report: ReconcileReport; finished: ReconcileFinished; logged: LoggedReport } {
  const end = endStateOf(handed);
  const known = 'identityPools' in end ? end : undefined;
  const identityPools = known?.identityPools ?? [];
  const totals = totalsOf(identityPools);
  const request = known && { repair: known.repair, links: known.links };
  const continued = next === undefined ? {} : { next };
  const output = request && { ...request, identityPools, totals, ...continued };
  const failed = failedOf(identityPools);
  const fault = 'Error' in end ? unwrap(end) : faultOf(failed, identityPools.length, MIXED);
  const finished = {
    executionArn,
    ...request,
    identityPools: {
      count: identityPools.length,
      failed: failed.length,
    },
    totals,
    ...continued,
  };
  if (output && !fault) {
    const report = { status: 'SUCCEEDED', output } as const;
    return { report, finished: { ...finished, status: report.status }, logged: report };
  }
  const { error, message } = fault ?? { error: MIXED, message: '' };
  const status = 'FAILED';
  const cause = causeOf(message, { ...output }, () => (output ? { totals, ...continued } : {}));
  return {
    report: { status, error, cause },
    logged: { status, error, cause, ...(output && { output }) },
    finished: { ...finished, status, error, message: message.slice(0, MESSAGE_ROOM) },
  };
}
