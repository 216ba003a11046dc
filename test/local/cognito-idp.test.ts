import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, mock, test } from 'node:test';
import {
  AdminAddUserToGroupCommand,
  AdminConfirmSignUpCommand,
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminInitiateAuthCommand,
  AdminRemoveUserFromGroupCommand,
  AdminSetUserPasswordCommand,
  AdminUserGlobalSignOutCommand,
  type AuthFlowType,
  CognitoIdentityProviderClient,
  CreateGroupCommand,
  CreateUserPoolClientCommand,
  type CreateUserPoolClientCommandInput,
  CreateUserPoolCommand,
  type CreateUserPoolCommandInput,
  DeleteUserPoolClientCommand,
  DeleteUserPoolCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  ForgotPasswordCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
  ListGroupsCommand,
  ListTagsForResourceCommand,
  ListUserPoolClientsCommand,
  ListUserPoolsCommand,
  ListUsersCommand,
  paginateListUserPoolClients,
  paginateListUserPools,
  paginateListUsers,
  RespondToAuthChallengeCommand,
  RevokeTokenCommand,
  SignUpCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { type LocalAws, startAws } from '../../local/index.ts';
import { parsePolicy } from '../../local/kernel/iam.ts';

const PASSWORD = 'Correct-horse-1';
const HOUR = 3_600_000;

let local: LocalAws;
let cognito: CognitoIdentityProviderClient;

interface At {
  account?: string;
  region?: string;
  endpoint?: string;
}

const clientAt = ({ account = '111111111111', region = 'us-east-1', endpoint }: At = {}) =>
  new CognitoIdentityProviderClient({
    region,
    endpoint: endpoint ?? local.endpoint,
    credentials: { accessKeyId: account, secretAccessKey: 'x' },
    maxAttempts: 1,
  });

before(async () => {
  local = await startAws({ trail: false });
  cognito = clientAt();
});

after(() => local.close());

async function newPool(input: Partial<CreateUserPoolCommandInput> = {}, at = cognito) {
  const { UserPool } = await at.send(new CreateUserPoolCommand({ PoolName: 'pool', ...input }));
  return UserPool!;
}

const passwordFlows: CreateUserPoolClientCommandInput['ExplicitAuthFlows'] = [
  'ALLOW_USER_PASSWORD_AUTH',
  'ALLOW_ADMIN_USER_PASSWORD_AUTH',
  'ALLOW_REFRESH_TOKEN_AUTH',
];

async function newClient(
  UserPoolId: string,
  input: Partial<CreateUserPoolClientCommandInput> = {},
  at = cognito,
) {
  const command = new CreateUserPoolClientCommand({ UserPoolId, ClientName: 'app', ...input });
  const { UserPoolClient } = await at.send(command);
  return UserPoolClient!;
}

async function newUser(UserPoolId: string, Username: string, at = cognito) {
  const UserAttributes = [
    { Name: 'email', Value: `${Username}@example.com` },
    { Name: 'email_verified', Value: 'true' },
  ];
  await at.send(new AdminCreateUserCommand({ UserPoolId, Username, UserAttributes }));
  const Password = PASSWORD;
  const set = { UserPoolId, Username, Password, Permanent: true };
  await at.send(new AdminSetUserPasswordCommand(set));
}

const authenticate = (ClientId: string, AuthFlow: AuthFlowType, parameters: object) =>
  cognito.send(new InitiateAuthCommand({ ClientId, AuthFlow, AuthParameters: { ...parameters } }));

const enter = (ClientId: string, USERNAME: string, more: object = {}) =>
  authenticate(ClientId, 'USER_PASSWORD_AUTH', { USERNAME, PASSWORD, ...more });

async function tokensOf(ClientId: string, username: string) {
  const { AuthenticationResult } = await enter(ClientId, username);
  const { AccessToken = '', IdToken = '', RefreshToken = '' } = AuthenticationResult!;
  return { AccessToken, IdToken, RefreshToken };
}

const refresh = (ClientId: string, REFRESH_TOKEN: string) =>
  authenticate(ClientId, 'REFRESH_TOKEN_AUTH', { REFRESH_TOKEN });

/** A pool with an app client and a user, ready for him to sign in. */
async function home(client: Partial<CreateUserPoolClientCommandInput> = {}) {
  const { Id: UserPoolId = '' } = await newPool();
  const flows = { ExplicitAuthFlows: passwordFlows, ...client };
  const { ClientId = '', ClientSecret = '' } = await newClient(UserPoolId, flows);
  await newUser(UserPoolId, 'ada');
  return { UserPoolId, ClientId, ClientSecret };
}

const fails = (promise: Promise<unknown>, name: string, message?: string | RegExp) =>
  assert.rejects(promise, { name, ...(message !== undefined && { message }) });

const allFail = (promises: Promise<unknown>[], name: string, message: string) =>
  Promise.all(promises.map((promise) => fails(promise, name, message)));

describe('user pools', () => {
  test('a user pool gets an id and an ARN of its Region, and Cognito’s defaults', async () => {
    const pool = await newPool({ PoolName: 'Mobile users' });
    assert.match(pool.Id!, /^us-east-1_[0-9a-zA-Z]{9}$/);
    assert.equal(pool.Arn, `arn:aws:cognito-idp:us-east-1:111111111111:userpool/${pool.Id}`);
    assert.equal(pool.Name, 'Mobile users');
    assert.equal(pool.MfaConfiguration, 'OFF');
    assert.equal(pool.Policies?.PasswordPolicy?.MinimumLength, 8);
    assert.ok(Math.abs(pool.CreationDate!.getTime() - Date.now()) < HOUR);
    const described = await cognito.send(new DescribeUserPoolCommand({ UserPoolId: pool.Id! }));
    assert.deepEqual(described.UserPool, pool);
  });

  test('a deleted user pool does not exist any more', async () => {
    const { Id: UserPoolId } = await newPool();
    await cognito.send(new DeleteUserPoolCommand({ UserPoolId }));
    await fails(
      cognito.send(new DescribeUserPoolCommand({ UserPoolId })),
      'ResourceNotFoundException',
      `User pool ${UserPoolId} does not exist.`,
    );
  });

  test('a user pool that is protected from deletion stays', async () => {
    const { Id: UserPoolId } = await newPool({ DeletionProtection: 'ACTIVE' });
    const deletion = cognito.send(new DeleteUserPoolCommand({ UserPoolId }));
    await fails(deletion, 'InvalidParameterException', /deletion protection is activated/);
    const { UserPool } = await cognito.send(new DescribeUserPoolCommand({ UserPoolId }));
    assert.equal(UserPool?.Id, UserPoolId);
  });

  test('another account and another Region see nothing of a user pool', async () => {
    const { Id: UserPoolId } = await newPool();
    for (const at of [{ account: '222222222222' }, { region: 'eu-west-1' }]) {
      const stranger = clientAt(at);
      const { UserPools } = await stranger.send(new ListUserPoolsCommand({ MaxResults: 60 }));
      assert.deepEqual(UserPools, []);
      await fails(
        stranger.send(new DescribeUserPoolCommand({ UserPoolId })),
        'ResourceNotFoundException',
      );
    }
  });

  test('user pools are listed page by page, each once', async () => {
    const client = clientAt({ account: '333333333333' });
    const made = await Promise.all([...'abcde'].map((PoolName) => newPool({ PoolName }, client)));
    const pages = [];
    for await (const page of paginateListUserPools({ client, pageSize: 2 }, { MaxResults: 2 })) {
      pages.push(page.UserPools ?? []);
    }
    assert.deepEqual(
      pages.map(({ length }) => length),
      [2, 2, 1],
    );
    const ids = (pools: { Id?: string | undefined }[]) => pools.map(({ Id }) => Id).sort();
    assert.deepEqual(ids(pages.flat()), ids(made));
  });

  test('a tag can choose the id of a user pool, and is not kept', async () => {
    const UserPoolTags = { _custom_id_: 'us-east-1_chosen', team: 'mobile' };
    const pool = await newPool({ UserPoolTags });
    assert.equal(pool.Id, 'us-east-1_chosen');
    assert.deepEqual(pool.UserPoolTags, { team: 'mobile' });
    await fails(newPool({ UserPoolTags }), 'InvalidParameterException', /already exists/);
  });

  test('a chosen id must begin with the Region that the user pool is in', async () => {
    const elsewhere = newPool({ UserPoolTags: { _custom_id_: 'eu-west-1_chosen' } });
    await fails(elsewhere, 'InvalidParameterException', /in us-east-1/);
  });

  test('tags come and go, and describing the user pool shows them', async () => {
    const pool = await newPool({ UserPoolTags: { team: 'mobile', stage: 'dev' } });
    const ResourceArn = pool.Arn!;
    await cognito.send(new TagResourceCommand({ ResourceArn, Tags: { stage: 'prod', cost: '7' } }));
    await cognito.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['team'] }));
    const { Tags } = await cognito.send(new ListTagsForResourceCommand({ ResourceArn }));
    assert.deepEqual(Tags, { stage: 'prod', cost: '7' });
    const described = await cognito.send(new DescribeUserPoolCommand({ UserPoolId: pool.Id! }));
    assert.deepEqual(described.UserPool?.UserPoolTags, Tags);
  });

  test('tags that AWS reserves, and more of them than it takes, are refused', async () => {
    const { Arn: ResourceArn } = await newPool();
    const tag = (Tags: Record<string, string>) =>
      cognito.send(new TagResourceCommand({ ResourceArn, Tags }));
    await fails(tag({ 'aws:mine': 'x' }), 'InvalidParameterException', /aws:/);
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`key${i}`, 'x']));
    await fails(tag(many), 'InvalidParameterException', /50/);
  });

  test('a malformed id is refused in Cognito’s words', async () => {
    await fails(
      cognito.send(new DescribeUserPoolCommand({ UserPoolId: 'nonsense' })),
      'InvalidParameterException',
      "1 validation error detected: Value 'nonsense' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+",
    );
    await fails(
      cognito.send(new ListUserPoolsCommand({ MaxResults: 61 })),
      'InvalidParameterException',
      "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60",
    );
    await fails(
      cognito.send(new DeleteUserPoolCommand({ UserPoolId: undefined })),
      'InvalidParameterException',
      "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null",
    );
  });

  test('what would not act is refused instead of kept: triggers, MFA and unknown operations', async () => {
    const PreSignUp = 'arn:aws:lambda:us-east-1:111111111111:function:trigger';
    await fails(newPool({ LambdaConfig: { PreSignUp } }), 'NotImplemented', /Lambda triggers/);
    await fails(newPool({ MfaConfiguration: 'ON' }), 'NotImplemented', /multi-factor/);
    const { ClientId } = await home();
    const forgot = cognito.send(new ForgotPasswordCommand({ ClientId, Username: 'ada' }));
    await fails(forgot, 'NotImplemented', /ForgotPassword/);
  });
});

