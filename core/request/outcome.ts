import {
  BROKEN_ANSWER,
  causeOf,
  type Failure,
  type Fault,
  faultOf,
  isFailure,
  isNamedPool,
  MESSAGE_ROOM,
  type NamedPool,
  UNNAMED,
  unwrap,
} from '../failure.ts';
import { grouped } from '../grouped.ts';
import type { LoggedReport } from '../logged-data.ts';
import { isNumber, isObject, isText } from '../shape.ts';
import type { Issuer } from '../user-pool.ts';
import type { Approval } from './approval.ts';
import { isRefusal } from './refusal.ts';
import type { Resolved } from './resolve.ts';
import type { Result, Target } from './target.ts';

/** A target at the end of its branch. */
export type TargetEnd =
  | {
      target: Pick<
        Target,
        'identityPoolId' | 'links' | 'approval' | 'approvalTime' | 'issuer' | 'uncovered'
      >;
      assumedRoleArn: string;
      result: Result;
    }
  | { target: Pick<Target, 'identityPoolId' | 'links'>; failure: Failure };

/** One identity pool that failed, or in a dry run would fail. */
export type FaultyReport = NamedPool &
  (
    | { outcome: 'PLANNED'; changes: []; wouldFail: Fault }
    | { outcome: 'FAILED'; error: string; message: string }
  );

/** One identity pool in the output. */
export type TargetReport =
  | FaultyReport
  | (NamedPool &
      Result & {
        assumedRoleArn: string;
        approval?: Approval;
        /** Of a dry run: whether a person would have to approve the changes. */
        needsApproval?: true;
        /** The user pool's own setting, if it is not the original one. */
        issuer?: Issuer;
        /** Of an undo: the names of user pools under which no link asks for the entries that it linked again. */
        uncovered?: string[];
      });

/** The output of the `link` state machine. */
export type Output = Omit<Resolved, 'targets' | 'dryRun'> & { results: TargetReport[] };

/** The report of an execution, as its last states read it. */
export type Report =
  | { status: 'SUCCEEDED'; output: Output }
  | { status: 'FAILED'; error: string; cause: string };

/** The state at the end of an execution: the results of its targets, or why there are none. */
type EndState = (Omit<Resolved, 'targets'> & { targets: TargetEnd[] }) | Failure;

/** The detail of the event LinkFinished. */
export type LinkFinished = Partial<Omit<Resolved, 'targets' | 'dryRun'>> & {
  executionArn: string;
  status: Report['status'];
  error?: string;
  message?: string;
  results: BriefReport[];
};

const isResult = (value: unknown): value is Result =>
  isObject(value) &&
  isText(value['outcome']) &&
  Array.isArray(value['changes']) &&
  isObject(value['before']) &&
  isObject(value['after']) &&
  isNumber(value['attempts']);

/** The end of a branch; a failure if it can't be read. */
function endOf(value: unknown): TargetEnd {
  const { target, assumedRoleArn, result, failure } = isObject(value) ? value : {};
  if (isNamedPool(target) && isText(assumedRoleArn) && isResult(result)) {
    return { target, assumedRoleArn, result };
  }
  return {
    target: isNamedPool(target) ? target : UNNAMED,
    failure: isFailure(failure) ? failure : BROKEN_ANSWER,
  };
}

/** The state at the end of an execution; a failure if it can't be read. */
function endStateOf(state: unknown): EndState {
  if (isFailure(state)) return state;
  if (!isObject(state) || !isText(state['operation']) || !isObject(state['requestedBy'])) {
    return BROKEN_ANSWER;
  }
  const { targets, ...request } = state as Omit<Resolved, 'targets'> & { targets: unknown };
  return Array.isArray(targets) ? { ...request, targets: targets.map(endOf) } : BROKEN_ANSWER;
}

/** A target that failed, in the output: in a dry run, a refusal is the plan. */
function faultyReport(
  { identityPoolId, links }: NamedPool,
  fault: Fault,
  isDryRun: boolean,
): FaultyReport {
  return isDryRun && isRefusal(fault)
    ? { identityPoolId, links, outcome: 'PLANNED', changes: [], wouldFail: fault }
    : { identityPoolId, links, outcome: 'FAILED', ...fault };
}

