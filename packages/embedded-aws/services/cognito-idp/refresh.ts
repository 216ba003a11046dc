import { randomBytes } from 'node:crypto';
import { AwsError } from '../../kernel/errors.ts';
import { validity } from './clients.ts';
import { issueTokens } from './issue.ts';
import type { AppClient, Session, User, UserPool, UserPools } from './pools.ts';

export interface GetTokensFromRefreshToken {
  RefreshToken: string;
  ClientId: string;
  ClientSecret?: string;
}

export interface RevokeToken {
  Token: string;
  ClientId: string;
  ClientSecret?: string;
}

const unauthorized = (message: string): never => {
  throw new AwsError('NotAuthorizedException', message);
};

/** The first refresh token of a session, and the end of its validity. */
export const newRefreshing = (
  client: AppClient,
): Pick<Session, 'refreshToken' | 'replacedTokens' | 'refreshableUntil'> => ({
  refreshToken: randomBytes(192).toString('base64url'),
  replacedTokens: new Map(),
  refreshableUntil: Date.now() + validity(client).refresh * 1000,
});

const sessionOf = (pool: UserPool, token: string): Session | undefined =>
  [...pool.sessions.values()].find(
    ({ refreshToken, replacedTokens }) => refreshToken === token || replacedTokens.has(token),
  );

/** Whether each refresh replaces the refresh token. */
export const rotates = ({ RefreshTokenRotation }: AppClient): boolean =>
  RefreshTokenRotation?.Feature === 'ENABLED';

/**
 * The session and the user of a refresh token.
 *
 * @throws AwsError if the token is unknown, expired, revoked or replaced, or the user is disabled.
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
 */
export function refreshable(
  pool: UserPool,
  client: AppClient,
  token: string,
): { session: Session; user: User } {
  const session = sessionOf(pool, token);
  if (session?.clientId !== client.ClientId) return unauthorized('Invalid Refresh Token');
  const user = pool.userNamed(session.sub);
  if (!user.enabled) unauthorized('User is disabled.');
  if (session.revoked) unauthorized('Refresh Token has been revoked');
  if (Date.now() >= session.refreshableUntil) unauthorized('Refresh Token has expired');
  const until = session.replacedTokens.get(token);
  if (until !== undefined && Date.now() >= until) {
    // The code comes from the API's model. AWS's message is not known.
    throw new AwsError('RefreshTokenReuseException', 'Refresh Token has been rotated');
  }
  return { session, user };
}

/**
 * Replaces the given refresh token, which stays valid for the grace period. The session's end does not change: the
 * new token expires when the first one would have expired.
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
 */
function rotate(session: Session, token: string, { RefreshTokenRotation }: AppClient): string {
  const grace = (RefreshTokenRotation?.RetryGracePeriodSeconds ?? 0) * 1000;
  if (!session.replacedTokens.has(token)) session.replacedTokens.set(token, Date.now() + grace);
  // A retry within the grace period also replaces the token of the first attempt.
  if (session.refreshToken !== token) {
    session.replacedTokens.set(session.refreshToken, Date.now() + grace);
  }
  session.refreshToken = randomBytes(192).toString('base64url');
  return session.refreshToken;
}

/** @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html */
export async function getTokens(
  pools: UserPools,
  { RefreshToken, ClientId, ClientSecret }: GetTokensFromRefreshToken,
): Promise<object> {
  const pool = pools.withClient(ClientId);
  const client = pool.client(ClientId);
  if (client.ClientSecret !== ClientSecret) {
    unauthorized(`Unable to verify secret hash for client ${ClientId}`);
  }
  const { session, user } = refreshable(pool, client, RefreshToken);
  const tokens = await issueTokens(pool, client, user, session);
  const rotated = rotates(client) ? { RefreshToken: rotate(session, RefreshToken, client) } : {};
  return { AuthenticationResult: { ...tokens, ...rotated } };
}

/** @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html */
export function revoke(pools: UserPools, { Token, ClientId, ClientSecret }: RevokeToken): object {
  const pool = pools.withClient(ClientId);
  const client = pool.client(ClientId);
  if (client.ClientSecret !== ClientSecret) {
    throw new AwsError('UnauthorizedException', 'Invalid client secret.');
  }
  if (!client.EnableTokenRevocation) {
    throw new AwsError('UnsupportedOperationException', 'Token revocation is not enabled.');
  }
  if (Token.split('.').length === 3) {
    throw new AwsError('UnsupportedTokenTypeException', 'Only a refresh token can be revoked.');
  }
  const session = sessionOf(pool, Token);
  if (session?.clientId === ClientId) session.revoked = true;
  // By RFC 7009, an unknown or already revoked token is not an error.
  return {};
}
