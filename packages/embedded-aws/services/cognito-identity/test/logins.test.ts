import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  CognitoIdentity,
  type CreateIdentityPoolCommandInput,
  type SetIdentityPoolRolesCommandInput,
} from '@aws-sdk/client-cognito-identity';
import { AdminUserGlobalSignOutCommand } from '@aws-sdk/client-cognito-identity-provider';
import { decodeJwt } from 'jose';
import { parsePolicy } from '../../../kernel/iam.ts';
import {
  cognito,
  home,
  local,
  newClient,
  newUser,
  passwordFlows,
  tokensOf,
} from '../../cognito-idp/test/fixture.ts';

const ACCOUNT = '222222222222';
const REGION = 'ap-south-1';

let identity: CognitoIdentity;
let userPoolId: string;
let clientId: string;
let provider: string;

describe('logins to an identity pool', () => {
  // Inside the suite, since the fixture starts its AWS in a hook before all suites.
  before(async () => {
    const credentials = { accessKeyId: ACCOUNT, secretAccessKey: 'any' };
    identity = new CognitoIdentity({
      endpoint: local.endpoint,
      region: REGION,
      credentials,
      maxAttempts: 1,
    });
    const made = await home();
    userPoolId = made.UserPoolId;
    clientId = made.ClientId;
    provider = `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
    await newUser(userPoolId, 'bob');
  });

  const entry = (ServerSideTokenCheck = false) => ({
    ProviderName: provider,
    ClientId: clientId,
    ServerSideTokenCheck,
  });

  async function create(more: Partial<CreateIdentityPoolCommandInput> = {}): Promise<string> {
    const { IdentityPoolId = '' } = await identity.createIdentityPool({
      IdentityPoolName: 'pool',
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: [entry()],
      ...more,
    });
    return IdentityPoolId;
  }

  /** Creates a role that identities of a pool can assume. */
  function roleFor(name: string, poolId: string, actions = ['sts:AssumeRoleWithWebIdentity']) {
    const statement = {
      Effect: 'Allow',
      Principal: { Federated: 'cognito-identity.amazonaws.com' },
      Action: actions,
      Condition: { StringEquals: { 'cognito-identity.amazonaws.com:aud': poolId } },
    };
    const arn = `arn:aws:iam::${ACCOUNT}:role/${name}`;
    const trust = parsePolicy({ Statement: [statement] });
    return local.aws.iam.putRole({ arn, name, trust, policies: [] }).arn;
  }

  const setRoles = (
    IdentityPoolId: string,
    Roles: Record<string, string>,
    RoleMappings: SetIdentityPoolRolesCommandInput['RoleMappings'] = {},
  ) => identity.setIdentityPoolRoles({ IdentityPoolId, Roles, RoleMappings });

  const loginOf = async (username = 'ada') => ({
    [provider]: (await tokensOf(clientId, username)).IdToken,
  });

  const getId = async (IdentityPoolId: string, Logins?: Record<string, string>) =>
    (await identity.getId({ IdentityPoolId, ...(Logins && { Logins }) })).IdentityId ?? '';

  /** Gets credentials, and returns the session that they belong to. */
  async function sessionOf(
    IdentityId: string,
    Logins?: Record<string, string>,
    CustomRoleArn?: string,
  ) {
    const { Credentials, IdentityId: found } = await identity.getCredentialsForIdentity({
      IdentityId,
      ...(Logins && { Logins }),
      ...(CustomRoleArn && { CustomRoleArn }),
    });
    const { AccessKeyId = '', SessionToken } = Credentials ?? {};
    const principal = local.aws.iam.principalOf(AccessKeyId, SessionToken);
    assert.ok(principal.kind === 'role');
    return { identityId: found, role: principal.role.name, tags: principal.session.tags };
  }

  const refused = (message: string | RegExp) => ({ name: 'NotAuthorizedException', message });
  const misconfigured = { name: 'InvalidIdentityPoolConfigurationException' };

  describe('a guest', () => {
    test('gets an identity only if the identity pool allows guests', async () => {
      await assert.rejects(
        getId(await create()),
        refused('Unauthenticated access is not supported for this identity pool.'),
      );
      const open = await create({ AllowUnauthenticatedIdentities: true });
      assert.match(await getId(open), /^ap-south-1:[0-9a-f-]{36}$/);
      assert.notEqual(await getId(open), await getId(open));
    });

    test('gets credentials of the unauthenticated role, if that trusts the identity pool', async () => {
      const pool = await create({ AllowUnauthenticatedIdentities: true });
      const guest = await getId(pool);
      await assert.rejects(sessionOf(guest), misconfigured);
      await setRoles(pool, { unauthenticated: roleFor('guest', 'ap-south-1:another') });
      await assert.rejects(sessionOf(guest), misconfigured);
      roleFor('guest', pool);
      assert.equal((await sessionOf(guest)).role, 'guest');
      await assert.rejects(sessionOf('ap-south-1:unknown'), { name: 'ResourceNotFoundException' });
    });

    test('keeps the identity after signing in, unless the user already has one', async () => {
      const pool = await create({ AllowUnauthenticatedIdentities: true });
      const role = roleFor('user', pool);
      await setRoles(pool, { authenticated: role, unauthenticated: role });
      const first = await getId(pool);
      assert.equal((await sessionOf(first, await loginOf())).identityId, first);
      await assert.rejects(
        sessionOf(first),
        refused(`Access to Identity '${first}' is forbidden.`),
      );
      const second = await getId(pool);
      assert.equal((await sessionOf(second, await loginOf())).identityId, first);
      await assert.rejects(sessionOf(second), refused(/is forbidden/));
    });
  });

  describe('a user', () => {
    test('has one identity, and gets credentials of the authenticated role with a login', async () => {
      const pool = await create();
      await setRoles(pool, { authenticated: roleFor('user', pool) });
      const ada = await getId(pool, await loginOf());
      assert.equal(await getId(pool, await loginOf()), ada);
      assert.notEqual(await getId(pool, await loginOf('bob')), ada);
      assert.equal((await sessionOf(ada, await loginOf())).role, 'user');
      await assert.rejects(sessionOf(ada), refused(`Access to Identity '${ada}' is forbidden.`));
      await assert.rejects(sessionOf(ada, await loginOf('bob')), refused(/^Logins don't match\./));
    });

    test('is refused with a token that the identity pool does not accept', async (t) => {
      const pool = await create();
      const { IdToken, AccessToken } = await tokensOf(clientId, 'ada');
      const other = await newClient(userPoolId, { ExplicitAuthFlows: passwordFlows });
      const notLinked = (await tokensOf(other.ClientId ?? '', 'ada')).IdToken;
      const elsewhere = `${provider}x`;
      const forged = IdToken.replace(/[^.]+$/, 'AAAA');
      const unsupported = 'Token is not from a supported provider of this identity pool.';
      for (const [key, token, message] of [
        [provider, 'text', 'Invalid login token. Not a valid OpenId Connect identity token.'],
        [provider, AccessToken, 'Invalid login token. Missing a required claim: aud'],
        [elsewhere, IdToken, "Invalid login token. Issuer doesn't match providerName"],
        [provider, notLinked, unsupported],
        ['accounts.example', IdToken, unsupported],
        [provider, forged, "Invalid login token. Couldn't verify signed token."],
      ] as const) {
        await assert.rejects(getId(pool, { [key]: token }), refused(message));
      }
      const { exp = 0 } = decodeJwt(IdToken);
      t.mock.timers.enable({ apis: ['Date'], now: (exp + 299) * 1000 });
      await getId(pool, { [provider]: IdToken });
      t.mock.timers.setTime((exp + 300) * 1000);
      await assert.rejects(getId(pool, { [provider]: IdToken }), refused(/Token expired: \d+ >= /));
    });

    test('is refused after signing out only with the server-side token check', async () => {
      const [checked, unchecked] = [
        await create({ CognitoIdentityProviders: [entry(true)] }),
        await create(),
      ];
      const login = await loginOf('bob');
      await getId(checked, login);
      const command = new AdminUserGlobalSignOutCommand({
        UserPoolId: userPoolId,
        Username: 'bob',
      });
      await cognito.send(command);
      await assert.rejects(getId(checked, login), refused('Token is inactive'));
      await getId(unchecked, login);
    });
  });

  describe('a role mapping', () => {
    const rule = (Value: string, RoleARN: string) => ({
      Claim: 'email',
      MatchType: 'Equals' as const,
      Value,
      RoleARN,
    });

    test('with rules gives the role of the first matching rule', async () => {
      const pool = await create();
      const [user, admin] = [roleFor('user', pool), roleFor('admin', pool)];
      const mapping = (AmbiguousRoleResolution: 'Deny' | 'AuthenticatedRole') => ({
        [`${provider}:${clientId}`]: {
          Type: 'Rules' as const,
          AmbiguousRoleResolution,
          RulesConfiguration: { Rules: [rule('ada@example.com', admin)] },
        },
      });
      await setRoles(pool, { authenticated: user }, mapping('AuthenticatedRole'));
      const [ada, bob] = [await loginOf(), await loginOf('bob')];
      const [adaId, bobId] = [await getId(pool, ada), await getId(pool, bob)];
      assert.equal((await sessionOf(adaId, ada)).role, 'admin');
      assert.equal((await sessionOf(bobId, bob)).role, 'user');
      await setRoles(pool, { authenticated: user }, mapping('Deny'));
      await assert.rejects(sessionOf(bobId, bob), refused('Token did not match any role mapping.'));
    });

    test('by token refuses a custom role that the token does not contain', async () => {
      const pool = await create();
      const user = roleFor('user', pool);
      const Type = 'Token' as const;
      const mapping = { Type, AmbiguousRoleResolution: 'AuthenticatedRole' as const };
      await setRoles(pool, { authenticated: user }, { [`${provider}:${clientId}`]: mapping });
      const login = await loginOf();
      const id = await getId(pool, login);
      assert.equal((await sessionOf(id, login)).role, 'user');
      const custom = roleFor('custom', pool);
      await assert.rejects(
        sessionOf(id, login, custom),
        refused(`Access to Role '${custom}' is forbidden.`),
      );
    });
  });

  test('principal tags come from claims, and need a role that allows sts:TagSession', async () => {
    const pool = await create();
    await setRoles(pool, { authenticated: roleFor('user', pool) });
    await identity.setPrincipalTagAttributeMap({
      IdentityPoolId: pool,
      IdentityProviderName: provider,
      PrincipalTags: { mail: 'email', absent: 'custom:absent' },
    });
    const login = await loginOf();
    const id = await getId(pool, login);
    await assert.rejects(sessionOf(id, login), misconfigured);
    roleFor('user', pool, ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession']);
    assert.deepEqual((await sessionOf(id, login)).tags, { mail: 'ada@example.com' });
  });

  test('GetOpenIdToken requires the classic flow and excludes role mappings', async () => {
    const classic = { AllowClassicFlow: true };
    const [enhanced, pool] = [await create(), await create(classic)];
    const Logins = await loginOf();
    const tokenFor = async (poolId: string) =>
      identity.getOpenIdToken({ IdentityId: await getId(poolId, Logins), Logins });
    await assert.rejects(tokenFor(enhanced), {
      name: 'InvalidParameterException',
      message: 'Basic (classic) flow is not enabled, please use enhanced flow.',
    });
    const { IdentityId, Token = '' } = await tokenFor(pool);
    const { iss, aud, sub, amr } = decodeJwt(Token);
    assert.deepEqual(
      { iss, aud, sub, amr },
      {
        iss: 'https://cognito-identity.amazonaws.com',
        aud: pool,
        sub: IdentityId,
        amr: ['authenticated', provider],
      },
    );
    const mapping = { Type: 'Token', AmbiguousRoleResolution: 'Deny' } as const;
    await setRoles(pool, {}, { [`${provider}:${clientId}`]: mapping });
    await assert.rejects(tokenFor(pool), { message: /is not supported with RoleMappings/ });
  });
});
