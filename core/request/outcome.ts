import { BrokenAnswerError } from '../errors.ts';
import { grouped } from '../grouped.ts';
import { isListOf, isNumber, isObject, isShape, isText, type Shape } from '../shape.ts';
import type { Issuer } from '../user-pool.ts';
import type { Approval } from './approval.ts';
import type { Outcome, Resolved, Result, Target } from './target.ts';

/** An error as Step Functions catches it. */
export interface Failure {
  Error: string;
  Cause?: string;
}

/** A target when its branch has ended, well or not. */
export type TargetEnd =
  | {
      target: Pick<Target, 'identityPoolId' | 'links' | 'approval' | 'issuer'>;
      assumedRoleArn: string;
      result: Result;
    }
  | { target: Pick<Target, 'identityPoolId' | 'links'>; failure: Failure };

/** One identity pool in the output. */
export type TargetReport = { identityPoolId: string; links: string[] } & (
  | (Result & {
      assumedRoleArn: string;
      approval?: Approval;
      /** The user pool's own setting, where it is not the original one. */
      issuer?: Issuer;
    })
  | { outcome: 'FAILED'; error: string; message: string }
);

/** The output of the `link` state machine. */
export type Output = Omit<Resolved, 'targets'> & { results: TargetReport[] };

/** How an execution ends, as its last states read it. */
export type Report =
  | { status: 'SUCCEEDED'; output: Output }
  | { status: 'FAILED'; error: string; cause: string };

/** What the machine knows at its end: how its targets ended, or why there were none. */
type EndState = (Omit<Resolved, 'targets'> & { targets: TargetEnd[] }) | Failure;

/** The detail of the event LinkFinished. */
export type LinkFinished = Partial<Omit<Resolved, 'targets'>> & {
  executionArn: string;
  status: Report['status'];
  error?: string;
  message?: string;
  results: BriefReport[];
};

export const isFailure: Shape<Failure> = isShape<Failure>({ Error: isText }, { Cause: isText });

/** What is said of a state that is not as the steps before it should have left it. */
export const BROKEN_ANSWER: Failure = {
  Error: BrokenAnswerError.name,
  Cause:
    "A step of Poolbridge has given an answer that the next step can't read. The history of the execution shows which. Deploy Poolbridge again, and report it if that does not help.",
};

type NamedPool = Pick<Target, 'identityPoolId' | 'links'>;

/** Stands for an identity pool of which only the failure is known. */
export const UNNAMED: NamedPool = { identityPoolId: 'unknown', links: [] };

export const isNamedPool = (value: unknown): value is NamedPool =>
  isObject(value) && isText(value['identityPoolId']) && isListOf(isText)(value['links']);

const isResult = (value: unknown): value is Result =>
  isObject(value) &&
  isText(value['outcome']) &&
  Array.isArray(value['changes']) &&
  isObject(value['before']) &&
  isObject(value['after']) &&
  isNumber(value['attempts']);

/** How a branch has ended; a failure where it has ended in a way that can't be read. */
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

/** What the machine knows at its end; a failure where that can't be read. */
function endStateOf(state: unknown): EndState {
  if (isFailure(state)) return state;
  if (!isObject(state) || !isText(state['operation']) || !isObject(state['requestedBy'])) {
    return BROKEN_ANSWER;
  }
  const { targets, ...request } = state as Omit<Resolved, 'targets'> & { targets: unknown };
  return Array.isArray(targets) ? { ...request, targets: targets.map(endOf) } : BROKEN_ANSWER;
}

// JavaScript's own errors come from mistakes in a step, and name neither the cause nor the remedy.
const MISTAKES = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/** The name and the sentence of an error, without the JSON that Lambda wraps around them. */
export function unwrap({ Error: error, Cause: cause = '' }: Failure): {
  error: string;
  message: string;
} {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (isObject(parsed) && isText(parsed['errorMessage'])) {
      const { errorMessage } = parsed;
      const mistake = `A step of Poolbridge has ended with a mistake of its own (${error}: ${errorMessage}). The log of the step shows where. Deploy Poolbridge again, and report it if that does not help.`;
      return { error, message: MISTAKES.has(error) ? mistake : errorMessage };
    }
  } catch {
    // Not every cause is JSON: that of a timeout is empty, that of Step Functions' own a sentence.
  }
  const silence = `The step ended with ${error} and said nothing more; its log and the execution history show how far it came.`;
  return { error, message: cause === '' ? silence : cause };
}

