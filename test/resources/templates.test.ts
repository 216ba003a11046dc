import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { IAM } from '@aws-sdk/client-iam';
import { assembleAws, startAws } from 'embedded-aws';
import { parse } from 'yaml';
import { deployAccountB, deployForwarder, deployUserPoolAccount } from '../../demo/deploy.ts';

const ACCOUNT = '666666666666';
const USER_POOLS = 'us-east-1_One,eu-west-1_Two';

interface Pattern {
  account: unknown;
  detail: { eventName: string[] };
}

/** The event patterns of the rules in events/. */
const atHome = ['created', 'updated', 'deleted'].flatMap((what): Pattern[] => {
  const file = new URL(`../../events/app-client-${what}.yml`, import.meta.url);
  const { Resources } = parse(readFileSync(file, 'utf8'));
  return Object.values(Resources as Record<string, { Properties: { EventPattern: Pattern } }>).map(
    ({ Properties }) => Properties.EventPattern,
  );
});

test('the forwarder forwards the events of its account that the rules of the home match', async () => {
  const aws = assembleAws();
  const HomeBusArn = 'arn:aws:events:us-east-1:111111111111:event-bus/default';
  await deployForwarder(aws, { account: ACCOUNT, region: 'eu-west-1' }, { HomeBusArn });
  const bus = aws.buses.find(`arn:aws:events:eu-west-1:${ACCOUNT}:event-bus/default`)!;
  const [rule, ...more] = [...bus.rules.values()];
  assert.deepEqual(more, []);
  const { account, ...forwarded } = JSON.parse(rule!.patternText!);
  assert.deepEqual(account, [ACCOUNT]);
  const eventName = atHome.flatMap(({ detail }) => detail.eventName);
  for (const { account: _, ...heard } of atHome) {
    assert.deepEqual({ ...heard, detail: { ...heard.detail, eventName } }, forwarded);
  }
});

test('the role in a user pool account allows only listing app clients, in every partition', async () => {
  for (const [region, partition] of [
    ['us-east-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eusc-de-east-1', 'aws-eusc'],
    ['us-iso-east-1', 'aws-iso'],
  ] as const) {
    const aws = assembleAws();
    const parameters = { TrustedAccountId: '111111111111', UserPoolIds: USER_POOLS };
    const { RoleArn } = await deployUserPoolAccount(
      aws,
      { account: ACCOUNT, region },
      { ...parameters, RoleName: 'reads' },
    );
    assert.equal(RoleArn, `arn:${partition}:iam::${ACCOUNT}:role/reads`);
    const [policy, ...more] = aws.iam.roles.get(RoleArn!)!.policies;
    assert.deepEqual(more, []);
    assert.deepEqual(policy!.Statement, [
      {
        Sid: 'Read',
        Effect: 'Allow',
        Action: ['cognito-idp:DescribeUserPool', 'cognito-idp:ListUserPoolClients'],
        Resource: USER_POOLS.split(',').map((id) => `arn:*:cognito-idp:*:*:userpool/${id}`),
      },
    ]);
  }
});

test('the role in Account-B allows reading CloudTrail only if a parameter says so', async () => {
  const granted = async (parameters: Record<string, string>) => {
    const aws = assembleAws();
    const given = { TrustedAccountId: '111111111111', IdentityPoolIds: 'ap-south-1:0' };
    const where = { account: ACCOUNT, region: 'ap-south-1' };
    const { RoleArn } = await deployAccountB(aws, where, { ...given, ...parameters });
    const statements = aws.iam.roles.get(RoleArn!)!.policies.flatMap(({ Statement }) => Statement);
    return statements.filter(({ Action }) =>
      [Action].flat().some((a) => a.startsWith('cloudtrail')),
    );
  };
  assert.deepEqual(await granted({}), []);
  assert.deepEqual(await granted({ NameWhoRemoves: 'true' }), [
    {
      Sid: 'NameWhoRemoves',
      Effect: 'Allow',
      Action: 'cloudtrail:LookupEvents',
      Resource: '*',
    },
  ]);
});

test('the role in Account-B is deleted once its policies are gone, as AWS requires', async () => {
  const local = await startAws({ trail: false });
  try {
    const given = { TrustedAccountId: '111111111111', IdentityPoolIds: 'ap-south-1:0' };
    const where = { account: ACCOUNT, region: 'ap-south-1' };
    const { RoleArn = '' } = await deployAccountB(local.aws, where, given);
    const RoleName = RoleArn.split('/').at(-1);
    const iam = new IAM({
      endpoint: local.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'any' },
    });
    const managed = `arn:aws:iam::${ACCOUNT}:policy/shared`;
    const role = local.aws.iam.roles.get(RoleArn)!;
    role.policies.push({ Version: '2012-10-17', Statement: [], name: managed });
    await assert.rejects(iam.deleteRole({ RoleName }), /must detach all policies first/);
    const { AttachedPolicies } = await iam.listAttachedRolePolicies({ RoleName });
    assert.deepEqual(AttachedPolicies, [{ PolicyName: 'shared', PolicyArn: managed }]);
    await iam.detachRolePolicy({ RoleName, PolicyArn: managed });
    await assert.rejects(iam.deleteRole({ RoleName }), /must delete policies first/);
    const { PolicyNames = [] } = await iam.listRolePolicies({ RoleName });
    assert.ok(PolicyNames.length > 0);
    for (const PolicyName of PolicyNames) await iam.deleteRolePolicy({ RoleName, PolicyName });
    await iam.deleteRole({ RoleName });
    assert.ok(!local.aws.iam.roles.has(RoleArn));
  } finally {
    await local.close();
  }
});

test('templates refuse parameters that are not the ARN of a default bus, an account id or a user pool id', async () => {
  const where = { account: ACCOUNT, region: 'us-east-1' };
  const bus = 'arn:aws:events:us-east-1:111111111111:event-bus/other';
  await assert.rejects(deployForwarder(assembleAws(), where, { HomeBusArn: bus }), /HomeBusArn/);
  for (const [name, value] of [
    ['TrustedAccountId', '*'],
    ['UserPoolIds', '*'],
    ['UserPoolIds', 'us-east-1_One, us-east-1_Two'],
  ] as const) {
    const good = { TrustedAccountId: '111111111111', UserPoolIds: USER_POOLS };
    const parameters = { ...good, [name]: value };
    await assert.rejects(deployUserPoolAccount(assembleAws(), where, parameters), new RegExp(name));
  }
});
