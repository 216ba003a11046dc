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
import { type Change, type ShownChange, shownChanges } from '../identity-pool/changes.ts';
import { entryKey } from '../identity-pool/identity-pool.ts';
import type { Intent } from '../identity-pool/merge.ts';
import { isFlag, isListOf, isMapOf, isNumber, isObject, isText } from '../shape.ts';
import { refusalOf } from '../write/batch.ts';
import type { Refused } from '../write/records.ts';
import { type EntryState, type Finding, STATES } from './classify.ts';
import type { PoolIssuer } from './issuers.ts';
import type { PlannedPool, ReconcilePlan } from './plan.ts';

type Counts = Record<EntryState, number>;

/** How many entries a repair added and removed. */
interface Repaired {
  linked: number;
  unlinked: number;
}

/** One entry in a report. */
interface ReportedEntry {
  state: EntryState;
  providerName: string;
  clientId: string;
  clientName?: string;
  /** The links that cover it, if the request was for all entries. */
  links?: string[];
  /** What a repair does or would do about it; absent if it is left to a person. */
  repair?: Intent['operation'];
  /** Why it was not repaired, or would not be, by the error's name. */
  refused?: string;
  /** Whether it was written less than a minute before, so that the state may still turn out to be another. */
  recent?: true;
  /** Whether it is left to a person only because links.yml requires approval. */
  needsApproval?: true;
}

/** One identity pool in the output of the `reconcile` state machine. */
export interface PoolReport {
  identityPoolId: string;
  links: string[];
  /** What was found, before anything was repaired. */
  counts: Counts;
  /** How many entries the identity pool may hold, by links.yml. */
  quota?: number;
  /** How many entries were removed without a request to Poolbridge. */
  removedByOthers?: number;
  /** How many app clients and user pools counted as deleted although they exist. A repair corrects that. */
  wrongMarks?: number;
  /** Those that are neither linked nor foreign, as far as there is room. */
  entries: ReportedEntry[];
  /** How many more there are than `entries` has room for. */
  omitted?: number;
  /** Those that are linked or foreign, where all entries were asked for. */
  rest?: ReportedEntry[];
  /** How many more there are than `rest` has room for. */
  omittedRest?: number;
  /** The user pools whose issuer is not the original one, or whose entries have another name. */
  issuers?: PoolIssuer[];
  /** How many more there are than `issuers` has room for. */
  omittedIssuers?: number;
  repaired?: Repaired;
  /** What was written, if there is room for it. */
  changes?: ShownChange[];
  failure?: Fault;
  /** How a repair would fail, where none was asked for. */
  wouldFail?: Fault;
}

/** An identity pool that could not be reconciled. */
type FailedPool = Pick<PoolReport, 'identityPoolId' | 'links'> & { failure: Fault };

const countsOf = (findings: { state: EntryState }[]): Counts =>
  Object.fromEntries(
    STATES.map((state) => [state, findings.filter((each) => each.state === state).length]),
  ) as Counts;

// What needs a person comes first, in case there is no room for all.
const order: EntryState[] = ['removed', 'uncovered', 'changed', 'orphaned', 'missing'];

// These come first, since each says what someone else has put there.
const restOrder: EntryState[] = ['foreign', 'linked'];

const inOrder = (findings: Finding[], states: EntryState[]): Finding[] =>
  states.flatMap((state) => findings.filter((finding) => finding.state === state));

function reported(
  { state, provider, clientName, repair, needsApproval, recent, links }: Finding,
  refusal: Refused | undefined,
  withLinks = false,
): ReportedEntry {
  const { ProviderName = '', ClientId = '' } = provider;
  return {
    state,
    providerName: ProviderName,
    clientId: ClientId,
    ...(clientName !== undefined && { clientName }),
    ...(withLinks && { links }),
    ...(repair && { repair: repair.operation }),
    ...(refusal && { refused: refusalOf(refusal).name }),
    ...(needsApproval && { needsApproval }),
    ...(recent && { recent }),
  };
}

/** The first items that fit into the given number of characters of JSON. */
export function fitting<T>(items: T[], room: number): T[] {
  let used = 0;
  const end = items.findIndex((item) => {
    used += JSON.stringify(item).length + 1;
    return used > room;
  });
  return end < 0 ? items : items.slice(0, end);
}

