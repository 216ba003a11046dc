import { ApprovalDeniedError, InvalidApprovalError } from '../errors.ts';
import { type Failure, isFailure, unwrap } from '../failure.ts';
import { type Approval, isApproval, LONGEST_REASON } from './approval.ts';

/** The result of a request for approval. */
export type Decision = { approval: Approval } | { failure: Failure };

// In characters: two hundred targets of one execution share the room of its state.
const LONGEST_NAME = 256;
const LONGEST_MESSAGE = 1000;

/**
 * Reads the answer to a request for approval. A person may send anything with the token, so the answer is an
 * approval only if it says who, why and when, and nothing else.
 *
 * @param answer the output of SendTaskSuccess, or the error that ended the wait.
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
 */
export function decisionOf(answer: unknown): Decision {
  if (isApproval(answer)) return { approval: answer };
  if (isFailure(answer)) {
    // A denial may have no name.
    const named = answer.Error === '' ? { ...answer, Error: ApprovalDeniedError.name } : answer;
    const { error, message } = unwrap(named);
    return {
      failure: { Error: error.slice(0, LONGEST_NAME), Cause: message.slice(0, LONGEST_MESSAGE) },
    };
  }
  const { name, message } = new InvalidApprovalError(
    `The answer to the request for approval is not an approval, so nothing was written. It must be an object with approvedBy (who approves), reason (at most ${LONGEST_REASON} characters) and time (such as 2026-01-31T12:00:00Z), and nothing else. Ask again, and approve it with the command that ApprovalRequested names.`,
  );
  return { failure: { Error: name, Cause: message } };
}