describe('app clients', () => {
  test('a new app client comes back with all of AWS’s defaults', async () => {
    const { Id: UserPoolId } = await newPool();
    const { CreationDate, LastModifiedDate, ...client } = await newClient(UserPoolId!);
    assert.match(client.ClientId!, /^[0-9a-z]{26}$/);
    assert.deepEqual(client, {
      UserPoolId,
      ClientName: 'app',
      ClientId: client.ClientId,
      RefreshTokenValidity: 30,
      TokenValidityUnits: {},
      AllowedOAuthFlowsUserPoolClient: false,
      EnableTokenRevocation: true,
      EnablePropagateAdditionalUserContextData: false,
      AuthSessionValidity: 3,
    });
    assert.ok(Math.abs(CreationDate!.getTime() - Date.now()) < HOUR);
    assert.deepEqual(CreationDate, LastModifiedDate);
  });

  test('a secret is shown to who describes the app client, and never in a list', async () => {
    const { Id: UserPoolId } = await newPool();
    const { ClientId, ClientSecret } = await newClient(UserPoolId!, { GenerateSecret: true });
    assert.match(ClientSecret!, /^[0-9a-z]{51,64}$/);
    const described = await cognito.send(
      new DescribeUserPoolClientCommand({ UserPoolId, ClientId }),
    );
    assert.equal(described.UserPoolClient?.ClientSecret, ClientSecret);
    const { UserPoolClients } = await cognito.send(new ListUserPoolClientsCommand({ UserPoolId }));
    assert.deepEqual(UserPoolClients, [{ ClientId, UserPoolId, ClientName: 'app' }]);
  });

  test('CloudTrail records who made an app client, and hides its secret', async () => {
    const { Id: UserPoolId } = await newPool();
    const { ClientId } = await newClient(UserPoolId!, { GenerateSecret: true });
    const record = local.aws.trail.records.at(-1)!;
    assert.equal(record.eventName, 'CreateUserPoolClient');
    assert.deepEqual(record['requestParameters'], {
      userPoolId: UserPoolId,
      clientName: 'app',
      generateSecret: true,
    });
    const { userPoolClient } = record['responseElements'] as Record<string, object>;
    assert.partialDeepStrictEqual(userPoolClient, {
      clientId: ClientId,
      clientSecret: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    });
  });

  test('pages of app clients stay right while others are deleted', async () => {
    const { Id: UserPoolId } = await newPool();
    const made = await Promise.all([...'abcdefg'].map(() => newClient(UserPoolId!)));
    const seen: string[] = [];
    const asked = { UserPoolId, MaxResults: 3 };
    for await (const page of paginateListUserPoolClients({ client: cognito }, asked)) {
      const ids = (page.UserPoolClients ?? []).map(({ ClientId }) => ClientId!);
      seen.push(...ids);
      await cognito.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId: ids.at(-1) }));
    }
    assert.deepEqual(seen.sort(), made.map(({ ClientId }) => ClientId!).sort());
  });

  test('a page token that never was one is refused', async () => {
    const { Id: UserPoolId } = await newPool();
    const asked = cognito.send(new ListUserPoolClientsCommand({ UserPoolId, NextToken: 'abc' }));
    await fails(asked, 'InvalidParameterException', /pagination token/);
  });

  test('an update resets what it leaves out, and keeps id, name and secret', async () => {
    const { Id: UserPoolId } = await newPool();
    const settings = {
      GenerateSecret: true,
      AccessTokenValidity: 2,
      CallbackURLs: ['https://a.b'],
    };
    const was = await newClient(UserPoolId!, { ...settings, ClientName: 'first' });
    const { UserPoolClient: is } = await cognito.send(
      new UpdateUserPoolClientCommand({
        UserPoolId,
        ClientId: was.ClientId,
        LogoutURLs: ['https://c.d'],
      }),
    );
    assert.deepEqual(is?.LogoutURLs, ['https://c.d']);
    assert.equal(is?.CallbackURLs, undefined);
    assert.equal(is?.AccessTokenValidity, undefined);
    assert.equal(is?.ClientName, 'first');
    assert.equal(is?.ClientSecret, was.ClientSecret);
    assert.deepEqual(is?.CreationDate, was.CreationDate);
  });

  test('a deleted app client is not found again, in any operation', async () => {
    const { UserPoolId, ClientId } = await home();
    await cognito.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId }));
    await allFail(
      [
        cognito.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId })),
        cognito.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId })),
        enter(ClientId, 'ada'),
      ],
      'ResourceNotFoundException',
      `User pool client ${ClientId} does not exist.`,
    );
  });

  test('settings that AWS would refuse are refused', async () => {
    const { Id = '' } = await newPool();
    const refused = (input: Partial<CreateUserPoolClientCommandInput>, message: RegExp) =>
      fails(newClient(Id, input), 'InvalidParameterException', message);
    await refused({ ClientName: '<app>' }, /'<app>' at 'clientName' .*\[\\w\\s\+=,\.@-\]\+$/);
    await refused({ AccessTokenValidity: 25 }, /^Invalid range for token validity\.$/);
    await refused({ TokenValidityUnits: { RefreshToken: 'minutes' } }, /^Invalid range/);
    await refused({ AuthSessionValidity: 16 }, /'authSessionValidity' .*less than or equal to 15$/);
    await refused({ ExplicitAuthFlows: ['ALLOW_USER_AUTH', 'USER_PASSWORD_AUTH'] }, /legacy/);
    await refused(
      { ExplicitAuthFlows: ['ALLOW_ALL' as 'ALLOW_USER_AUTH'] },
      /Value '\[ALLOW_ALL\]' at 'explicitAuthFlows' .*enum value set: \[ADMIN_NO_SRP_AUTH, /,
    );
  });
});

