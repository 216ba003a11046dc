import { DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { AwsUnavailableError, UserPoolAccessDeniedError } from '../../core/errors.ts';
import { isObject } from '../../core/shape.ts';
import type { Issuer } from '../../core/user-pool.ts';
import { logger } from '../lambda/logger.ts';
import { isDenial } from './role-session.ts';
import { calling, isNotFound, type UserPool } from './user-pools.ts';

const ISSUERS = new Map<unknown, Issuer>([
  // A user pool that was created before this setting existed may show none. Which ones do is an assumption.
  [undefined, 'original'],
  ['ORIGINAL', 'original'],
  ['UPDATED', 'updated'],
]);

const isRefused = (error: unknown): boolean =>
  error instanceof UserPoolAccessDeniedError || (error instanceof Error && isDenial(error));

/**
 * The issuer of a user pool, from its setting `IssuerConfiguration`. A pool that shows none has the original
 * issuer.
 *
 * @returns undefined if it is unknown: the user pool does not exist, may not be described, or has another kind of
 * issuer. A role from before this call was needed must not stop linking.
 * @throws AwsUnavailableError if the answer is not a user pool.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html
 */
export async function issuerOf(pool: UserPool): Promise<Issuer | undefined> {
  const { userPoolId: UserPoolId } = pool;
  try {
    const { UserPool: described }: { UserPool?: unknown } = await calling(
      pool,
      'DescribeUserPool',
      (client) => client.send(new DescribeUserPoolCommand({ UserPoolId })),
    );
    if (isObject(described)) {
      const { IssuerConfiguration: shown } = described;
      return ISSUERS.get(isObject(shown) ? shown['Type'] : undefined);
    }
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!isRefused(error)) throw error;
    logger.warn(
      `the issuer of ${UserPoolId} is unknown, as it may not be described`,
      error as Error,
    );
    return undefined;
  }
  throw new AwsUnavailableError(`DescribeUserPool did not return a user pool for ${UserPoolId}.`);
}
