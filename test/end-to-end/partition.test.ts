import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAws } from 'embedded-aws';
import { deployAccountB, deployService } from '../../demo/deploy.ts';
import { ACCOUNT_A, World } from '../world.ts';

const ACCOUNT_B = '555555555555';

const partitions = [
  {
    where: 'in China',
    partition: 'aws-cn',
    region: 'cn-north-1',
    suffix: 'amazonaws.com.cn',
    userPool: 'cn-north-1_China0001',
    identityPool: 'cn-northwest-1:00000000-0000-0000-0000-000000000008',
  },
  {
    where: 'in the European Sovereign Cloud',
    partition: 'aws-eusc',
    region: 'eusc-de-east-1',
    suffix: 'amazonaws.eu',
    userPool: 'eusc-de-east-1_AbCdEf123',
    identityPool: 'eusc-de-east-1:11111111-1111-1111-1111-111111111111',
  },
  {
    where: 'in an isolated partition',
    partition: 'aws-iso-b',
    region: 'us-isob-east-1',
    suffix: 'sc2s.sgov.gov',
    userPool: 'us-isob-east-1_AbCdEf123',
    identityPool: 'us-isob-west-1:22222222-2222-2222-2222-222222222222',
  },
];

for (const { where, partition, region, suffix, userPool, identityPool } of partitions) {
  test(`${where}, user pools have their own domain and ARNs their own prefix`, async () => {
    const local = await startAws({ trail: false });
    try {
      const folder = process.env['POOLBRIDGE_ARTIFACT']!;
      const home = { account: ACCOUNT_A, region };
      const { LinkStateMachineArn } = await deployService(local.aws, home, { folder });
      assert.ok(LinkStateMachineArn!.startsWith(`arn:${partition}:states:${region}:`));
      const { RoleArn } = await deployAccountB(
        local.aws,
        { account: ACCOUNT_B, region: identityPool.split(':')[0]! },
        { TrustedAccountId: ACCOUNT_A, IdentityPoolIds: identityPool },
      );
      assert.equal(RoleArn, `arn:${partition}:iam::${ACCOUNT_B}:role/poolbridge-link`);
      const world = new World(local, LinkStateMachineArn!, home);
      await world.createUserPool(userPool);
      await world.createIdentityPool(identityPool, ACCOUNT_B);
      const clientId = await world.createAppClient(userPool);
      const { results } = (await world.run({ userPoolId: userPool, clientId })).result();
      assert.equal(results[0]!.outcome, 'LINKED');
      const { CognitoIdentityProviders } = await world.describe(identityPool, ACCOUNT_B);
      assert.deepEqual(CognitoIdentityProviders!.at(-1), {
        ProviderName: `cognito-idp.${region}.${suffix}/${userPool}`,
        ClientId: clientId,
        ServerSideTokenCheck: false,
      });
    } finally {
      await local.close();
    }
  });
}
