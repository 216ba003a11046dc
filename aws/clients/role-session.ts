import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { AwsUnavailableError } from '../../core/errors.ts';
import type { Execution } from '../../core/execution.ts';
import { SESSION_SECONDS, sessionNameOf } from '../../core/session-name.ts';
import { requestHandler } from './request-handler.ts';

const sts = new STSClient({ requestHandler });

const denials = new Set(['AccessDenied', 'AccessDeniedException', 'NotAuthorizedException']);

/** Whether another account refused: the role can't be assumed, or lacks a permission. */
export const isDenial = ({ name }: Error): boolean => denials.has(name);

/**
 * What a denial can mean if the role itself could not be assumed, as a sentence after it; empty for any other denial. STS
 * answers the same in both cases.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html#troubleshoot_roles_cant-assume-role
 */
export const whyNotAssumed = ({ message }: Error): string =>
  message.includes('sts:AssumeRole')
    ? ' Either the role does not exist there, or it does not trust this deployment.'
    : '';

/**
 * What to do if a Region is not enabled in an account, as sentences.
 *
 * @param account that was asked for credentials, or that issued them.
 * @param region of the call that used the credentials.
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
 * Assumes a role of another account in the name of the execution, for {@link SESSION_SECONDS}.
 *
 * @param policy what the session may do at most, as JSON.
 * @throws as AWS answers; AwsUnavailableError if the answer has no credentials.
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
    throw new AwsUnavailableError('AssumeRole returned no credentials.');
  }
  const credentials = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
  return { credentials, assumedRoleArn: AssumedRoleUser.Arn };
}
