import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminInitiateAuthCommand,
  AdminRemoveUserFromGroupCommand,
  CreateGroupCommand,
  ListGroupsCommand,
  RespondToAuthChallengeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import {
  authenticate,
  clientAt,
  cognito,
  enter,
  fails,
  HOUR,
  home,
  local,
  newClient,
  newPool,
  newUser,
  PASSWORD,
  passwordFlows,
  refresh,
  tokensOf,
} from './fixture.ts';

describe('signing in', () => {
  test('the key set of the discovery document verifies the ID token', async () => {
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

  test('tokens name the updated issuer if the user pool is configured so, and its pages verify them', async () => {
    const { Id: UserPoolId = '' } = await newPool({ IssuerConfiguration: { Type: 'UPDATED' } });
    const { ClientId = '' } = await newClient(UserPoolId, { ExplicitAuthFlows: passwordFlows });
    await newUser(UserPoolId, 'ada');
    const { IdToken } = await tokensOf(ClientId, 'ada');
    const discovered = async (path: string) => {
      const address = `${local.endpoint}${path}/${UserPoolId}/.well-known/openid-configuration`;
      return (await (await fetch(address)).json()) as Record<string, string>;
    };
    const hosts = ['', '/issuer-cognito-idp.us-east-1.amazonaws.com'];
    for (const host of hosts) {
      const { issuer, jwks_uri } = await discovered(host);
      assert.equal(issuer, `https://issuer-cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`);
      const keys = createRemoteJWKSet(new URL(jwks_uri!));
      await jwtVerify(IdToken, keys, { issuer: issuer!, audience: ClientId });
    }
    const original = await discovered('/cognito-idp.us-east-1.amazonaws.com');
    assert.equal(original['issuer'], `https://cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`);
    const keys = createRemoteJWKSet(new URL(original['jwks_uri']!));
    await jwtVerify(IdToken, keys, { audience: ClientId });
  });

  test('the issuer in China has the domain of China', async () => {
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

  test('an app client sets the validity of its tokens and the attributes in them', async () => {
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

  test('a user with a temporary password must choose a new one before tokens are issued', async () => {
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

  test('a challenge and a temporary password expire', async (context) => {
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

  test('only a legacy app client distinguishes a wrong password from an unknown user', async () => {
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

  test('an app client signs users in only with the flows that it allows', async () => {
    const { UserPoolId, ClientId } = await home();
    const AuthParameters = { USERNAME: 'ada', PASSWORD };
    const byAdmin = (id: string | undefined) =>
      cognito.send(
        new AdminInitiateAuthCommand({
          UserPoolId,
          ClientId: id,
          AuthParameters,
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

  test('an app client with the older flows allows password sign-in and refresh', async () => {
    const { ClientId } = await home({ ExplicitAuthFlows: ['USER_PASSWORD_AUTH'] });
    const { RefreshToken } = await tokensOf(ClientId, 'ada');
    assert.ok((await refresh(ClientId, RefreshToken)).AuthenticationResult?.IdToken);
  });

  test('an app client with a secret requires the secret hash', async () => {
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

  test('the error names a missing parameter', async () => {
    const { ClientId } = await home();
    const asked = authenticate(ClientId, 'USER_PASSWORD_AUTH', { USERNAME: 'ada' });
    await fails(asked, 'InvalidParameterException', 'Missing required parameter PASSWORD');
  });

  test('the ID token has the names, the roles and the preferred role of the groups', async () => {
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

  test('groups are listed, have unique names, and must exist before users are added', async () => {
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
