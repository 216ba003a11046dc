import { sleep } from '../../aws/pace/sleep.ts';
import { identityPoolRegion } from '../../core/identity-pool/identity-pool.ts';
import { isObject, isText, parsedJson } from '../../core/shape.ts';
import { userPoolRegion } from '../../core/user-pool.ts';
import type { Session } from '../session.ts';

/** A user of a user pool, who signs in. */
export interface TestUser {
  username: string;
  password: string;
}

/** What the user got from an identity pool: the role session of the credentials, or why there are none. */
export type Granted = { identityPoolId: string } & (
  | { identityId: string; arn: string }
  | { error: string; message: string }
);

// What was just linked may not be known everywhere in Cognito yet. AWS does not say for how long.
const ATTEMPTS = 5;
const PAUSE_MS = 2000;

/** The name of the token's issuer, as identity pools know it. */
export function providerIn(idToken: string): string {
  const payload = parsedJson(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString());
  const issuer = isObject(payload) ? payload['iss'] : undefined;
  return isText(issuer) ? issuer.replace(/^https:\/\//, '') : '';
}

async function signIn(
  session: Session,
  { userPoolId, clientId }: { userPoolId: string; clientId: string },
  { username, password }: TestUser,
): Promise<string> {
  const userPools = await session.userPools(userPoolRegion(userPoolId));
  const { AuthenticationResult, ChallengeName } = await userPools.initiateAuth({
    ClientId: clientId,
    AuthFlow: 'USER_PASSWORD_AUTH',
    AuthParameters: { USERNAME: username, PASSWORD: password },
  });
  if (AuthenticationResult?.IdToken) return AuthenticationResult.IdToken;
  throw Object.assign(
    new Error(
      `Cognito asks ${username} for ${ChallengeName}. Use a user who needs only a password, and has a permanent one.`,
    ),
    { name: 'ChallengeError' },
  );
}

async function exchange(session: Session, identityPoolId: string, idToken: string) {
  const identityPools = await session.identityPools(identityPoolRegion(identityPoolId));
  const Logins = { [providerIn(idToken)]: idToken };
  const { IdentityId: identityId = '' } = await identityPools.getId({
    IdentityPoolId: identityPoolId,
    Logins,
  });
  const { Credentials = {} } = await identityPools.getCredentialsForIdentity({
    IdentityId: identityId,
    Logins,
  });
  const { AccessKeyId = '', SecretKey = '', SessionToken = '' } = Credentials;
  const user = session.as({
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretKey,
    sessionToken: SessionToken,
  });
  const { arn } = await user.caller();
  return { identityPoolId, identityId, arn };
}

async function patiently<T>(exchanging: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await exchanging();
    } catch (error) {
      const isRefused = error instanceof Error && error.name === 'NotAuthorizedException';
      if (!isRefused || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/**
 * Signs a user in with an app client, and gets AWS credentials from identity pools. It leaves the user's identity in
 * each of them: only Account-B may delete it.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
 */
export async function credentialsFor(
  session: Session,
  client: { userPoolId: string; clientId: string },
  user: TestUser,
  identityPoolIds: string[],
): Promise<Granted[]> {
  const granted: Granted[] = [];
  let idToken: string | undefined;
  for (const identityPoolId of identityPoolIds) {
    try {
      const token = idToken ?? (await signIn(session, client, user));
      idToken = token;
      granted.push(await patiently(() => exchange(session, identityPoolId, token)));
    } catch (error) {
      const { name, message } = error as Error;
      granted.push({ identityPoolId, error: name, message });
    }
  }
  return granted;
}
