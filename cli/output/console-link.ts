import { executionOf } from '../../core/execution.ts';
import { machineLogGroup } from '../executions/log-group.ts';

const consoles = new Map([
  ['aws', 'console.aws.amazon.com'],
  ['aws-us-gov', 'console.amazonaws-us-gov.com'],
  ['aws-cn', 'console.amazonaws.cn'],
  ['aws-eusc', 'console.amazonaws-eusc.eu'],
]);

/** The address of the AWS console in a Region; undefined in a partition whose console is not known. */
function consoleIn(partition: string, region: string): string | undefined {
  const host = consoles.get(partition);
  // ARNs and ids may be untrusted text, and this becomes a link.
  if (host === undefined || !/^[a-z0-9-]+$/.test(region)) return undefined;
  return `https://${region}.${host}`;
}

/** The address of an execution in the AWS console; undefined in a partition whose console is not known. */
export function consoleLink(execution: string): string | undefined {
  const { partition, region } = executionOf(execution);
  const base = consoleIn(partition, region);
  return (
    base && `${base}/states/home?region=${region}#/v2/executions/details/${encodeURI(execution)}`
  );
}

// CloudWatch's console encodes the parts of its addresses twice, with $ in place of %.
const forCloudWatch = (text: string): string =>
  encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');

/** The address of the log group of an execution's state machine in the AWS console. */
export function logsLink(execution: string): string | undefined {
  const { partition, region, machine } = executionOf(execution);
  const base = consoleIn(partition, region);
  const group = forCloudWatch(machineLogGroup(machine));
  return base && `${base}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${group}`;
}

/**
 * The address of an execution's calls to an identity pool, in the event history of CloudTrail of the identity pool's
 * account: the session has a name of its own.
 */
export function trailLink(
  execution: string,
  identityPoolId: string,
  assumedRoleArn: string,
): string | undefined {
  const [region = ''] = identityPoolId.split(':');
  const base = consoleIn(executionOf(execution).partition, region);
  const user = encodeURIComponent(assumedRoleArn.split('/').at(-1) ?? '');
  return base && `${base}/cloudtrailv2/home?region=${region}#/events?Username=${user}`;
}
