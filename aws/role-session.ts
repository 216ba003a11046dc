import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { AwsUnavailableError } from '../core/errors.ts';
import { type Execution, sessionNameOf } from '../core/execution.ts';
import { requestHandler } from './request-handler.ts';

const sts = new STSClient({ requestHandler });

const denials = new Set(['AccessDenied', 'AccessDeniedException', 'NotAuthorizedException']);

/** Whether another account refused: its role can't be assumed, or lacks a permission. */
export const isDenial = ({ name }: Error): boolean => denials.has(name);

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
      // The shortest there is; a step needs seconds.
      DurationSeconds: 900,
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
