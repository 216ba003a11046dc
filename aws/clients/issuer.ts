import { DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { AwsUnavailableError, UserPoolAccessDeniedError } from '../../core/errors.ts';
import { isObject } from '../../core/shape.ts';
import type { Issuer } from '../../core/user-pool.ts';
import { logger } from '../lambda/logger.ts';
import { isDenial } from './role-session.ts';
import { calling, isNotFound, type UserPool } from './user-pools.ts';

const ISSUERS = new Map<unknown, Issuer>([
  // A user pool may show none that was made before there was a choice: which ones do is an assumption.
  [undefined, 'original'],
  ['ORIGINAL', 'original'],
  ['UPDATED', 'updated'],
]);

const isRefused = (error: unknown): boolean =>
  error instanceof UserPoolAccessDeniedError || (error instanceof Error && isDenial(error));

/**
 * The issuer of a user pool, by its setting `IssuerConfiguration`. A pool that shows none has the
 * original issuer.
 *
 * @returns undefined when it is unknown: the user pool does not exist or may not be described, since a
 * role that was made before this was asked must not stop linking; or it has an issuer of another kind.
 * @throws AwsUnavailableError when what comes is no user pool.
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
  throw new AwsUnavailableError(
    `DescribeUserPool answered for ${UserPoolId} with something that is no user pool.`,
  );
}
