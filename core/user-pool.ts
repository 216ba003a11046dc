import { InvalidRequestError } from './errors.ts';
import type { Execution } from './execution.ts';
import { dnsSuffixOf, partitionNames } from './partitions.ts';

/** The Region of a user pool, which its id begins with; never the identity pool's or the stack's. */
export const userPoolRegion = (userPoolId: string): string =>
  userPoolId.slice(0, userPoolId.lastIndexOf('_'));

/**
 * The name by which an identity pool knows a user pool: the issuer of its tokens without `https://`.
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
 *
 * @throws InvalidRequestError if the partition's domain is unknown.
 */
export function providerNameOf(userPoolId: string, partition: string): string {
  const suffix = dnsSuffixOf(partition);
  if (suffix === undefined) {
    throw new InvalidRequestError(
      `Poolbridge does not know the domain of user pools in the partition ${partition}; it works in ${partitionNames.join(', ')}.`,
    );
  }
  return `cognito-idp.${userPoolRegion(userPoolId)}.${suffix}/${userPoolId}`;
}

/** The user pool that an entry's provider is, if it is one. */
export function userPoolIdOf(providerName: string, partition: string): string | undefined {
  const id = providerName.slice(providerName.indexOf('/') + 1);
  return providerNameOf(id, partition) === providerName ? id : undefined;
}

/** What an entry's provider is called by in few words: its user pool, if it is one. */
export const providerIn = (providerName: string): string =>
  providerName.split('/')[1] ?? providerName;

/** The ARN of a user pool, of the execution's own account or of another. */
export const userPoolArn = (
  userPoolId: string,
  { partition, account }: Pick<Execution, 'partition' | 'account'>,
): string =>
  `arn:${partition}:cognito-idp:${userPoolRegion(userPoolId)}:${account}:userpool/${userPoolId}`;
