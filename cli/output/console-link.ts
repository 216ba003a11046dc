import { executionOf } from '../../core/execution.ts';

const consoles = new Map([
  ['aws', 'console.aws.amazon.com'],
  ['aws-us-gov', 'console.amazonaws-us-gov.com'],
  ['aws-cn', 'console.amazonaws.cn'],
  ['aws-eusc', 'console.amazonaws-eusc.eu'],
]);

/** The address of an execution in the AWS console; undefined in a partition whose console is not known. */
export function consoleLink(execution: string): string | undefined {
  const { partition, region } = executionOf(execution);
  const host = consoles.get(partition);
  // An ARN may be untrusted text, and this becomes a link.
  if (host === undefined || !/^[a-z0-9-]+$/.test(region)) return undefined;
  return `https://${region}.${host}/states/home?region=${region}#/v2/executions/details/${encodeURI(execution)}`;
}