describe('limits of app clients', () => {
  test('a user pool has at most a thousand app clients', async () => {
    const { Id: UserPoolId = '' } = await newPool();
    const principal = local.aws.iam.principalOf('111111111111');
    const create = () =>
      local.aws.call({
        service: 'cognito-idp',
        operation: 'CreateUserPoolClient',
        region: 'us-east-1',
        principal,
        input: { UserPoolId, ClientName: 'app' },
      });
    await Promise.all(Array.from({ length: 1000 }, create));
    await fails(newClient(UserPoolId), 'LimitExceededException', /1000/);
  });

  test('a secret is either generated or brought along', async () => {
    const { Id = '' } = await newPool();
    const ClientSecret = 'abcdefghijklmnopqrstuvwxyz';
    assert.equal((await newClient(Id, { ClientSecret })).ClientSecret, ClientSecret);
    const both = newClient(Id, { ClientSecret, GenerateSecret: true });
    await fails(both, 'InvalidParameterException', /cannot both be given/);
  });

  test('rotation of refresh tokens is refused instead of ignored', async () => {
    const { Id = '' } = await newPool();
    const asked = newClient(Id, { RefreshTokenRotation: { Feature: 'ENABLED' } });
    await fails(asked, 'NotImplemented', /rotation/);
  });
});

