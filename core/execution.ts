import { parseArn } from './arn.ts';
import { sha256 } from './digest.ts';

/** An execution, by the parts of its ARN. */
export interface Execution {
  arn: string;
  partition: string;
  region: string;
  account: string;
  /** The name of its state machine. */
  machine: string;
  name: string;
}

/** Parses an execution ARN: `arn:aws:states:us-east-1:111111111111:execution:MACHINE:NAME`. */
export function executionOf(arn: string): Execution {
  const { partition, region, account, resource } = parseArn(arn);
  const [, machine = '', ...name] = resource.split(':');
  return { arn, partition, region, account, machine, name: name.join(':') };
}

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
