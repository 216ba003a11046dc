import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAws } from '../../local/index.ts';
import { deployAccountB, deployService } from '../../local/poolbridge/deploy.ts';
import { ACCOUNT_A, World } from '../world.ts';

const USER_POOL = 'cn-north-1_China0001';
const IDENTITY_POOL = 'cn-northwest-1:00000000-0000-0000-0000-000000000008';
const ACCOUNT_B = '555555555555';

test('in China, user pools have their own domain and ARNs their own prefix', async () => {
  const local = await startAws({ trail: false });
  try {
    const folder = process.env['POOLBRIDGE_ARTIFACT']!;
    const home = { account: ACCOUNT_A, region: 'cn-north-1' };
    const { LinkStateMachineArn } = await deployService(local.aws, home, { folder });
    assert.match(LinkStateMachineArn!, /^arn:aws-cn:states:cn-north-1:/);
    const { RoleArn } = await deployAccountB(
      local.aws,
      { account: ACCOUNT_B, region: 'cn-northwest-1' },
      { TrustedAccountId: ACCOUNT_A, IdentityPoolIds: IDENTITY_POOL },
    );
    assert.equal(RoleArn, `arn:aws-cn:iam::${ACCOUNT_B}:role/poolbridge-link`);
    const world = new World(local, LinkStateMachineArn!, home);
    await world.createUserPool(USER_POOL);
    await world.createIdentityPool(IDENTITY_POOL, ACCOUNT_B);
    const clientId = await world.createAppClient(USER_POOL);
    const { results } = (await world.run({ userPoolId: USER_POOL, clientId })).result();
    assert.equal(results[0]!.outcome, 'LINKED');
    const { CognitoIdentityProviders } = await world.describe(IDENTITY_POOL, ACCOUNT_B);
    assert.deepEqual(CognitoIdentityProviders!.at(-1), {
      ProviderName: `cognito-idp.cn-north-1.amazonaws.com.cn/${USER_POOL}`,
      ClientId: clientId,
      ServerSideTokenCheck: false,
    });
  } finally {
    await local.close();
  }
});