describe('request rates', () => {
  let limited: LocalAws;
  let client: CognitoIdentityProviderClient;

  before(async () => {
    limited = await startAws({ trail: false, rateLimits: true });
    client = clientAt({ endpoint: limited.endpoint });
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
  });

  after(async () => {
    mock.timers.reset();
    await limited.close();
  });

  const list = (UserPoolId: string | undefined, times: number) =>
    Promise.allSettled(
      Array.from({ length: times }, () =>
        client.send(new ListUserPoolClientsCommand({ UserPoolId })),
      ),
    );

  const done = (results: PromiseSettledResult<unknown>[]) =>
    results.filter(({ status }) => status === 'fulfilled').length;

  test('a user pool answers five listings a second, and again a second later', async () => {
    const { Id } = await newPool({}, client);
    const results = await list(Id, 8);
    assert.equal(done(results), 5);
    const refused = results.find((result) => result.status === 'rejected')!;
    assert.equal(refused.reason.name, 'TooManyRequestsException');
    assert.equal(refused.reason.message, 'Rate exceeded');
    mock.timers.tick(1000);
    assert.equal(done(await list(Id, 8)), 5);
  });

  test('an account reads the app clients of a Region fifteen times a second', async () => {
    mock.timers.tick(1000);
    const pools = await Promise.all([...'abcd'].map((PoolName) => newPool({ PoolName }, client)));
    const results = await Promise.all(pools.map(({ Id }) => list(Id, 5)));
    assert.equal(done(results.flat()), 15);
    // Writing has a rate of its own.
    assert.equal((await newClient(pools[0]?.Id ?? '', {}, client)).ClientName, 'app');
  });

  test('without the option nothing is refused', async () => {
    const { Id: UserPoolId } = await newPool();
    const asked = () => cognito.send(new ListUserPoolClientsCommand({ UserPoolId }));
    const results = await Promise.allSettled(Array.from({ length: 30 }, asked));
    assert.equal(done(results), 30);
  });
});