/** What came of a target, as the output has it. */
export function reportOf(end: TargetEnd): TargetReport {
  const { identityPoolId, links } = end.target;
  if ('failure' in end) {
    return { identityPoolId, links, outcome: 'FAILED', ...unwrap(end.failure) };
  }
  const { outcome, changes, before, after, attempts } = end.result;
  const { cancelled, rebased, writtenBy, changedSince, linkedSince, marksCleared } = end.result;
  // Whose session wrote, where another execution did.
  const { assumedRoleArn = end.assumedRoleArn } = end.result;
  const { approval, issuer } = end.target;
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
    ...(issuer && { issuer }),
    ...(cancelled && { cancelled }),
    ...(rebased && { rebased }),
    ...(writtenBy !== undefined && { writtenBy }),
    ...(changedSince && { changedSince }),
    ...(linkedSince && { linkedSince }),
    ...(marksCleared && { marksCleared }),
  };
}

/** A result as events and causes carry it: without the pool before and after. */
type BriefReport = Omit<TargetReport, 'before' | 'after'>;

function brief(report: TargetReport): BriefReport {
  const { before: _, after: __, ...rest } = report as TargetReport & Partial<Result>;
  return rest;
}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html
export const CAUSE_ROOM = 32_768;
export const MESSAGE_ROOM = CAUSE_ROOM / 2;

function causeOf(message: string, results: BriefReport[]): string {
  const whole = JSON.stringify({ message, results });
  if (whole.length <= CAUSE_ROOM) return whole;
  const counts = [...grouped(results, ({ outcome }) => outcome)];
  const summary = Object.fromEntries(counts.map(([outcome, group]) => [outcome, group.length]));
  return JSON.stringify({ message: message.slice(0, MESSAGE_ROOM), results: summary });
}

/** The error of an execution in which targets failed, as one name and one message. */
function errorOf(results: TargetReport[]): { error: string; message: string } | undefined {
  const failed = results.filter((report) => report.outcome === 'FAILED');
  const [first] = failed;
  if (!first) return undefined;
  if (failed.length === 1) return { error: first.error, message: first.message };
  const same = failed.every(({ error }) => error === first.error);
  const each = failed.map(({ identityPoolId, message }) => `${identityPoolId}: ${message}`);
  return {
    error: same ? first.error : 'LinkFailedError',
    message: `${failed.length} of ${results.length} identity pools failed. ${each.join(' ')}`,
  };
}

function failed(
  executionArn: string,
  known: Omit<LinkFinished, 'executionArn' | 'status'>,
  error: string,
  message: string,
): { report: Report; finished: LinkFinished } {
  const status = 'FAILED';
  return {
    report: { status, error, cause: causeOf(message, known.results) },
    // Of a long message every target's own part is in its result.
    finished: { executionArn, status, ...known, error, message: message.slice(0, MESSAGE_ROOM) },
  };
}

/**
 * How the execution ends, and the event that says so. One failed target fails the execution.
 *
 * @param handed the state of the machine at its end, which may be anything that a step has answered.
 */
export function reportOn(
  executionArn: string,
  handed: unknown,
): { report: Report; finished: LinkFinished } {
  const state = endStateOf(handed);
  if (!('targets' in state)) {
    const { error, message } = unwrap(state);
    return failed(executionArn, { results: [] }, error, message);
  }
  const { targets: ends, ...request } = state;
  const results = ends.map(reportOf);
  const failure = errorOf(results);
  const known = { ...request, results: results.map(brief) };
  if (failure) return failed(executionArn, known, failure.error, failure.message);
  const status = 'SUCCEEDED';
  return {
    report: { status, output: { ...request, results } },
    finished: { executionArn, status, ...known },
  };
}

const metricNames: Partial<Record<Outcome | 'FAILED', string>> = {
  LINKED: 'Linked',
  ALREADY_LINKED: 'AlreadyLinked',
  UNLINKED: 'Unlinked',
  FAILED: 'Failed',
};

/** What an execution counts as: one metric for each target, or a failure that reached none. */
export function metricsOf({ status, results }: LinkFinished): {
  metric: string;
  links: string[];
}[] {
  if (status === 'FAILED' && results.length === 0) return [{ metric: 'Failed', links: [] }];
  return results.flatMap(({ outcome, links }) => {
    const metric = metricNames[outcome];
    return metric === undefined ? [] : [{ metric, links }];
  });
}
