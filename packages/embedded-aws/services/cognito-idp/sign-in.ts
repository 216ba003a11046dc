import { randomBytes, randomUUID } from 'node:crypto';
import { decodeJwt, type JWTPayload } from 'jose';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { Operation } from '../../kernel/service.ts';
import { check, invalid } from './constraints.ts';
import { issueTokens } from './issue.ts';
import type { AppClient, Session, User, UserPool, UserPools } from './pools.ts';
import {
  type GetTokensFromRefreshToken,
  getTokens,
  newRefreshing,
  type RevokeToken,
  refreshable,
  revoke,
  rotates,
} from './refresh.ts';
import { checkPassword, checkSecretHash, listed, setPassword } from './users.ts';

type Parameters = Record<string, string | undefined>;

interface InitiateAuth {
  AuthFlow: string;
  ClientId: string;
  AuthParameters?: Parameters;
}

interface RespondToAuthChallenge {
  ChallengeName: string;
  ClientId: string;
  Session?: string;
  ChallengeResponses?: Parameters;
}

const unauthorized = (message: string): never => {
  throw new AwsError('NotAuthorizedException', message);
};

const seconds = (): number => Math.floor(Date.now() / 1000);

function parameter(parameters: Parameters | undefined, name: string): string {
  return parameters?.[name] ?? invalid(`Missing required parameter ${name}`);
}

async function signIn(pool: UserPool, client: AppClient, user: User): Promise<object> {
  const session: Session = {
    eventId: randomUUID(),
    originJti: randomUUID(),
    sub: user.sub,
    clientId: client.ClientId,
    authTime: seconds(),
    ...newRefreshing(client),
    revoked: false,
  };
  pool.sessions.set(session.eventId, session);
  const tokens = await issueTokens(pool, client, user, session);
  return {
    ChallengeParameters: {},
    AuthenticationResult: { ...tokens, RefreshToken: session.refreshToken },
  };
}

// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
const defaultFlows = ['ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_USER_SRP_AUTH', 'ALLOW_CUSTOM_AUTH'];

function isAllowed(client: AppClient, flow: string): boolean {
  // Rotation excludes this flow. An assumption: AWS answers as if the flow were not enabled.
  // https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
  if (flow === 'REFRESH_TOKEN_AUTH' && rotates(client)) return false;
  const { ExplicitAuthFlows = [] } = client;
  const flows = ExplicitAuthFlows.length > 0 ? ExplicitAuthFlows : defaultFlows;
  if (flows.includes(`ALLOW_${flow}`)) return true;
  // The older values name only password flows. With them, refreshing is always allowed.
  const older = !flows.some((each) => each.startsWith('ALLOW_'));
  if (flow === 'REFRESH_TOKEN_AUTH') return older;
  return flows.includes(flow === 'ADMIN_USER_PASSWORD_AUTH' ? 'ADMIN_NO_SRP_AUTH' : flow);
}

const newNames: Record<string, string> = {
  REFRESH_TOKEN: 'REFRESH_TOKEN_AUTH',
  ADMIN_NO_SRP_AUTH: 'ADMIN_USER_PASSWORD_AUTH',
};

/** Checks the flow and returns its current name. Users report these messages; AWS documents none. */
function flowOf(client: AppClient, asked: string, password: string): string {
  const flow = newNames[asked] ?? asked;
  if (!['USER_PASSWORD_AUTH', 'ADMIN_USER_PASSWORD_AUTH', 'REFRESH_TOKEN_AUTH'].includes(flow)) {
    throw new UnsupportedError(`signing in to a user pool by ${asked}`);
  }
  if (flow !== 'REFRESH_TOKEN_AUTH' && flow !== password) {
    invalid('Initiate Auth method not supported.');
  }
  if (isAllowed(client, flow)) return flow;
  if (flow === 'USER_PASSWORD_AUTH') invalid(`${flow} flow not enabled for this client`);
  return invalid('Auth flow not enabled for this client');
}

function userOf(pool: UserPool, client: AppClient, username: string): User {
  const user = pool.findUser(username);
  if (user) return user;
  // https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html
  if (client.PreventUserExistenceErrors === 'ENABLED') {
    return unauthorized('Incorrect username or password.');
  }
  throw new AwsError('UserNotFoundException', 'User does not exist.');
}

const DAY = 86_400_000;

function requireNewPassword(pool: UserPool, client: AppClient, user: User): object {
  const { TemporaryPasswordValidityDays: days = 7 } = pool.settings.Policies.PasswordPolicy;
  if (Date.now() > user.passwordSetAt + days * DAY) {
    unauthorized('Temporary password has expired and must be reset by an administrator.');
  }
  const session = randomBytes(96).toString('base64url');
  pool.challenges.set(session, {
    sub: user.sub,
    clientId: client.ClientId,
    answerableUntil: Date.now() + client.AuthSessionValidity * 60_000,
    answered: false,
  });
  const missing = (pool.settings.SchemaAttributes ?? []).filter(
    ({ Name = '', Required }) => Required && user.attributes[Name] === undefined,
  );
  return {
    ChallengeName: 'NEW_PASSWORD_REQUIRED',
    Session: session,
    ChallengeParameters: {
      USER_ID_FOR_SRP: user.username,
      requiredAttributes: JSON.stringify(missing.map(({ Name }) => `userAttributes.${Name}`)),
      userAttributes: JSON.stringify(user.attributes),
    },
  };
}

