import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentity,
  type CognitoIdentityProvider,
  type CreateIdentityPoolCommandInput,
  type RoleMapping,
  type SetIdentityPoolRolesCommandInput,
  type UpdateIdentityPoolCommandInput,
} from '@aws-sdk/client-cognito-identity';
import { type LocalAws, startAws } from '../../../index.ts';
import { parsePolicy } from '../../../kernel/iam.ts';

const ACCOUNT = '222222222222';
const REGION = 'ap-south-1';
const USER_POOL = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE12';
const DEFAULTS = { IdentityPoolName: 'pool', AllowUnauthenticatedIdentities: false };
const ROLE = `arn:aws:iam::${ACCOUNT}:role/user`;

let local: LocalAws;
let identity: CognitoIdentity;

before(async () => {
  local = await startAws({ trail: false });
  identity = clientOf();
});
after(() => local.close());

const clientOf = (accessKeyId = ACCOUNT, region = REGION, more: object = {}) =>
  new CognitoIdentity({
    endpoint: local.endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey: 'any', ...more },
    maxAttempts: 1,
  });

/** A client with a role that has these permissions on all resources. */
function clientWith(...Action: string[]) {
  const statement = { Effect: 'Allow', Action, Resource: '*' };
  const role = local.aws.iam.putRole({
    arn: `arn:aws:iam::${ACCOUNT}:role/limited`,
    name: 'limited',
    trust: parsePolicy({ Statement: [] }),
    policies: [parsePolicy({ Statement: [statement] })],
  });
  const { session } = local.aws.iam.openSession(role, { name: 'test', seconds: 900 });
  return clientOf(session.accessKeyId, REGION, { sessionToken: session.sessionToken });
}

async function create(more: Partial<CreateIdentityPoolCommandInput> = {}) {
  const { IdentityPoolId = '' } = await identity.createIdentityPool({ ...DEFAULTS, ...more });
  const ResourceArn = `arn:aws:cognito-identity:${REGION}:${ACCOUNT}:identitypool/${IdentityPoolId}`;
  const update = (input: Partial<UpdateIdentityPoolCommandInput>) =>
    identity.updateIdentityPool({ IdentityPoolId, ...DEFAULTS, ...input });
  const described = async () => {
    const { $metadata: _, ...pool } = await identity.describeIdentityPool({ IdentityPoolId });
    return pool;
  };
  return { IdentityPoolId, ResourceArn, update, described };
}

const provider = (ClientId: string, ProviderName = USER_POOL) => ({ ProviderName, ClientId });

describe('an identity pool', () => {
  test('has an id of its Region and only the given settings', async () => {
    const { IdentityPoolId, described } = await create();
    assert.match(IdentityPoolId, /^ap-south-1:[0-9a-f-]{36}$/);
    assert.deepEqual(await described(), { IdentityPoolId, ...DEFAULTS });
  });

  test('is visible only in its own account and Region, until it is deleted', async () => {
    const { IdentityPoolId } = await create();
    const notFound = {
      name: 'ResourceNotFoundException',
      message: `IdentityPool '${IdentityPoolId}' not found.`,
    };
    for (const elsewhere of [clientOf('333333333333'), clientOf(ACCOUNT, 'eu-west-1')]) {
      await assert.rejects(elsewhere.describeIdentityPool({ IdentityPoolId }), notFound);
      const { IdentityPools } = await elsewhere.listIdentityPools({ MaxResults: 60 });
      assert.deepEqual(IdentityPools, []);
    }
    await identity.deleteIdentityPool({ IdentityPoolId });
    await assert.rejects(identity.describeIdentityPool({ IdentityPoolId }), notFound);
  });

  test('is listed once in the pages of its account and Region', async () => {
    const made = await Promise.all([create(), create(), create()]);
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await identity.listIdentityPools({
        MaxResults: 2,
        ...(NextToken && { NextToken }),
      });
      seen.push(...(page.IdentityPools ?? []).map((pool) => pool.IdentityPoolId ?? ''));
      NextToken = page.NextToken;
    } while (NextToken);
    assert.equal(new Set(seen).size, seen.length);
    for (const { IdentityPoolId } of made) assert.ok(seen.includes(IdentityPoolId));
  });

  test('with an invalid member is refused with AWS’s message', async () => {
    const { update } = await create();
    await assert.rejects(update({ IdentityPoolName: 'a<b' }), {
      name: 'ValidationException',
      message:
        "1 validation error detected: Value 'a<b' at 'identityPoolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w\\s+=,.@-]+",
    });
    await assert.rejects(update({ IdentityPoolId: 'nowhere' }), {
      name: 'ValidationException',
      message: /at 'identityPoolId' failed to satisfy constraint/,
    });
    await assert.rejects(update({ CognitoIdentityProviders: [provider('a+b')] }), {
      name: 'ValidationException',
      message: /at 'cognitoIdentityProviders\.1\.member\.clientId' failed/,
    });
  });
});

