import { DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { UserPoolAccessDeniedError } from '../core/errors.ts';
import type { Issuer } from '../core/user-pool.ts';
import { logger } from './logger.ts';
import { isDenial } from './role-session.ts';
import { calling, isNotFound, type UserPool } from './user-pools.ts';

const isRefused = (error: unknown): boolean =>
  error instanceof UserPoolAccessDeniedError || (error instanceof Error && isDenial(error));

/**
 * The issuer of a user pool, by its setting `IssuerConfiguration`. A pool that shows none has the
 * original issuer.
 *
 * @returns undefined when the user pool does not exist or may not be described: a role that was made
 * before this was asked must not stop linking.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html
 */
export async function issuerOf(pool: UserPool): Promise<Issuer | undefined> {
  const { userPoolId: UserPoolId } = pool;
  try {
    const { UserPool: described } = await calling(pool, 'DescribeUserPool', (client) =>
      client.send(new DescribeUserPoolCommand({ UserPoolId })),
    );
    return described?.IssuerConfiguration?.Type === 'UPDATED' ? 'updated' : 'original';
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!isRefused(error)) throw error;
    logger.warn(`the issuer of ${UserPoolId} is not known, as it may not be described`, {
      error: (error as Error).message,
    });
    return undefined;
  }
}