describe('signing in', () => {
  test('the ID token verifies against the key set that the discovery document names', async () => {
    const { UserPoolId, ClientId } = await home();
    const { IdToken } = await tokensOf(ClientId, 'ada');
    const address = `${local.endpoint}/${UserPoolId}/.well-known/openid-configuration`;
    const { issuer, jwks_uri } = (await (await fetch(address)).json()) as Record<string, string>;
    assert.equal(issuer, `https://cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`);
    const keys = createRemoteJWKSet(new URL(jwks_uri!));
    const { payload } = await jwtVerify(IdToken, keys, { issuer: issuer!, audience: ClientId });
    const { sub, auth_time, iat, exp, jti, origin_jti, event_id, iss, aud, ...rest } = payload;
    assert.deepEqual(rest, {
      email: 'ada@example.com',
      email_verified: true,
      'cognito:username': 'ada',
      token_use: 'id',
    });
    assert.equal(exp, iat! + 3600);
    assert.equal(auth_time, iat);
    const { UserAttributes } = await cognito.send(
      new AdminGetUserCommand({ UserPoolId, Username: 'ada' }),
    );
    assert.ok(UserAttributes?.some(({ Name, Value }) => Name === 'sub' && Value === sub));
    for (const each of [jti, origin_jti, event_id]) assert.match(String(each), /^[0-9a-f-]{36}$/);
  });

  test('the access token names the app client and has no audience', async () => {
    const { ClientId } = await home();
    const { AccessToken } = await tokensOf(ClientId, 'ada');
    const claims = decodeJwt(AccessToken);
    assert.equal(claims.aud, undefined);
    assert.partialDeepStrictEqual(claims, {
      client_id: ClientId,
      token_use: 'access',
      username: 'ada',
      scope: 'aws.cognito.signin.user.admin',
    });
  });

  test('in China the issuer has the domain of China', async () => {
    const china = clientAt({ region: 'cn-north-1' });
    const { Id: UserPoolId = '', Arn } = await newPool({}, china);
    assert.equal(Arn, `arn:aws-cn:cognito-idp:cn-north-1:111111111111:userpool/${UserPoolId}`);
    const { ClientId = '' } = await newClient(
      UserPoolId,
      { ExplicitAuthFlows: passwordFlows },
      china,
    );
    await newUser(UserPoolId, 'ada', china);
    const { IdToken } = await tokensOf(ClientId, 'ada');
    const { iss } = decodeJwt(IdToken);
    assert.equal(iss, `https://cognito-idp.cn-north-1.amazonaws.com.cn/${UserPoolId}`);
  });

  test('an app client sets how long its tokens are good, and which attributes they show', async () => {
    const { ClientId } = await home({
      IdTokenValidity: 10,
      AccessTokenValidity: 20,
      TokenValidityUnits: { IdToken: 'minutes', AccessToken: 'minutes' },
      ReadAttributes: ['email_verified'],
    });
    const { AuthenticationResult } = await enter(ClientId, 'ada');
    const id = decodeJwt(AuthenticationResult!.IdToken!);
    assert.equal(id.exp! - id.iat!, 600);
    assert.equal(id['email'], undefined);
    assert.equal(id['email_verified'], true);
    assert.equal(AuthenticationResult!.ExpiresIn, 1200);
  });

  test('a user with a temporary password chooses a new one before any token is issued', async () => {
    const { UserPoolId, ClientId } = await home();
    const TemporaryPassword = 'Temporary-1';
    const user = { UserPoolId, Username: 'bob', TemporaryPassword };
    const { User } = await cognito.send(new AdminCreateUserCommand(user));
    assert.equal(User?.UserStatus, 'FORCE_CHANGE_PASSWORD');
    const challenge = await enter(ClientId, 'bob', { PASSWORD: TemporaryPassword });
    assert.equal(challenge.ChallengeName, 'NEW_PASSWORD_REQUIRED');
    assert.equal(challenge.AuthenticationResult, undefined);
    const answer = (NEW_PASSWORD: string, USERNAME = 'bob') =>
      cognito.send(
        new RespondToAuthChallengeCommand({
          ClientId,
          ChallengeName: 'NEW_PASSWORD_REQUIRED',
          Session: challenge.Session,
          ChallengeResponses: { USERNAME, NEW_PASSWORD },
        }),
      );
    await fails(
      answer('short'),
      'InvalidPasswordException',
      'Password did not conform with policy: Password not long enough',
    );
    const { AuthenticationResult } = await answer(PASSWORD);
    assert.equal(decodeJwt(AuthenticationResult!.IdToken!)['cognito:username'], 'bob');
    await fails(answer(PASSWORD), 'NotAuthorizedException', /only be used once/);
    await fails(answer(PASSWORD, 'ada'), 'NotAuthorizedException', 'Invalid session for the user.');
    assert.ok((await enter(ClientId, 'bob')).AuthenticationResult?.AccessToken);
  });

  test('a challenge and a temporary password wait only so long', async (context) => {
    const { UserPoolId, ClientId } = await home();
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const PASSWORD = 'Temporary-1';
    const user = { UserPoolId, Username: 'bob', TemporaryPassword: PASSWORD };
    await cognito.send(new AdminCreateUserCommand(user));
    const { Session } = await enter(ClientId, 'bob', { PASSWORD });
    context.mock.timers.tick(3 * 60_000 + 1);
    await fails(
      cognito.send(
        new RespondToAuthChallengeCommand({
          ClientId,
          ChallengeName: 'NEW_PASSWORD_REQUIRED',
          Session,
          ChallengeResponses: { USERNAME: 'bob', NEW_PASSWORD: 'Another-one-1' },
        }),
      ),
      'NotAuthorizedException',
      'Invalid session for the user, session is expired.',
    );
    context.mock.timers.tick(7 * 24 * HOUR);
    await fails(
      enter(ClientId, 'bob', { PASSWORD }),
      'NotAuthorizedException',
      /^Temporary password has expired/,
    );
  });

  test('a wrong password is told from an unknown user only by a legacy app client', async () => {
    const { UserPoolId, ClientId } = await home();
    const wrong = 'Incorrect username or password.';
    await fails(enter(ClientId, 'ada', { PASSWORD: 'x' }), 'NotAuthorizedException', wrong);
    await fails(enter(ClientId, 'eve'), 'UserNotFoundException', 'User does not exist.');
    const discreet = await newClient(UserPoolId, {
      ExplicitAuthFlows: passwordFlows,
      PreventUserExistenceErrors: 'ENABLED',
    });
    await fails(enter(discreet.ClientId!, 'eve'), 'NotAuthorizedException', wrong);
  });

  test('an app client signs users in only by the flows that it allows', async () => {
    const { UserPoolId, ClientId } = await home();
    const AuthParameters = { USERNAME: 'ada', PASSWORD };
    const byAdmin = (id: string | undefined) =>
      cognito.send(
        new AdminInitiateAuthCommand({
          ...{ UserPoolId, ClientId: id, AuthParameters },
          AuthFlow: 'ADMIN_USER_PASSWORD_AUTH',
        }),
      );
    const { AuthenticationResult } = await byAdmin(ClientId);
    assert.equal(decodeJwt(AuthenticationResult!.IdToken!).aud, ClientId);
    const { ClientId: byDefault = '' } = await newClient(UserPoolId);
    const refused = (promise: Promise<unknown>, message: string) =>
      fails(promise, 'InvalidParameterException', message);
    await refused(enter(byDefault, 'ada'), 'USER_PASSWORD_AUTH flow not enabled for this client');
    await refused(byAdmin(byDefault), 'Auth flow not enabled for this client');
    await refused(
      authenticate(ClientId, 'ADMIN_USER_PASSWORD_AUTH', AuthParameters),
      'Initiate Auth method not supported.',
    );
    await fails(
      authenticate(ClientId, 'USER_SRP_AUTH', { USERNAME: 'ada', SRP_A: 'a' }),
      'NotImplemented',
      /USER_SRP_AUTH/,
    );
  });

  test('an app client with the older flows signs in by password and refreshes', async () => {
    const { ClientId } = await home({ ExplicitAuthFlows: ['USER_PASSWORD_AUTH'] });
    const { RefreshToken } = await tokensOf(ClientId, 'ada');
    assert.ok((await refresh(ClientId, RefreshToken)).AuthenticationResult?.IdToken);
  });

  test('an app client that has a secret lets in only who proves to know it', async () => {
    const { ClientId, ClientSecret } = await home({ GenerateSecret: true });
    const hash = createHmac('sha256', ClientSecret).update(`ada${ClientId}`).digest('base64');
    await fails(enter(ClientId, 'ada'), 'NotAuthorizedException', /SECRET_HASH was not received$/);
    await fails(
      enter(ClientId, 'ada', { SECRET_HASH: 'bm9wZQ==' }),
      'NotAuthorizedException',
      `Unable to verify secret hash for client ${ClientId}`,
    );
    const { AuthenticationResult } = await enter(ClientId, 'ada', { SECRET_HASH: hash });
    assert.ok(AuthenticationResult?.IdToken);
  });

  test('a parameter that is missing is named', async () => {
    const { ClientId } = await home();
    const asked = authenticate(ClientId, 'USER_PASSWORD_AUTH', { USERNAME: 'ada' });
    await fails(asked, 'InvalidParameterException', 'Missing required parameter PASSWORD');
  });

  test('groups put their names, roles and the preferred role into the ID token', async () => {
    const { UserPoolId, ClientId } = await home();
    const role = (name: string) => `arn:aws:iam::111111111111:role/${name}`;
    for (const [GroupName, Precedence, name] of [
      ['readers', 5, 'Read'],
      ['admins', 1, 'Admin'],
      ['owners', 1, 'Own'],
    ] as const) {
      const RoleArn = role(name);
      await cognito.send(new CreateGroupCommand({ UserPoolId, GroupName, Precedence, RoleArn }));
    }
    const claims = async () => decodeJwt((await tokensOf(ClientId, 'ada')).IdToken);
    const member = { UserPoolId, Username: 'ada' };
    const join = (GroupName: string) =>
      cognito.send(new AdminAddUserToGroupCommand({ ...member, GroupName }));
    await join('readers');
    await join('admins');
    assert.partialDeepStrictEqual(await claims(), {
      'cognito:groups': ['admins', 'readers'],
      'cognito:roles': [role('Admin'), role('Read')],
      'cognito:preferred_role': role('Admin'),
    });
    await join('owners');
    const tied = await claims();
    assert.deepEqual(tied['cognito:roles'], [role('Admin'), role('Own'), role('Read')]);
    assert.equal(tied['cognito:preferred_role'], undefined);
    for (const GroupName of ['admins', 'owners', 'readers']) {
      await cognito.send(new AdminRemoveUserFromGroupCommand({ ...member, GroupName }));
    }
    assert.equal((await claims())['cognito:groups'], undefined);
  });

  test('groups are listed, have names of their own, and must exist to be joined', async () => {
    const { UserPoolId } = await home();
    const group = { UserPoolId, GroupName: 'readers' };
    await cognito.send(new CreateGroupCommand(group));
    await fails(
      cognito.send(new CreateGroupCommand(group)),
      'GroupExistsException',
      'A group with the name already exists.',
    );
    const { Groups } = await cognito.send(new ListGroupsCommand({ UserPoolId }));
    assert.deepEqual(
      Groups?.map(({ GroupName }) => GroupName),
      ['readers'],
    );
    const asked = { UserPoolId, GroupName: 'writers', Username: 'ada' };
    await fails(
      cognito.send(new AdminAddUserToGroupCommand(asked)),
      'ResourceNotFoundException',
      'Group not found.',
    );
  });
});