// Enough for a sentence that says what is wrong and what to do.
const SENTENCE = 300;
// The part of the room that user pools with another issuer may take. Entries matter more.
const ISSUERS_SHARE = 0.25;

/** The result of a repair. */
export interface Repair {
  changes: Change[];
  /** Why entries were refused, by the key of the entry. */
  refused: ReadonlyMap<string, Refused>;
}

/** The entries that are linked or foreign, as far as there is room. */
function restOf(findings: Finding[], room: number): Pick<PoolReport, 'rest' | 'omittedRest'> {
  const all = inOrder(findings, restOrder).map((finding) => reported(finding, undefined, true));
  if (all.length === 0) return {};
  const rest = fitting(all, room);
  return {
    rest,
    ...(rest.length < all.length && { omittedRest: all.length - rest.length }),
  };
}

/** What was written and, with the room that this leaves, the entries that are linked or foreign. */
function ifRoom(
  changes: ShownChange[],
  findings: Finding[],
  room: number,
): Pick<PoolReport, 'changes' | 'rest' | 'omittedRest'> {
  const made = changes.length > 0 && JSON.stringify(changes).length <= room ? { changes } : {};
  return { ...made, ...restOf(findings, room - JSON.stringify(made).length) };
}

interface Judged {
  repair?: Repair | undefined;
  /** Why entries would be refused, by their keys, where nothing is repaired. */
  foreseen?: Repair['refused'] | undefined;
  /** Why a user pool could not be listed. */
  notListed?: string | undefined;
}

/** What has failed and, where nothing was repaired, what a repair would fail with. */
function faultsOf(
  room: number,
  { repair, foreseen, notListed }: Judged,
): Pick<PoolReport, 'failure' | 'wouldFail'> {
  const [refusal] = repair?.refused.values() ?? [];
  const [later] = repair ? [] : (foreseen?.values() ?? []);
  const shown = (sentence: string): string => sentence.slice(0, Math.max(room, SENTENCE));
  const sentences = [refusal?.refused, notListed].flatMap((sentence) => sentence ?? []);
  const failure = {
    error: refusal ? refusalOf(refusal).name : 'UserPoolNotListedError',
    message: shown(sentences.join(' ')),
  };
  return {
    ...(sentences.length > 0 && { failure }),
    ...(later && { wouldFail: { error: refusalOf(later).name, message: shown(later.refused) } }),
  };
}

/** The report of an identity pool: what was found and repaired, as far as there is room. */
export function poolReport(
  { identityPoolId, links, room, allEntries }: PlannedPool,
  findings: Finding[],
  {
    repair,
    foreseen,
    notListed,
    issuers = [],
    wrongMarks = 0,
    quota,
  }: Judged & {
    issuers?: PoolIssuer[];
    wrongMarks?: number;
    quota?: number;
  } = {},
): PoolReport {
  const refused = repair?.refused ?? foreseen;
  const faults = faultsOf(room, { repair, foreseen, notListed });
  let left = room - JSON.stringify(faults).length;
  const all = inOrder(findings, order).map((finding) =>
    reported(finding, refused?.get(entryKey(finding.provider)), allEntries === true),
  );
  const shownIssuers = fitting(issuers, left * ISSUERS_SHARE);
  if (shownIssuers.length > 0) left -= JSON.stringify(shownIssuers).length;
  const entries = fitting(all, left);
  left -= JSON.stringify(entries).length;
  const lost = findings.filter((finding) => finding.lost).length;
  const changes = shownChanges(repair?.changes ?? []);
  const added = repair?.changes.filter(({ op }) => op === 'add').length ?? 0;
  return {
    identityPoolId,
    links,
    counts: countsOf(findings),
    ...(quota !== undefined && { quota }),
    entries,
    ...(lost > 0 && { removedByOthers: lost }),
    ...(wrongMarks > 0 && { wrongMarks }),
    ...(entries.length < all.length && { omitted: all.length - entries.length }),
    ...(shownIssuers.length > 0 && { issuers: shownIssuers }),
    ...(shownIssuers.length < issuers.length && {
      omittedIssuers: issuers.length - shownIssuers.length,
    }),
    ...(repair && { repaired: { linked: added, unlinked: repair.changes.length - added } }),
    ...ifRoom(changes, allEntries ? findings : [], left),
    ...faults,
  };
}

