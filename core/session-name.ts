import type { Execution } from './execution.ts';
import { sha256 } from './sha256.ts';

/** How long a session in another account lasts, in seconds: the shortest that AWS has. A step needs seconds. */
export const SESSION_SECONDS = 900;

/**
 * The role session name and source identity of an execution. They lead from Account-B's CloudTrail to the
 * execution. They have at most 64 characters, and differ for each execution name.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function sessionNameOf({ name }: Execution): string {
  const allowed = name.replace(/[^\w+=,.@-]/g, '').slice(0, 55);
  return `${allowed}-${sha256(name).slice(0, 8)}`;
}