describe('staying signed in and signing out', () => {
  test('a refresh token brings new tokens of the same sign-in until it expires', async (context) => {
    const { ClientId } = await home();
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const first = await tokensOf(ClientId, 'ada');
    context.mock.timers.tick(HOUR);
    const { AuthenticationResult } = await refresh(ClientId, first.RefreshToken);
    assert.equal(AuthenticationResult?.RefreshToken, undefined);
    const [was, is] = [first.IdToken, AuthenticationResult!.IdToken!].map((each) =>
      decodeJwt(each),
    );
    assert.equal(is!.iat, was!.iat! + 3600);
    assert.equal(is!['auth_time'], was!['auth_time']);
    assert.equal(is!['origin_jti'], was!['origin_jti']);
    assert.notEqual(is!.jti, was!.jti);
    context.mock.timers.tick(30 * 24 * HOUR);
    await fails(
      refresh(ClientId, first.RefreshToken),
      'NotAuthorizedException',
      'Refresh Token has expired',
    );
  });

  test('a refresh token is good for its own app client only, and if that allows it', async () => {
    const { UserPoolId, ClientId } = await home({
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
    });
    const { RefreshToken } = await tokensOf(ClientId, 'ada');
    await fails(refresh(ClientId, RefreshToken), 'InvalidParameterException', /not enabled/);
    const other = await newClient(UserPoolId);
    await fails(
      refresh(other.ClientId!, RefreshToken),
      'NotAuthorizedException',
      'Invalid Refresh Token',
    );
  });

  test('a user reads his own attributes until his access token expires', async (context) => {
    const { ClientId } = await home();
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const { AccessToken, IdToken } = await tokensOf(ClientId, 'ada');
    const user = await cognito.send(new GetUserCommand({ AccessToken }));
    assert.equal(user.Username, 'ada');
    assert.ok(user.UserAttributes?.some(({ Value }) => Value === 'ada@example.com'));
    for (const token of [IdToken, 'nonsense', `${AccessToken.slice(0, -8)}AAAAAAAA`]) {
      const asked = cognito.send(new GetUserCommand({ AccessToken: token }));
      await fails(asked, 'NotAuthorizedException', 'Invalid Access Token');
    }
    context.mock.timers.tick(HOUR);
    const late = cognito.send(new GetUserCommand({ AccessToken }));
    await fails(late, 'NotAuthorizedException', 'Access Token has expired');
  });

  test('signing out everywhere ends every token there is, and none that comes after', async () => {
    const { UserPoolId, ClientId } = await home();
    const pool = local.aws.userPools.find(UserPoolId)!;
    const signOuts = [
      (AccessToken: string) => cognito.send(new GlobalSignOutCommand({ AccessToken })),
      () => cognito.send(new AdminUserGlobalSignOutCommand({ UserPoolId, Username: 'ada' })),
    ];
    for (const signOut of signOuts) {
      const { AccessToken, RefreshToken, IdToken } = await tokensOf(ClientId, 'ada');
      assert.equal(pool.isSignedIn(decodeJwt(IdToken)), true);
      await signOut(AccessToken);
      await fails(
        cognito.send(new GetUserCommand({ AccessToken })),
        'NotAuthorizedException',
        'Access Token has been revoked',
      );
      await fails(
        refresh(ClientId, RefreshToken),
        'NotAuthorizedException',
        'Refresh Token has been revoked',
      );
      assert.equal(await pool.isAuthentic(IdToken), true);
      assert.equal(pool.isSignedIn(decodeJwt(IdToken)), false);
    }
    const { AccessToken } = await tokensOf(ClientId, 'ada');
    assert.equal((await cognito.send(new GetUserCommand({ AccessToken }))).Username, 'ada');
  });

  test('a revoked refresh token takes its own sign-in with it and no other', async () => {
    const { ClientId } = await home();
    const [ended, kept] = [await tokensOf(ClientId, 'ada'), await tokensOf(ClientId, 'ada')];
    await cognito.send(new RevokeTokenCommand({ ClientId, Token: ended.RefreshToken }));
    const asked = cognito.send(new GetUserCommand({ AccessToken: ended.AccessToken }));
    await fails(asked, 'NotAuthorizedException', 'Access Token has been revoked');
    const { Username } = await cognito.send(new GetUserCommand({ AccessToken: kept.AccessToken }));
    assert.equal(Username, 'ada');
    const access = cognito.send(new RevokeTokenCommand({ ClientId, Token: kept.AccessToken }));
    await fails(access, 'UnsupportedTokenTypeException');
  });

  test('only who knows the secret of an app client revokes its tokens, if it allows that', async () => {
    const { UserPoolId, ClientId } = await home({ GenerateSecret: true });
    const revoke = (id: string | undefined) =>
      cognito.send(new RevokeTokenCommand({ ClientId: id, Token: 'any' }));
    await fails(revoke(ClientId), 'UnauthorizedException');
    const without = await newClient(UserPoolId, { EnableTokenRevocation: false });
    await fails(revoke(without.ClientId), 'UnsupportedOperationException');
  });

  test('a disabled user is let in again only when enabled', async () => {
    const { UserPoolId, ClientId } = await home();
    const user = { UserPoolId, Username: 'ada' };
    const { AccessToken, RefreshToken } = await tokensOf(ClientId, 'ada');
    await cognito.send(new AdminDisableUserCommand(user));
    await allFail(
      [
        enter(ClientId, 'ada'),
        refresh(ClientId, RefreshToken),
        cognito.send(new GetUserCommand({ AccessToken })),
      ],
      'NotAuthorizedException',
      'User is disabled.',
    );
    assert.equal((await cognito.send(new AdminGetUserCommand(user))).Enabled, false);
    await cognito.send(new AdminEnableUserCommand(user));
    assert.ok((await enter(ClientId, 'ada')).AuthenticationResult?.IdToken);
  });

  test('a deleted user is gone, and his tokens with him', async () => {
    const { UserPoolId, ClientId } = await home();
    const { AccessToken, IdToken } = await tokensOf(ClientId, 'ada');
    const user = { UserPoolId, Username: 'ada' };
    await cognito.send(new AdminDeleteUserCommand(user));
    await allFail(
      [
        cognito.send(new AdminGetUserCommand(user)),
        cognito.send(new GetUserCommand({ AccessToken })),
        enter(ClientId, 'ada'),
      ],
      'UserNotFoundException',
      'User does not exist.',
    );
    assert.equal(local.aws.userPools.find(UserPoolId)?.isSignedIn(decodeJwt(IdToken)), false);
  });

  test('a token of another user pool is not authentic here', async () => {
    const [here, there] = [await home(), await home()];
    const { IdToken } = await tokensOf(there.ClientId, 'ada');
    const pool = local.aws.userPools.find(here.UserPoolId)!;
    assert.equal(await pool.isAuthentic(IdToken), false);
    assert.equal(pool.isSignedIn(decodeJwt(IdToken)), false);
  });
});

