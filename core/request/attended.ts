import type { Machine } from '../deployment.ts';
import { isObject } from '../shape.ts';

/** Errors that are about the request itself, or that a person has chosen: who made the request sees them. */
const MISTAKES: ReadonlySet<string> = new Set([
  'ApprovalDeniedError',
  'InvalidRequestError',
  'NotCoveredError',
  'PausedError',
  'UndoConflictError',
  'UserPoolClientNotFoundError',
]);

const isAttendedLink = (input: unknown, error: string): boolean => {
  // The rules in events/ add who asked. Behind an event no one waits for the answer.
  if (isObject(input) && Object.hasOwn(input, 'requestedBy')) return false;
  return MISTAKES.has(error) || (isObject(input) && input['dryRun'] === true);
};

const isAttendedReconcile = (input: unknown, error: string): boolean => {
  if (!isObject(input) || input['repair'] !== true) return true;
  // The schedule asks for nothing else, so it makes no such mistake.
  return error === 'InvalidRequestError' && Object.keys(input).length > 1;
};

/**
 * Whether a person who asked sees at once that an execution failed, and why: it was a dry run, or their own mistake.
 * This is never so for faults, and for what an event or the schedule asked for. The alarm topic gets no sentence for
 * these failures (events/execution-not-succeeded.yml). A test compares the two.
 *
 * @param input of the execution.
 * @param error its name.
 */
export const isAttended = (machine: Machine, input: unknown, error: string): boolean =>
  machine === 'link' ? isAttendedLink(input, error) : isAttendedReconcile(input, error);

/** The metrics that count these failures. The alarms of failed executions count them too. */
export const ATTENDED: Readonly<Record<Machine, string>> = {
  link: 'FailedAttended',
  reconcile: 'ReconcileFailedAttended',
};
