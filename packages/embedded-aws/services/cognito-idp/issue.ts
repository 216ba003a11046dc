import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { validity } from './clients.ts';
import { groupClaims } from './groups.ts';
import type { AppClient, Session, User, UserPool } from './pools.ts';

/** The attributes in an ID token: the standard ones, or the client's ReadAttributes. */
function attributeClaims(client: AppClient, { attributes }: User): JWTPayload {
  const readable = ([name]: [string, string]) =>
    client.ReadAttributes?.includes(name) ?? !name.startsWith('custom:');
  const claim = ([name, value]: [string, string]) =>
    [name, name.endsWith('_verified') ? value === 'true' : value] as const;
  return Object.fromEntries(Object.entries(attributes).filter(readable).map(claim));
}

/**
 * Issues an ID token and an access token for a session.
 *
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 */
export async function issueTokens(pool: UserPool, client: AppClient, user: User, session: Session) {
  const iat = Math.floor(Date.now() / 1000);
  const { access, id } = validity(client);
  const groups = groupClaims(pool, user);
  const common = {
    sub: user.sub,
    iss: pool.issuer,
    event_id: session.eventId,
    auth_time: session.authTime,
    iat,
    ...(groups['cognito:groups'] && { 'cognito:groups': groups['cognito:groups'] }),
  };
  // https://docs.aws.amazon.com/cognito/latest/developerguide/token-revocation.html
  const origin = client.EnableTokenRevocation ? { origin_jti: session.originJti } : {};
  const [IdToken, AccessToken] = await Promise.all([
    pool.signer.sign({
      ...attributeClaims(client, user),
      ...common,
      ...groups,
      ...origin,
      jti: randomUUID(),
      aud: client.ClientId,
      'cognito:username': user.username,
      token_use: 'id',
      exp: iat + id,
    }),
    pool.signer.sign({
      ...common,
      ...origin,
      jti: randomUUID(),
      client_id: client.ClientId,
      scope: 'aws.cognito.signin.user.admin',
      username: user.username,
      token_use: 'access',
      exp: iat + access,
    }),
  ]);
  return { AccessToken, ExpiresIn: access, TokenType: 'Bearer', IdToken };
}
