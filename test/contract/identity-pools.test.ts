import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityClient,
  type CognitoIdentityProvider,
  CreateIdentityPoolCommand,
  DescribeIdentityPoolCommand,
  GetIdentityPoolRolesCommand,
  GetPrincipalTagAttributeMapCommand,
  type IdentityPool,
  SetIdentityPoolRolesCommand,
  SetPrincipalTagAttributeMapCommand,
  TagResourceCommand,
  UpdateIdentityPoolCommand,
  type UpdateIdentityPoolCommandInput,
} from '@aws-sdk/client-cognito-identity';
import { type Environment, environment, real } from './environment.ts';

const region = process.env['AWS_REGION'] ?? 'us-east-1';
const entry = (client: string, pool = 'Contract1'): CognitoIdentityProvider => ({
  ProviderName: `cognito-idp.${region}.amazonaws.com/${region}_${pool}`,
  ClientId: client,
});
const keys = (pool: IdentityPool) =>
  (pool.CognitoIdentityProviders ?? []).map(({ ClientId }) => ClientId).sort();

describe('an identity pool', () => {
  let env: Environment;
  let identity: CognitoIdentityClient;
  after(() => env.close());
  before(async () => {
    env = await environment();
    identity = env.client(CognitoIdentityClient);
  });

  const describePool = async (IdentityPoolId: string): Promise<IdentityPool> => {
    const { $metadata: _, ...pool } = await identity.send(
      new DescribeIdentityPoolCommand({ IdentityPoolId }),
    );
    return pool;
  };
  const bare = (pool: IdentityPool): UpdateIdentityPoolCommandInput => ({
    IdentityPoolId: pool.IdentityPoolId,
    IdentityPoolName: pool.IdentityPoolName,
    AllowUnauthenticatedIdentities: pool.AllowUnauthenticatedIdentities,
  });
  const update = (input: UpdateIdentityPoolCommandInput) =>
    identity.send(new UpdateIdentityPoolCommand(input));

  const everything = {
    AllowClassicFlow: true,
    SupportedLoginProviders: { 'graph.facebook.com': '7346241598935555' },
    DeveloperProviderName: 'login.contract.example',
    CognitoIdentityProviders: [entry('a'), { ...entry('b'), ServerSideTokenCheck: true }],
    IdentityPoolTags: { team: 'contract', keep: 'yes' },
  };

  test('accepts user pools and clients that do not exist', async () => {
    const id = await env.identityPool({ CognitoIdentityProviders: [entry('invented')] });
    assert.deepEqual(keys(await describePool(id)), ['invented']);
  });

  test('loses on an update whatever is not sent, but its developer name and its tags', async () => {
    const id = await env.identityPool(everything);
    const before = await describePool(id);
    await update(bare(before));
    const after = await describePool(id);
    assert.deepEqual(keys(after), []);
    assert.deepEqual(after.SupportedLoginProviders ?? {}, {});
    assert.ok(!after.AllowClassicFlow);
    assert.equal(after.DeveloperProviderName, everything.DeveloperProviderName);
    assert.deepEqual(after.IdentityPoolTags, everything.IdentityPoolTags);
  });

  test('takes a map of tags as all of its tags', async () => {
    const id = await env.identityPool(everything);
    await update({ ...bare(await describePool(id)), IdentityPoolTags: { keep: 'still' } });
    assert.deepEqual((await describePool(id)).IdentityPoolTags, { keep: 'still' });
  });

  test('keeps everything when everything is sent back', async () => {
    const id = await env.identityPool(everything);
    const before = await describePool(id);
    await update({ ...before, IdentityPoolId: id, IdentityPoolName: before.IdentityPoolName });
    assert.deepEqual(await describePool(id), before);
  });

  test('can be renamed, but not given another developer name', async () => {
    const id = await env.identityPool(everything);
    const before = await describePool(id);
    await update({ ...before, IdentityPoolId: id, IdentityPoolName: 'renamed' });
    assert.equal((await describePool(id)).IdentityPoolName, 'renamed');
    await assert.rejects(
      update({ ...bare(before), DeveloperProviderName: 'other.contract.example' }),
      { name: 'InvalidParameterException' },
    );
  });

  test('says of a malformed entry “Invalid Cognito Identity Provider”', async () => {
    const id = await env.identityPool();
    const pool = bare(await describePool(id));
    for (const malformed of [
      { ClientId: 'a' },
      { ProviderName: `${region}_Contract1`, ClientId: 'a' },
    ]) {
      await assert.rejects(update({ ...pool, CognitoIdentityProviders: [malformed] }), {
        name: 'InvalidParameterException',
        message: 'Invalid Cognito Identity Provider',
      });
    }
  });

  test('says which constraint a value fails', async () => {
    await assert.rejects(
      identity.send(
        new CreateIdentityPoolCommand({
          IdentityPoolName: 'what?',
          AllowUnauthenticatedIdentities: false,
        }),
      ),
      {
        name: 'ValidationException',
        message:
          "1 validation error detected: Value 'what?' at 'identityPoolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w\\s+=,.@-]+",
      },
    );
  });

  test('that does not exist is not found', async () => {
    const missing = `${region}:00000000-0000-4000-8000-000000000000`;
    await assert.rejects(describePool(missing), {
      name: 'ResourceNotFoundException',
      message: `IdentityPool '${missing}' not found.`,
    });
  });

  test('refuses the entry beyond its quota as LimitExceededException', async (t) => {
    const id = await env.identityPool();
    const pool = bare(await describePool(id));
    const entries = (count: number) => Array.from({ length: count }, (_, i) => entry(`client${i}`));
    await update({ ...pool, CognitoIdentityProviders: entries(50) });
    const beyond = update({ ...pool, CognitoIdentityProviders: entries(51) });
    if (real) beyond.catch((error: Error) => t.diagnostic(`${error.name}: ${error.message}`));
    await assert.rejects(beyond, { name: 'LimitExceededException' });
    assert.equal(keys(await describePool(id)).length, 50);
  });

  test('refuses the same entry twice', async (t) => {
    const id = await env.identityPool();
    const pool = bare(await describePool(id));
    const twice = update({ ...pool, CognitoIdentityProviders: [entry('a'), entry('a')] });
    if (real) twice.catch((error: Error) => t.diagnostic(`${error.name}: ${error.message}`));
    await assert.rejects(twice, { name: 'InvalidParameterException' });
  });

  test('refuses tags that only AWS may write', async () => {
    const id = await env.identityPool();
    const pool = bare(await describePool(id));
    await assert.rejects(update({ ...pool, IdentityPoolTags: { 'aws:x': 'y' } }), {
      name: 'InvalidParameterException',
    });
  });

  // Whether CloudFormation tags identity pools, and keeps its tags so, is not known: it is told.
  test('that CloudFormation made keeps the tags that only AWS may write, though they are not sent', async (t) => {
    const id = await env.stackPool();
    const before = await describePool(id);
    const tags = Object.entries(before.IdentityPoolTags ?? {});
    if (real) t.diagnostic(`tags: ${JSON.stringify(before.IdentityPoolTags)}`);
    else assert.ok(tags.some(([key]) => key.startsWith('aws:')));
    await update({
      ...bare(before),
      IdentityPoolTags: Object.fromEntries(tags.filter(([key]) => !key.startsWith('aws:'))),
      CognitoIdentityProviders: [entry('a')],
    });
    const after = await describePool(id);
    if (real) t.diagnostic(`after: ${JSON.stringify(after.IdentityPoolTags)}`);
    assert.deepEqual(keys(after), ['a']);
    assert.deepEqual(after.IdentityPoolTags, before.IdentityPoolTags);
  });

  test('can be tagged beside an update', async () => {
    const id = await env.identityPool(everything);
    const { Account } = await env.caller();
    const ResourceArn = `arn:aws:cognito-identity:${region}:${Account}:identitypool/${id}`;
    await identity.send(new TagResourceCommand({ ResourceArn, Tags: { more: 'x' } }));
    assert.deepEqual((await describePool(id)).IdentityPoolTags, {
      ...everything.IdentityPoolTags,
      more: 'x',
    });
  });

  test('refuses a role mapping for a client that it does not hold', async () => {
    const id = await env.identityPool({ CognitoIdentityProviders: [entry('a')] });
    const key = `${entry('b').ProviderName}:b`;
    await assert.rejects(
      identity.send(
        new SetIdentityPoolRolesCommand({
          IdentityPoolId: id,
          Roles: {},
          RoleMappings: { [key]: { Type: 'Token', AmbiguousRoleResolution: 'Deny' } },
        }),
      ),
      {
        name: 'InvalidParameterException',
        message: `${key} is not a valid RoleMapping ProviderName or is not a configured provider.`,
      },
    );
  });

  test('loses the role mappings that are not sent with the roles', async () => {
    const id = await env.identityPool({ CognitoIdentityProviders: [entry('a')] });
    const RoleMappings = {
      [`${entry('a').ProviderName}:a`]: {
        ...{ Type: 'Token' as const, AmbiguousRoleResolution: 'Deny' as const },
      },
    };
    const pool = { IdentityPoolId: id, Roles: {} };
    const rolesOf = () => identity.send(new GetIdentityPoolRolesCommand({ IdentityPoolId: id }));
    await identity.send(new SetIdentityPoolRolesCommand({ ...pool, RoleMappings }));
    assert.deepEqual((await rolesOf()).RoleMappings, RoleMappings);
    await identity.send(new SetIdentityPoolRolesCommand(pool));
    assert.equal((await rolesOf()).RoleMappings, undefined);
  });

  test('keeps the role mapping and the tag map of an entry that is removed', async () => {
    const id = await env.identityPool({ CognitoIdentityProviders: [entry('a')] });
    const provider = entry('a').ProviderName!;
    const mapping = { Type: 'Token', AmbiguousRoleResolution: 'Deny' } as const;
    await identity.send(
      new SetIdentityPoolRolesCommand({
        IdentityPoolId: id,
        Roles: {},
        RoleMappings: { [`${provider}:a`]: mapping },
      }),
    );
    const tags = { IdentityPoolId: id, IdentityProviderName: provider };
    await identity.send(
      new SetPrincipalTagAttributeMapCommand({
        ...tags,
        UseDefaults: false,
        PrincipalTags: { who: 'sub' },
      }),
    );
    await update(bare(await describePool(id)));
    const { RoleMappings } = await identity.send(
      new GetIdentityPoolRolesCommand({ IdentityPoolId: id }),
    );
    assert.deepEqual(RoleMappings, { [`${provider}:a`]: mapping });
    const map = await identity.send(new GetPrincipalTagAttributeMapCommand(tags));
    assert.deepEqual(map.PrincipalTags, { who: 'sub' });
  });

  test('knows no tag map of a provider that never had one', async () => {
    const id = await env.identityPool({ CognitoIdentityProviders: [entry('a')] });
    await assert.rejects(
      identity.send(
        new GetPrincipalTagAttributeMapCommand({
          IdentityPoolId: id,
          IdentityProviderName: entry('a').ProviderName,
        }),
      ),
      { name: 'ResourceNotFoundException' },
    );
  });
});