describe('UpdateIdentityPool', () => {
  test('replaces all settings, and keeps only an omitted developer provider name and omitted tags', async () => {
    const kept = { DeveloperProviderName: 'login.example', IdentityPoolTags: { team: 'a' } };
    const { IdentityPoolId, update, described } = await create({
      ...kept,
      AllowClassicFlow: true,
      SupportedLoginProviders: { 'graph.facebook.com': '1234' },
      OpenIdConnectProviderARNs: [`arn:aws:iam::${ACCOUNT}:oidc-provider/server.example.com`],
      SamlProviderARNs: [`arn:aws:iam::${ACCOUNT}:saml-provider/example`],
      CognitoIdentityProviders: [{ ...provider('client'), ServerSideTokenCheck: true }],
    });
    const renamed = { IdentityPoolName: 'renamed', AllowUnauthenticatedIdentities: true };
    await update(renamed);
    assert.deepEqual(await described(), { IdentityPoolId, ...renamed, ...kept });
    await update({ IdentityPoolTags: { other: 'b' } });
    assert.deepEqual((await described()).IdentityPoolTags, { other: 'b' });
    await assert.rejects(update({ DeveloperProviderName: 'another.example' }), {
      name: 'InvalidParameterException',
      message: 'The developer provider name can not be changed once it is set.',
    });
  });

  test('accepts app clients that do not exist, and refuses duplicate and malformed providers', async () => {
    const { update, described } = await create();
    const other = USER_POOL.replace('EXAMPLE12', 'EXAMPLE34');
    const CognitoIdentityProviders = [provider('a'), provider('b'), provider('a', other)];
    await update({ CognitoIdentityProviders });
    assert.deepEqual((await described()).CognitoIdentityProviders, CognitoIdentityProviders);
    await assert.rejects(
      update({
        CognitoIdentityProviders: [provider('a'), { ...provider('a'), ServerSideTokenCheck: true }],
      }),
      { name: 'InvalidParameterException', message: 'Duplicate Cognito Identity Provider' },
    );
    const malformed: CognitoIdentityProvider[] = [
      { ClientId: 'a' },
      { ProviderName: USER_POOL },
      provider('a', 'us-east-1_EXAMPLE12'),
      provider('a', USER_POOL.replace('.us-east-1.', '.eu-west-1.')),
      provider('a', USER_POOL.replace('amazonaws.com', 'amazonaws.com.cn')),
    ];
    for (const entry of malformed) {
      await assert.rejects(
        update({ CognitoIdentityProviders: [entry] }),
        { name: 'InvalidParameterException', message: 'Invalid Cognito Identity Provider' },
        JSON.stringify(entry),
      );
    }
    assert.deepEqual((await described()).CognitoIdentityProviders, CognitoIdentityProviders);
  });

  test('refuses more providers than the quota', async () => {
    const { update } = await create();
    const providers = (count: number) =>
      Array.from({ length: count }, (_, i) => provider(`client${i}`));
    await update({ CognitoIdentityProviders: providers(50) });
    const tooMany = { CognitoIdentityProviders: providers(51) };
    await assert.rejects(update(tooMany), { name: 'LimitExceededException' });
    local.aws.identityPools.providerQuota = 51;
    await update(tooMany);
    local.aws.identityPools.providerQuota = 50;
  });

  test('requires the permissions to tag and untag', async () => {
    const { IdentityPoolId } = await create();
    const asked = { IdentityPoolId, ...DEFAULTS };
    const [update, tag, untag] = [
      'cognito-identity:UpdateIdentityPool',
      'cognito-identity:TagResource',
      'cognito-identity:UntagResource',
    ] as const;
    await assert.rejects(clientWith(update, tag).updateIdentityPool(asked), {
      name: 'AccessDeniedException',
      message: /not authorized to perform: cognito-identity:UntagResource on resource: arn:aws:/,
    });
    await clientWith(update, tag, untag).updateIdentityPool(asked);
  });
});

