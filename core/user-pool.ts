import { InvalidRequestError } from './errors.ts';
import type { Execution } from './execution.ts';
import { dnsSuffixOf, partitionNames } from './partitions.ts';
import { isOneOf } from './shape.ts';

/** The Region of a user pool, from its id. It may be another than that of the identity pool or the stack. */
export const userPoolRegion = (userPoolId: string): string =>
  userPoolId.slice(0, userPoolId.lastIndexOf('_'));

/**
 * Which of its two issuers a user pool has: the setting `IssuerConfiguration`. The issuer is the claim
 * `iss` of its tokens.
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html
 */
export type Issuer = 'original' | 'updated';

/** Whether a value is one of the issuers that a user pool can have. */
export const isIssuer = isOneOf<Issuer>('original', 'updated');

/**
 * How often a second an operation that reads may be called for one user pool. AWS does not raise this quota.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
 */
export const READS_A_SECOND = 5;

const HOST_PREFIX = 'cognito-idp.';
// The host of the updated issuer is this, followed by the host of the original one.
const UPDATED = 'issuer-';

/**
 * The name by which an identity pool knows a user pool: the issuer of its tokens without `https://`.
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
 *
 * @throws InvalidRequestError if the partition's domain is unknown.
 */
export function providerNameOf(
  userPoolId: string,
  partition: string,
  issuer: Issuer = 'original',
): string {
  const suffix = dnsSuffixOf(partition);
  if (suffix === undefined) {
    throw new InvalidRequestError(
      `Poolbridge does not know the domain of user pools in the partition ${partition}. It works in ${partitionNames.join(', ')}.`,
    );
  }
  const prefix = issuer === 'updated' ? UPDATED : '';
  return `${prefix}${HOST_PREFIX}${userPoolRegion(userPoolId)}.${suffix}/${userPoolId}`;
}

/** The issuer that a provider name stands for. */
export const issuerIn = (providerName: string): Issuer =>
  providerName.startsWith(UPDATED + HOST_PREFIX) ? 'updated' : 'original';

/** The provider name of the same user pool by its original issuer. */
export const originalName = (providerName: string): string =>
  issuerIn(providerName) === 'updated' ? providerName.slice(UPDATED.length) : providerName;

/**
 * Both provider names of the same user pool, the original one first. A provider that is not a user pool has one
 * name.
 */
export function namesOfSame(providerName: string): string[] {
  const original = originalName(providerName);
  return original.startsWith(HOST_PREFIX) ? [original, `${UPDATED}${original}`] : [original];
}

/** The id of the user pool that a provider name stands for; undefined if the provider is not a user pool. */
export function userPoolIdOf(providerName: string, partition: string): string | undefined {
  const original = originalName(providerName);
  const id = original.slice(original.indexOf('/') + 1);
  return providerNameOf(id, partition) === original ? id : undefined;
}

/** A short name of a provider: the id of its user pool, if it is one. */
export const providerIn = (providerName: string): string =>
  providerName.split('/')[1] ?? providerName;

/** As {@link providerIn}, with a remark if the provider name is that of the updated issuer. */
export const providerLabel = (providerName: string): string =>
  issuerIn(providerName) === 'updated'
    ? `${providerIn(providerName)} (updated issuer)`
    : providerIn(providerName);

/** The ARN of a user pool in an account. */
export const userPoolArn = (
  userPoolId: string,
  { partition, account }: Pick<Execution, 'partition' | 'account'>,
): string =>
  `arn:${partition}:cognito-idp:${userPoolRegion(userPoolId)}:${account}:userpool/${userPoolId}`;
