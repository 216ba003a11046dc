import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { CognitoIdentityClient, UpdateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import { ACCOUNT_B, full, pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';

/** Mistakes that released tools make with UpdateIdentityPool. */
describe('linking', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(MOBILE);
  });
  after(() => world.close());
  beforeEach(() => world.local.aws.identityPools.stored.clear());

  const link = async () => {
    const clientId = await world.createAppClient(MOBILE);
    (await world.run({ userPoolId: MOBILE, clientId })).result();
    return { clientId, pool: await world.describe(pools.mobile) };
  };

  test('keeps the entries that it did not make (Terraform and Pulumi drop those not in their state)', async () => {
    await world.createIdentityPool(pools.mobile);
    const { pool } = await link();
    assert.deepEqual(pool.CognitoIdentityProviders!.slice(0, 2), full.CognitoIdentityProviders);
  });

  test('leaves an unset AllowClassicFlow unset (Terraform and Pulumi make it false)', async () => {
    const { AllowClassicFlow: _, ...unset } = full;
    await world.createIdentityPool(pools.mobile, ACCOUNT_B, unset);
    assert.ok(!('AllowClassicFlow' in (await link()).pool));
  });

  for (const allowed of [true, false]) {
    test(`leaves AllowClassicFlow ${allowed} (the API resets it when it is not sent)`, async () => {
      await world.createIdentityPool(pools.mobile, ACCOUNT_B, {
        ...full,
        AllowClassicFlow: allowed,
      });
      assert.equal((await link()).pool.AllowClassicFlow, allowed);
    });

    test(`leaves guest access ${allowed ? 'open' : 'closed'} (Salt always closes it)`, async () => {
      const AllowUnauthenticatedIdentities = allowed;
      await world.createIdentityPool(pools.mobile, ACCOUNT_B, {
        ...full,
        AllowUnauthenticatedIdentities,
      });
      assert.equal((await link()).pool.AllowUnauthenticatedIdentities, allowed);
    });
  }

  test('keeps social and OpenID Connect providers (Salt pops them)', async () => {
    await world.createIdentityPool(pools.mobile);
    const { pool } = await link();
    assert.deepEqual(pool.SupportedLoginProviders, full.SupportedLoginProviders);
    assert.deepEqual(pool.OpenIdConnectProviderARNs, full.OpenIdConnectProviderARNs);
  });

  test('keeps every other member too (Lumberyard copies eight and loses the rest)', async () => {
    await world.createIdentityPool(pools.mobile);
    const { CognitoIdentityProviders: _, ...settings } = await world.describe(pools.mobile);
    const { pool } = await link();
    const { CognitoIdentityProviders: __, ...kept } = pool;
    assert.deepEqual(kept, settings);
    assert.deepEqual(kept.IdentityPoolTags, full.IdentityPoolTags);
    assert.deepEqual(kept.SamlProviderARNs, full.SamlProviderARNs);
    assert.equal(kept.DeveloperProviderName, full.DeveloperProviderName);
  });

  test('adds to the entries (the command line in AWS’s own article replaces them)', async () => {
    await world.createIdentityPool(pools.mobile);
    const first = await link();
    const second = await link();
    assert.deepEqual(
      second.pool.CognitoIdentityProviders!.map(({ ClientId }) => ClientId),
      ['foreignwithcheck', 'foreignwithout', first.clientId, second.clientId],
    );
  });

  test('names the user pool’s Region (CDK, SST and Amplify name the identity pool’s)', async () => {
    await world.createIdentityPool(pools.mobile);
    const { clientId, pool } = await link();
    assert.equal(
      pool.CognitoIdentityProviders!.find(({ ClientId }) => ClientId === clientId)!.ProviderName,
      'cognito-idp.us-east-1.amazonaws.com/us-east-1_Mobile001',
    );
  });

  test('keeps the tags of CloudFormation, which no other caller may send', async () => {
    await world.createIdentityPool(pools.mobile);
    const { pool: stored } = world.local.aws.identityPools.find(pools.mobile);
    stored.IdentityPoolTags = { ...stored.IdentityPoolTags, 'aws:cloudformation:stack-name': 'b' };
    const tags = { ...stored.IdentityPoolTags };
    assert.deepEqual((await link()).pool.IdentityPoolTags, tags);
  });

  test('is tested with an AWS that replaces (moto and MiniStack merge, so a destructive client passes)', async () => {
    await world.createIdentityPool(pools.mobile);
    await world.client(CognitoIdentityClient, { account: ACCOUNT_B, region: 'ap-south-1' }).send(
      new UpdateIdentityPoolCommand({
        IdentityPoolId: pools.mobile,
        IdentityPoolName: 'renamed',
        AllowUnauthenticatedIdentities: false,
      }),
    );
    assert.deepEqual(await world.describe(pools.mobile), {
      IdentityPoolId: pools.mobile,
      IdentityPoolName: 'renamed',
      AllowUnauthenticatedIdentities: false,
      DeveloperProviderName: full.DeveloperProviderName,
      IdentityPoolTags: full.IdentityPoolTags,
    });
  });
});
