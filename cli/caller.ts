import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

// The AWS CLI takes its Region from either; the SDK knows the first alone.
const region = process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'];

/** What every client of the commands is made with. */
export const config = region ? { region } : {};

/** Who runs a command, and where its machines are. */
export interface Caller {
  arn: string;
  partition: string;
  region: string;
  account: string;
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export async function callerIdentity(): Promise<Caller> {
  const sts = new STSClient(config);
  const { Arn = '', Account = '' } = await sts.send(new GetCallerIdentityCommand({}));
  const [, partition = ''] = Arn.split(':');
  return { arn: Arn, partition, region: await sts.config.region(), account: Account };
}

/** ARN of the `link` state machine of a stage. */
export const linkMachineArn = ({ partition, region, account }: Caller, stage: string): string =>
  `arn:${partition}:states:${region}:${account}:stateMachine:poolbridge-${stage}-link`;
