import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { AwsUnavailableError } from '../../core/errors.ts';
import { type Execution, SESSION_SECONDS, sessionNameOf } from '../../core/execution.ts';
import { requestHandler } from './request-handler.ts';

const sts = new STSClient({ requestHandler });

const denials = new Set(['AccessDenied', 'AccessDeniedException', 'NotAuthorizedException']);

/** Whether another account refused: its role can't be assumed, or lacks a permission. */
export const isDenial = ({ name }: Error): boolean => denials.has(name);

/**
 * What to do where a Region is not enabled in an account, as sentences.
 *
 * @param account that was asked for credentials or given them.
 * @param region of the call that followed, for which the credentials were.
 * @returns undefined for any other error.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
 */
export function adviceOnRegion(
  { name }: Error,
  account: string,
  region: string,
): string | undefined {
  const home = process.env['AWS_REGION'] ?? 'the Region that Poolbridge runs in';
  // RegionDisabledException where STS is deactivated, InvalidClientTokenId where the Region is not enabled. AWS
  // documents both: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors
  // https://repost.aws/knowledge-center/iam-validate-access-credentials
  if (name === 'RegionDisabledException' || name === 'InvalidClientTokenId') {
    return `Account ${account} does not let STS issue credentials in ${home}, where Poolbridge runs. In account ${account}, activate STS for ${home} in the IAM console under Account settings; if ${home} is an opt-in Region, first enable it on the Account page under AWS Regions.`;
  }
  // An assumption: AWS documents this error for unknown credentials only. Credentials that were issued a moment ago
  // and are unknown in a Region mean that their account has not enabled it, as users of other services report:
  // https://github.com/aws/chalice/issues/1445
  if (name === 'UnrecognizedClientException') {
    return `Account ${account} can't use ${region}: AWS does not know its credentials there. In account ${account}, enable ${region} on the Account page under AWS Regions, or correct the id in links.yml.`;
  }
  return undefined;
}

/**
 * Assumes a role of another account for 900 seconds, in the name of the execution.
 *
 * @param policy what the session may do at most, as JSON.
 * @throws as AWS answers; AwsUnavailableError when it answers without credentials.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export async function assume(
  execution: Execution,
  { roleArn, externalId }: { roleArn: string; externalId?: string },
  policy: string,
) {
  const name = sessionNameOf(execution);
  const { Credentials, AssumedRoleUser } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: name,
      SourceIdentity: name,
      ExternalId: externalId,
      DurationSeconds: SESSION_SECONDS,
      Policy: policy,
    }),
  );
  const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !AssumedRoleUser?.Arn) {
    throw new AwsUnavailableError('AssumeRole answered without credentials.');
  }
  const credentials = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
  return { credentials, assumedRoleArn: AssumedRoleUser.Arn };
}
