import type { Approval } from './approval.ts';
import { grouped } from './grouped.ts';
import { isObject, isText } from './shape.ts';
import type { Outcome, Resolved, Result, Target } from './target.ts';
import type { Issuer } from './user-pool.ts';

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
export type EndState = (Omit<Resolved, 'targets'> & { targets: TargetEnd[] }) | Failure;

/** The detail of the event LinkFinished. */
export type LinkFinished = Partial<Omit<Resolved, 'targets'>> & {
  executionArn: string;
  status: Report['status'];
  error?: string;
  message?: string;
  results: BriefReport[];
};

/** The name and the sentence of an error, without the JSON that Lambda wraps around them. */
export function unwrap({ Error: error, Cause: cause = '' }: Failure): {
  error: string;
  message: string;
} {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (isObject(parsed) && isText(parsed['errorMessage'])) {
      return { error, message: parsed['errorMessage'] };
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
  const { rebased, writtenBy, changedSince } = end.result;
  // Whose session wrote, where another execution did.
  const { assumedRoleArn = end.assumedRoleArn } = end.result;
  const { approval, issuer } = end.target;
  return {
    ...{ identityPoolId, links, outcome, changes, before, after, assumedRoleArn, attempts },
    ...(approval && { approval }),
    ...(issuer && { issuer }),
    ...(rebased && { rebased }),
    ...(writtenBy !== undefined && { writtenBy }),
    ...(changedSince && { changedSince }),
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

/** How the execution ends, and the event that says so. One failed target fails the execution. */
export function reportOn(
  executionArn: string,
  state: EndState,
): { report: Report; finished: LinkFinished } {
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
