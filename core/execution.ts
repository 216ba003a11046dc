import { parseArn } from './arn.ts';

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
