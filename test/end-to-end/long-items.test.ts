import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deployAccountB } from '../../demo/deploy.ts';
import { ACCOUNT_A, startWorld, type World } from '../world.ts';

const ACCOUNT = '777777777777';
const REGION = 'ap-south-1';
const POOL = `${REGION}:00000000-0000-0000-0000-000000000014`;
const USER_POOL = 'us-east-1_LongTags1';
const CLIENTS = 220;

describe('app clients whose link has the longest principal tags', () => {
  let world: World;

  before(async () => {
    // 220 app clients at 5 a second would take most of a minute, and this is about the size of items.
    world = await startWorld({ trail: false, unlimited: ['cognito-idp'] });
    const { aws } = world.local;
    aws.identityPools.providerQuota = 1000;
    await deployAccountB(
      aws,
      { account: ACCOUNT, region: REGION },
      {
        TrustedAccountId: ACCOUNT_A,
        IdentityPoolIds: POOL,
        RoleName: 'poolbridge-long',
        PrincipalTags: 'true',
      },
    );
    await world.createUserPool(USER_POOL);
    await world.createIdentityPool(POOL, ACCOUNT, {});
  });
  after(() => world.close());

  const linked = async (): Promise<number> =>
    (await world.describe(POOL, ACCOUNT)).CognitoIdentityProviders?.length ?? 0;

  test(`are linked by one reconcile, ${CLIENTS} at once`, async () => {
    for (let i = 0; i < CLIENTS; i++) await world.createAppClient(USER_POOL);
    const end = await world.run({ repair: true, link: 'long-tags' }, undefined, world.reconcileArn);
    assert.equal(end.status, 'SUCCEEDED', end.cause);
    assert.equal(await linked(), CLIENTS);
  });
});