describe('tags of an identity pool', () => {
  test('can be added, removed and listed', async () => {
    const { ResourceArn, described } = await create({ IdentityPoolTags: { a: '1' } });
    await identity.tagResource({ ResourceArn, Tags: { a: '2', b: '3' } });
    await identity.untagResource({ ResourceArn, TagKeys: ['a'] });
    assert.deepEqual((await identity.listTagsForResource({ ResourceArn })).Tags, { b: '3' });
    assert.deepEqual((await described()).IdentityPoolTags, { b: '3' });
  });

  test('are refused if they are reserved or too many', async () => {
    const { ResourceArn, update } = await create();
    const invalid = { name: 'InvalidParameterException' };
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`tag${i}`, '']));
    for (const tags of [{ 'aws:stack': 'x' }, many]) {
      await assert.rejects(identity.tagResource({ ResourceArn, Tags: tags }), invalid);
      await assert.rejects(update({ IdentityPoolTags: tags }), invalid);
      await assert.rejects(create({ IdentityPoolTags: tags }), invalid);
    }
  });
});

describe('SetIdentityPoolRoles', () => {
  const Roles = { authenticated: ROLE };
  const key = `${USER_POOL}:client`;
  const mapping: RoleMapping = { Type: 'Token', AmbiguousRoleResolution: 'Deny' };
  const withProvider = () => create({ CognitoIdentityProviders: [provider('client')] });

  test('replaces the roles and the role mappings', async () => {
    const { IdentityPoolId } = await withProvider();
    const roles = async () => {
      const { $metadata: _, ...found } = await identity.getIdentityPoolRoles({ IdentityPoolId });
      return found;
    };
    assert.deepEqual(await roles(), { IdentityPoolId, Roles: {} });
    const RoleMappings = { [key]: mapping };
    await identity.setIdentityPoolRoles({ IdentityPoolId, Roles, RoleMappings });
    assert.deepEqual(await roles(), { IdentityPoolId, Roles, RoleMappings });
    await identity.setIdentityPoolRoles({ IdentityPoolId, Roles: { unauthenticated: ROLE } });
    assert.deepEqual(await roles(), { IdentityPoolId, Roles: { unauthenticated: ROLE } });
  });

  test('refuses unknown kinds of roles and invalid role mappings', async () => {
    const { IdentityPoolId } = await withProvider();
    const set = (input: Partial<SetIdentityPoolRolesCommandInput>) =>
      identity.setIdentityPoolRoles({ IdentityPoolId, Roles, ...input });
    await assert.rejects(set({ Roles: { admin: ROLE } }), { name: 'ValidationException' });
    const refused: [string, RoleMapping, RegExp][] = [
      [USER_POOL, mapping, /is not a configured provider\.$/],
      [key, { Type: 'Token' }, /^AmbiguousRoleResolution is required/],
      [
        key,
        { ...mapping, Type: 'Rules', RulesConfiguration: { Rules: [] } },
        /between 1 and 25 rules/,
      ],
    ];
    for (const [name, each, message] of refused) {
      const invalid = { name: 'InvalidParameterException', message };
      await assert.rejects(set({ RoleMappings: { [name]: each } }), invalid);
    }
  });

  test('refuses a mapping that has outlived its provider', async () => {
    const { IdentityPoolId, update } = await withProvider();
    const RoleMappings = { [key]: mapping };
    await identity.setIdentityPoolRoles({ IdentityPoolId, Roles, RoleMappings });
    await update({});
    const left = await identity.getIdentityPoolRoles({ IdentityPoolId });
    assert.deepEqual(left.RoleMappings, RoleMappings);
    await assert.rejects(identity.setIdentityPoolRoles({ IdentityPoolId, Roles, RoleMappings }), {
      name: 'InvalidParameterException',
    });
  });

  test('requires iam:PassRole for every role', async () => {
    const { IdentityPoolId } = await create();
    const action = 'cognito-identity:SetIdentityPoolRoles';
    await assert.rejects(clientWith(action).setIdentityPoolRoles({ IdentityPoolId, Roles }), {
      name: 'NotAuthorizedException',
      message: `Access to Role '${ROLE}' is forbidden.`,
    });
    await clientWith(action, 'iam:PassRole').setIdentityPoolRoles({ IdentityPoolId, Roles });
  });
});

test('a principal tag map exists once it is set', async () => {
  const { IdentityPoolId } = await create();
  const asked = { IdentityPoolId, IdentityProviderName: USER_POOL };
  await assert.rejects(identity.getPrincipalTagAttributeMap(asked), {
    name: 'ResourceNotFoundException',
  });
  const map = { UseDefaults: false, PrincipalTags: { department: 'custom:department' } };
  await identity.setPrincipalTagAttributeMap({ ...asked, ...map });
  const { $metadata: _, ...found } = await identity.getPrincipalTagAttributeMap(asked);
  assert.deepEqual(found, { ...asked, ...map });
});