function byPassword(pool: UserPool, client: AppClient, given?: Parameters) {
  const username = parameter(given, 'USERNAME');
  const password = parameter(given, 'PASSWORD');
  checkSecretHash(client, username, given?.['SECRET_HASH']);
  const user = userOf(pool, client, username);
  if (!user.enabled) unauthorized('User is disabled.');
  if (user.password !== password) unauthorized('Incorrect username or password.');
  if (user.status === 'UNCONFIRMED') {
    throw new AwsError('UserNotConfirmedException', 'User is not confirmed.');
  }
  if (user.status === 'FORCE_CHANGE_PASSWORD') return requireNewPassword(pool, client, user);
  return signIn(pool, client, user);
}

async function byRefreshToken(pool: UserPool, client: AppClient, given?: Parameters) {
  const { session, user } = refreshable(pool, client, parameter(given, 'REFRESH_TOKEN'));
  checkSecretHash(client, user.username, given?.['SECRET_HASH']);
  const tokens = await issueTokens(pool, client, user, session);
  return { ChallengeParameters: {}, AuthenticationResult: tokens };
}

function initiate(pool: UserPool, input: InitiateAuth, password: string) {
  const client = pool.client(input.ClientId);
  const flow = flowOf(client, input.AuthFlow, password);
  const enter = flow === 'REFRESH_TOKEN_AUTH' ? byRefreshToken : byPassword;
  return enter(pool, client, input.AuthParameters);
}

function respond(pools: UserPools, input: RespondToAuthChallenge): Promise<object> {
  check(input, ['ClientId', 'ChallengeName', 'Session']);
  const { ClientId, ChallengeName, Session = '', ChallengeResponses: given } = input;
  const pool = pools.withClient(ClientId);
  if (ChallengeName !== 'NEW_PASSWORD_REQUIRED') {
    throw new UnsupportedError(`the challenge ${ChallengeName}`);
  }
  const username = parameter(given, 'USERNAME');
  const password = parameter(given, 'NEW_PASSWORD');
  const client = pool.client(ClientId);
  checkSecretHash(client, username, given?.['SECRET_HASH']);
  const challenge = pool.challenges.get(Session);
  const user = pool.findUser(username);
  if (challenge?.clientId !== ClientId || !user || user.sub !== challenge.sub) {
    return unauthorized('Invalid session for the user.');
  }
  if (challenge.answered) {
    unauthorized('Invalid session for the user, session can only be used once.');
  }
  if (Date.now() > challenge.answerableUntil) {
    unauthorized('Invalid session for the user, session is expired.');
  }
  if (!user.enabled) unauthorized('User is disabled.');
  checkPassword(pool, password);
  challenge.answered = true;
  setPassword(user, password, true);
  return signIn(pool, client, user);
}

/** The user of an access token. */
async function bearer(pools: UserPools, token: string): Promise<{ pool: UserPool; user: User }> {
  const claims = readClaims(token);
  const pool = pools.find(claims.iss?.split('/').at(-1) ?? '');
  if (!pool || claims['token_use'] !== 'access' || !(await pool.isAuthentic(token))) {
    return unauthorized('Invalid Access Token');
  }
  if (seconds() >= (claims.exp ?? 0)) unauthorized('Access Token has expired');
  const user = pool.userNamed(claims.sub ?? '');
  if (!user.enabled) unauthorized('User is disabled.');
  if (!pool.isSignedIn(claims)) unauthorized('Access Token has been revoked');
  return { pool, user };
}

function readClaims(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch {
    return unauthorized('Invalid Access Token');
  }
}

/** The operations for signing in and out, and the ones that a user calls with an access token. */
export function signInOperations(pools: UserPools): Record<string, Operation> {
  const open = <Input extends object>(
    required: (keyof Input & string)[],
    run: (input: Input) => Promise<object> | object,
  ): Operation => ({
    open: true,
    owner: (input) => pools.ownerOf(input),
    run({ input }) {
      check(input, required);
      return run(input as Input);
    },
  });
  return {
    InitiateAuth: open<InitiateAuth>(['AuthFlow', 'ClientId'], (input) =>
      initiate(pools.withClient(input.ClientId), input, 'USER_PASSWORD_AUTH'),
    ),

    AdminInitiateAuth: pools.operation<InitiateAuth>(['AuthFlow', 'ClientId'], (pool, input) =>
      initiate(pool, input, 'ADMIN_USER_PASSWORD_AUTH'),
    ),

    RespondToAuthChallenge: open<RespondToAuthChallenge>(
      ['ClientId', 'ChallengeName', 'Session'],
      (input) => respond(pools, input),
    ),

    GetUser: open<{ AccessToken: string }>(['AccessToken'], async ({ AccessToken }) => {
      const { user } = await bearer(pools, AccessToken);
      return { Username: user.username, UserAttributes: listed(user) };
    }),

    GlobalSignOut: open<{ AccessToken: string }>(['AccessToken'], async ({ AccessToken }) => {
      const { pool, user } = await bearer(pools, AccessToken);
      pool.signOut(user.sub);
      return {};
    }),

    GetTokensFromRefreshToken: open<GetTokensFromRefreshToken>(
      ['RefreshToken', 'ClientId'],
      (input) => getTokens(pools, input),
    ),

    RevokeToken: open<RevokeToken>(['Token', 'ClientId'], (input) => revoke(pools, input)),
  };
}
