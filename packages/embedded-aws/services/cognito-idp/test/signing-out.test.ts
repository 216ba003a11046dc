import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminUserGlobalSignOutCommand,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  RevokeTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { decodeJwt } from 'jose';
import {
  allFail,
  cognito,
  enter,
  fails,
  HOUR,
  home,
  local,
  newClient,
  refresh,
  tokensOf,
} from './fixture.ts';

describe('staying signed in and signing out', () => {
  test('a refresh token gives new tokens of the same sign-in until it expires', async (context) => {
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

  /** An app client with refresh token rotation. */
  async function rotating(RetryGracePeriodSeconds: number) {
    const { ClientId } = await home({
      RefreshTokenRotation: { Feature: 'ENABLED', RetryGracePeriodSeconds },
    });
    return ClientId;
  }
  const renew = async (ClientId: string, RefreshToken: string) => {
    const command = new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken });
    return (await cognito.send(command)).AuthenticationResult!;
  };

  test('GetTokensFromRefreshToken refreshes with and without rotation', async () => {
    const { ClientId } = await home();
    const first = await tokensOf(ClientId, 'ada');
    const renewed = await renew(ClientId, first.RefreshToken);
    assert.equal(renewed.RefreshToken, undefined);
    assert.equal(decodeJwt(renewed.IdToken!).sub, decodeJwt(first.IdToken).sub);
    assert.ok((await renew(ClientId, first.RefreshToken)).AccessToken);
    await fails(renew(ClientId, 'nonsense'), 'NotAuthorizedException', 'Invalid Refresh Token');
  });

  test('rotation replaces a refresh token, which expires after the grace period and is revoked with the others', async (context) => {
    const ClientId = await rotating(30);
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const first = await tokensOf(ClientId, 'ada');
    const second = (await renew(ClientId, first.RefreshToken)).RefreshToken!;
    assert.notEqual(second, first.RefreshToken);
    const retried = (await renew(ClientId, first.RefreshToken)).RefreshToken!;
    context.mock.timers.tick(30_000);
    await fails(renew(ClientId, first.RefreshToken), 'RefreshTokenReuseException');
    await fails(renew(ClientId, second), 'RefreshTokenReuseException');
    const last = (await renew(ClientId, retried)).RefreshToken!;
    await cognito.send(new RevokeTokenCommand({ ClientId, Token: last }));
    await fails(renew(ClientId, last), 'NotAuthorizedException', /revoked/);
  });

  test('REFRESH_TOKEN_AUTH is refused with rotation', async () => {
    const ClientId = await rotating(0);
    const { RefreshToken } = await tokensOf(ClientId, 'ada');
    await fails(refresh(ClientId, RefreshToken), 'InvalidParameterException', /not enabled/);
    await renew(ClientId, RefreshToken);
    await fails(renew(ClientId, RefreshToken), 'RefreshTokenReuseException');
  });

  test('a refresh token is valid only for its own app client, and only if that allows refreshing', async () => {
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

  test('users can read their own attributes until the access token expires', async (context) => {
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

  test('a global sign-out revokes all existing tokens, but no later ones', async () => {
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

  test('revoking a refresh token ends only its own sign-in', async () => {
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

  test('revoking requires the secret of the app client, and an app client that allows it', async () => {
    const { UserPoolId, ClientId } = await home({ GenerateSecret: true });
    const revoke = (id: string | undefined) =>
      cognito.send(new RevokeTokenCommand({ ClientId: id, Token: 'any' }));
    await fails(revoke(ClientId), 'UnauthorizedException');
    const without = await newClient(UserPoolId, { EnableTokenRevocation: false });
    await fails(revoke(without.ClientId), 'UnsupportedOperationException');
  });

  test('a disabled user can sign in only after being enabled', async () => {
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

  test('deleting a user also ends the user’s tokens', async () => {
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
