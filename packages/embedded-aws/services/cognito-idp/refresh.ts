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

/** Begins a session's refreshing: its first token, and until when any of them is good. */
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

/** Whether each refresh brings another refresh token, and ends the one that it came with. */
export const rotates = ({ RefreshTokenRotation }: AppClient): boolean =>
  RefreshTokenRotation?.Feature === 'ENABLED';

/**
 * The session of a refresh token, and its user.
 *
 * @throws AwsError if the token is not good (any more), or the user is disabled.
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
    // The name is the model's; AWS's own text is not known.
    throw new AwsError('RefreshTokenReuseException', 'Refresh Token has been rotated');
  }
  return { session, user };
}

/**
 * Puts a new refresh token in the place of the given one, which stays good for the grace period. The
 * session's end stays where it is: the new token lasts for what is left of the first one's time.
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
 */
function rotate(session: Session, token: string, { RefreshTokenRotation }: AppClient): string {
  const grace = (RefreshTokenRotation?.RetryGracePeriodSeconds ?? 0) * 1000;
  if (!session.replacedTokens.has(token)) session.replacedTokens.set(token, Date.now() + grace);
  // After a retry within the grace period, the token of the first try is replaced, too.
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
  // As RFC 7009 has it, a token that is unknown or revoked already is no error.
  return {};
}