/** A target in the output. */
export function reportOf(end: TargetEnd, isDryRun: boolean): TargetReport {
  const { identityPoolId, links } = end.target;
  if ('failure' in end) return faultyReport(end.target, unwrap(end.failure), isDryRun);
  const { outcome, changes, before, after, attempts } = end.result;
  const { cancelled, rebased, writtenBy, changedSince, linkedSince, marksCleared } = end.result;
  // The role session that wrote, if another execution wrote.
  const { assumedRoleArn = end.assumedRoleArn } = end.result;
  const { approval, approvalTime, issuer, uncovered } = end.target;
  const needsApproval = outcome === 'PLANNED' && approvalTime !== undefined;
  return {
    identityPoolId,
    links,
    outcome,
    changes,
    before,
    after,
    assumedRoleArn,
    attempts,
    ...(approval && { approval }),
    ...(needsApproval && { needsApproval }),
    ...(issuer && { issuer }),
    ...(uncovered && { uncovered }),
    ...(cancelled && { cancelled }),
    ...(rebased && { rebased }),
    ...(writtenBy !== undefined && { writtenBy }),
    ...(changedSince && { changedSince }),
    ...(linkedSince && { linkedSince }),
    ...(marksCleared && { marksCleared }),
  };
}

/** Whether a target failed, or in a dry run would fail. */
export const isFaulty = (report: TargetReport): report is FaultyReport =>
  report.outcome === 'FAILED' || 'wouldFail' in report;

/** Why a target failed or would fail. */
export const faultIn = (report: FaultyReport): Fault =>
  report.outcome === 'FAILED' ? { error: report.error, message: report.message } : report.wouldFail;

/** A target in events and causes: without the pool before and after. */
type BriefReport = Omit<TargetReport, 'before' | 'after'>;

function brief(report: TargetReport): BriefReport {
  const { before: _, after: __, ...rest } = report as TargetReport & Partial<Result>;
  return rest;
}

/** How many results there are of each outcome. */
function outcomeCounts(results: BriefReport[]): { results: Record<string, number> } {
  const counts = [...grouped(results, ({ outcome }) => outcome)];
  return { results: Object.fromEntries(counts.map(([outcome, group]) => [outcome, group.length])) };
}

// The error of an execution whose targets failed with different errors.
const MIXED = 'LinkFailedError';

/** The report of an execution, as its last states, the event and the log have it. */
interface Reported {
  report: Report;
  finished: LinkFinished;
  logged: LoggedReport;
}

/** The report of an execution that failed. */
function failure(
  executionArn: string,
  known: Omit<LinkFinished, 'executionArn' | 'status'>,
  { error, message }: Fault,
  output?: Output,
): Reported {
  const status = 'FAILED';
  const { results } = known;
  const cause = causeOf(message, { results }, () => outcomeCounts(results));
  return {
    report: { status, error, cause },
    logged: { status, error, cause, ...(output && { output }) },
    // If the message is cut off, each target still has its own in its result.
    finished: { executionArn, status, ...known, error, message: message.slice(0, MESSAGE_ROOM) },
  };
}

/**
 * The report of an execution, its event and its log. One failed target fails the execution. What would fail in a dry run does
 * not.
 *
 * @param handed the state at the end of the execution. A step may have returned anything.
 */
export function reportOn(executionArn: string, handed: unknown): Reported {
  const state = endStateOf(handed);
  if (!('targets' in state)) {
    return failure(executionArn, { results: [] }, unwrap(state));
  }
  const { targets: ends, dryRun: isDryRun, ...request } = state;
  const results = ends.map((end) => reportOf(end, isDryRun === true));
  const failed = results.filter((report) => report.outcome === 'FAILED');
  const fault = faultOf(failed, results.length, MIXED);
  const known = { ...request, results: results.map(brief) };
  const output = { ...request, results };
  if (fault) return failure(executionArn, known, fault, output);
  const report = { status: 'SUCCEEDED', output } as const;
  const finished = { executionArn, status: report.status, ...known };
  return { report, finished, logged: report };
}