/** The state at the end of an execution: the results of its identity pools, or why there are none. */
type ReconcileEnd =
  | (Pick<ReconcilePlan, 'repair' | 'links'> & { identityPools: (PoolReport | FailedPool)[] })
  | Failure;

/** The output of the `reconcile` state machine. */
export interface ReconcileOutput {
  repair: boolean;
  links: string[];
  identityPools: (PoolReport | FailedPool)[];
  totals: Counts & { removedByOthers?: number; wrongMarks?: number; repaired?: Repaired };
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
  error?: string;
  message?: string;
}

const isReport = (end: PoolReport | FailedPool): end is PoolReport => 'counts' in end;

const isPoolReport = (value: unknown): value is PoolReport =>
  isObject(value) &&
  isMapOf(isNumber)(value['counts']) &&
  Array.isArray(value['entries']) &&
  (value['failure'] === undefined || isFault(value['failure'])) &&
  isNamedPool(value);

/** The end of a branch; a failure if it can't be read. */
function endOf(value: unknown): PoolReport | FailedPool {
  if (isPoolReport(value)) return value;
  const { identityPool, failure } = isObject(value) ? value : {};
  const { identityPoolId, links } = isNamedPool(identityPool) ? identityPool : UNNAMED;
  return { identityPoolId, links, failure: unwrap(isFailure(failure) ? failure : BROKEN_ANSWER) };
}

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

function totalsOf(ends: (PoolReport | FailedPool)[]): ReconcileOutput['totals'] {
  const reports = ends.filter(isReport);
  const counts = STATES.map((state) => [state, sum(reports.map(({ counts: of }) => of[state]))]);
  const lost = sum(reports.map(({ removedByOthers = 0 }) => removedByOthers));
  const wrongMarks = sum(reports.map(({ wrongMarks: of = 0 }) => of));
  const repairs = reports.flatMap(({ repaired }) => repaired ?? []);
  return {
    ...(Object.fromEntries(counts) as Counts),
    ...(lost > 0 && { removedByOthers: lost }),
    ...(wrongMarks > 0 && { wrongMarks }),
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
 * The report of an execution, and its event. One failed identity pool fails the execution.
 *
 * @param handed the state at the end of the execution. A step may have returned anything.
 */
export function reconcileReport(
  executionArn: string,
  handed: unknown,
): { report: ReconcileReport; finished: ReconcileFinished } {
  const end = endStateOf(handed);
  const known = 'identityPools' in end ? end : undefined;
  const identityPools = known?.identityPools ?? [];
  const totals = totalsOf(identityPools);
  const request = known && { repair: known.repair, links: known.links };
  const output = request && { ...request, identityPools, totals };
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
  };
  if (output && !fault) {
    const status = 'SUCCEEDED';
    return { report: { status, output }, finished: { ...finished, status } };
  }
  const { error, message } = fault ?? { error: MIXED, message: '' };
  const status = 'FAILED';
  return {
    report: {
      status,
      error,
      cause: causeOf(message, { ...output }, () => (output ? { totals } : {})),
    },
    finished: { ...finished, status, error, message: message.slice(0, MESSAGE_ROOM) },
  };
}

const titled = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The metrics of an execution: how many entries are in each state, and how many were repaired. */
export function reconcileMetrics({ status, totals }: ReconcileFinished): {
  metric: string;
  count: number;
}[] {
  const {
    repaired = { linked: 0, unlinked: 0 },
    removedByOthers = 0,
    wrongMarks = 0,
    ...counts
  } = totals;
  return [
    ...Object.entries(counts).map(([state, count]) => ({
      metric: `Reconcile${titled(state)}`,
      count,
    })),
    { metric: 'EntriesRemoved', count: removedByOthers },
    { metric: 'ReconcileWrongMarks', count: wrongMarks },
    { metric: 'ReconcileRepaired', count: repaired.linked + repaired.unlinked },
    { metric: 'ReconcileFailed', count: status === 'FAILED' ? 1 : 0 },
  ];
}
