import { DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { UserPoolAccessDeniedError } from '../core/errors.ts';
import type { Issuer } from '../core/user-pool.ts';
import { logger } from './logger.ts';
import { isDenial } from './role-session.ts';
import { calling, isNotFound, type UserPool } from './user-pools.ts';

// How long what was read counts, in milliseconds: app clients that are created together share a call,
// and the next reconcile adds what a change of the setting in this time would have added.
const FRESH_MS = 60_000;

const known = new Map<string, { issuer: Promise<Issuer | undefined>; until: number }>();

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
export async function readIssuer(pool: UserPool): Promise<Issuer | undefined> {
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

/** As {@link readIssuer}, but what was read within the last minute counts. */
export async function issuerOf(pool: UserPool): Promise<Issuer | undefined> {
  const { userPoolId } = pool;
  const before = known.get(userPoolId);
  if (before && before.until > Date.now()) return before.issuer;
  const issuer = readIssuer(pool);
  known.set(userPoolId, { issuer, until: Date.now() + FRESH_MS });
  // What could not be read is asked for again.
  issuer.then(
    (read) => read ?? known.delete(userPoolId),
    () => known.delete(userPoolId),
  );
  return issuer;
}