describe('users', () => {
  test('who signs up himself is let in once confirmed', async () => {
    const { Id: UserPoolId } = await newPool({ AutoVerifiedAttributes: ['email'] });
    const { ClientId = '' } = await newClient(UserPoolId!, { ExplicitAuthFlows: passwordFlows });
    const UserAttributes = [{ Name: 'email', Value: 'bob@example.com' }];
    const asked = { ClientId, Username: 'bob', Password: PASSWORD, UserAttributes };
    const signedUp = await cognito.send(new SignUpCommand(asked));
    assert.equal(signedUp.UserConfirmed, false);
    assert.equal(signedUp.CodeDeliveryDetails?.Destination, 'b***@e***');
    await fails(
      cognito.send(new SignUpCommand(asked)),
      'UsernameExistsException',
      'User already exists',
    );
    await fails(enter(ClientId, 'bob'), 'UserNotConfirmedException', 'User is not confirmed.');
    const confirm = () =>
      cognito.send(new AdminConfirmSignUpCommand({ UserPoolId, Username: 'bob' }));
    await confirm();
    const { IdToken } = await tokensOf(ClientId, 'bob');
    assert.equal(decodeJwt(IdToken).sub, signedUp.UserSub);
    await fails(confirm(), 'NotAuthorizedException', /Current status is CONFIRMED$/);
  });

  test('only administrators add users where the user pool says so', async () => {
    const { Id } = await newPool({ AdminCreateUserConfig: { AllowAdminCreateUserOnly: true } });
    const { ClientId } = await newClient(Id!);
    const asked = { ClientId, Username: 'bob', Password: PASSWORD };
    await fails(
      cognito.send(new SignUpCommand(asked)),
      'NotAuthorizedException',
      'SignUp is not permitted for this user pool',
    );
  });

  test('passwords obey the policy of the user pool', async () => {
    const { UserPoolId } = await home();
    const set = (Password: string, at = UserPoolId) =>
      cognito.send(new AdminSetUserPasswordCommand({ UserPoolId: at, Username: 'ada', Password }));
    for (const [password, missing] of [
      ['Aa-1', 'not long enough'],
      ['aaaaaaa-1', 'must have uppercase characters'],
      ['AAAAAAA-1', 'must have lowercase characters'],
      ['Aaaaaaaa-', 'must have numeric characters'],
      ['Aaaaaaaa1', 'must have symbol characters'],
    ] as const) {
      const message = `Password did not conform with policy: Password ${missing}`;
      await fails(set(password), 'InvalidPasswordException', message);
    }
    const lenient = await newPool({ Policies: { PasswordPolicy: { MinimumLength: 6 } } });
    await newUser(lenient.Id!, 'ada');
    await set('aaaaaa', lenient.Id!);
  });

  test('a password never comes back in a message', async () => {
    const { UserPoolId } = await home();
    const Password = 'with a space';
    const set = { UserPoolId, Username: 'ada', Password };
    await fails(
      cognito.send(new AdminSetUserPasswordCommand(set)),
      'InvalidParameterException',
      "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\S]+",
    );
  });

  test('an invitation is renewed only for who has not used it', async () => {
    const { UserPoolId, ClientId } = await home();
    const invite = (Username: string, more: object = {}) =>
      cognito.send(new AdminCreateUserCommand({ UserPoolId, Username, ...more }));
    await invite('bob');
    const again = { MessageAction: 'RESEND', TemporaryPassword: 'Temporary-2' };
    const { User } = await invite('bob', again);
    assert.equal(User?.UserStatus, 'FORCE_CHANGE_PASSWORD');
    const { ChallengeName } = await enter(ClientId, 'bob', { PASSWORD: 'Temporary-2' });
    assert.equal(ChallengeName, 'NEW_PASSWORD_REQUIRED');
    await fails(invite('ada', again), 'UnsupportedUserStateException');
    await fails(invite('eve', again), 'UserNotFoundException');
  });

  test('a name is taken once', async () => {
    const { UserPoolId } = await home();
    const again = cognito.send(new AdminCreateUserCommand({ UserPoolId, Username: 'ada' }));
    await fails(again, 'UsernameExistsException', 'User account already exists');
  });

  test('attributes that the schema does not have are refused', async () => {
    const { Id: UserPoolId } = await newPool({
      Schema: [{ Name: 'team', AttributeDataType: 'String' }],
    });
    const create = (Name: string) =>
      cognito.send(
        new AdminCreateUserCommand({
          UserPoolId,
          Username: 'ada',
          UserAttributes: [{ Name, Value: 'x' }],
        }),
      );
    await fails(create('custom:rank'), 'InvalidParameterException', /\{custom:rank\}/);
    const { User } = await create('custom:team');
    assert.ok(User?.Attributes?.some(({ Name }) => Name === 'custom:team'));
  });

  test('where the email is the name, the username is the sub and both find the user', async () => {
    const { Id: UserPoolId = '' } = await newPool({
      UsernameAttributes: ['email'],
      UsernameConfiguration: { CaseSensitive: false },
    });
    const { ClientId = '' } = await newClient(UserPoolId, { ExplicitAuthFlows: passwordFlows });
    const create = (Username: string) =>
      cognito.send(new AdminCreateUserCommand({ UserPoolId, Username }));
    await fails(create('bob'), 'InvalidParameterException', 'Username should be an email.');
    const { User } = await create('bob@example.com');
    const set = { UserPoolId, Username: User?.Username, Password: PASSWORD, Permanent: true };
    await cognito.send(new AdminSetUserPasswordCommand(set));
    const { IdToken } = await tokensOf(ClientId, 'Bob@Example.com');
    assert.equal(decodeJwt(IdToken).sub, User?.Username);
    assert.equal(decodeJwt(IdToken)['email'], 'bob@example.com');
  });

  test('users are found by a filter and listed page by page', async () => {
    const { Id: UserPoolId = '' } = await newPool();
    const names = ['amy', 'ann', 'bob', 'cat', 'dan'];
    for (const name of names) await newUser(UserPoolId, name);
    const listed: string[] = [];
    for await (const page of paginateListUsers({ client: cognito }, { UserPoolId, Limit: 2 })) {
      assert.ok(page.Users!.length <= 2);
      listed.push(...page.Users!.map(({ Username }) => Username!));
    }
    assert.deepEqual(listed.sort(), names);
    const found = async (Filter: string) => {
      const asked = { UserPoolId, Filter, AttributesToGet: ['email'] };
      const { Users = [] } = await cognito.send(new ListUsersCommand(asked));
      for (const { Attributes } of Users) assert.equal(Attributes?.length, 1);
      return Users.map(({ Username }) => Username).sort();
    };
    assert.deepEqual(await found('email = "bob@example.com"'), ['bob']);
    assert.deepEqual(await found('username ^= "a"'), ['amy', 'ann']);
    await fails(found('email is bob'), 'InvalidParameterException', 'Error while parsing filter');
    await fails(found('custom:x = "y"'), 'InvalidParameterException', /Invalid search attribute/);
  });
});

describe('who may do what', () => {
  function session(...Statement: object[]) {
    const arn = 'arn:aws:iam::111111111111:role/Tester';
    const trust = parsePolicy({ Statement: [] });
    const policies = [parsePolicy({ Version: '2012-10-17', Statement })];
    const role = local.aws.iam.putRole({ arn, name: 'Tester', trust, policies });
    const opened = local.aws.iam.openSession(role, { name: 'test', seconds: 900 });
    const { accessKeyId, secretAccessKey, sessionToken } = opened.session;
    return new CognitoIdentityProviderClient({
      region: 'us-east-1',
      endpoint: local.endpoint,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      maxAttempts: 1,
    });
  }

  test('a policy on one user pool’s ARN opens that user pool and no other', async () => {
    const [mine, other] = [await newPool(), await newPool()];
    const Action = ['cognito-idp:ListUserPoolClients', 'cognito-idp:ListTagsForResource'];
    const tester = session({ Effect: 'Allow', Action, Resource: mine.Arn });
    const list = (UserPoolId: string | undefined) =>
      tester.send(new ListUserPoolClientsCommand({ UserPoolId }));
    assert.deepEqual((await list(mine.Id)).UserPoolClients, []);
    await fails(list(other.Id), 'AccessDeniedException', new RegExp(`on resource: ${other.Arn} `));
    const tags = (ResourceArn: string | undefined) =>
      tester.send(new ListTagsForResourceCommand({ ResourceArn }));
    assert.deepEqual((await tags(mine.Arn)).Tags, {});
    await fails(tags(other.Arn), 'AccessDeniedException');
  });

  test('a policy on tags opens the user pools that bear them', async () => {
    const [mobile, web] = [
      await newPool({ UserPoolTags: { team: 'mobile' } }),
      await newPool({ UserPoolTags: { team: 'web' } }),
    ];
    const tester = session({
      Effect: 'Allow',
      Action: 'cognito-idp:*',
      Resource: '*',
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'mobile' } },
    });
    assert.equal((await newClient(mobile.Id!, {}, tester)).ClientName, 'app');
    await fails(newClient(web.Id!, {}, tester), 'AccessDeniedException');
  });

  test('a policy on the tags of a request decides how new user pools are tagged', async () => {
    const tester = session({
      Effect: 'Allow',
      Action: 'cognito-idp:CreateUserPool',
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestTag/team': 'mobile' } },
    });
    const pool = await newPool({ UserPoolTags: { team: 'mobile' } }, tester);
    assert.deepEqual(pool.UserPoolTags, { team: 'mobile' });
    await fails(newPool({}, tester), 'AccessDeniedException');
  });
});
