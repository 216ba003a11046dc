import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Link } from '../../core/links/links.ts';
import { linkPolicies } from '../../packaging/link-policies.ts';

const link = (overrides: Partial<Link> = {}): Link => ({
  userPools: ['us-east-1_A'],
  clients: ['*'],
  identityPool: 'ap-south-1:1',
  roleArn: 'arn:aws:iam::222222222222:role/poolbridge-link',
  serverSideTokenCheck: false,
  providerQuota: 50,
  onDelete: 'keep',
  ...overrides,
});

type Policies = ReturnType<typeof linkPolicies>;

const statementsOf = ({ policies }: Policies, prefix: string) =>
  Object.entries(policies.Resources)
    .filter(([name]) => name.startsWith(prefix))
    .flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement);

const resourcesOf = (policies: Policies, prefix: string) =>
  statementsOf(policies, prefix).flatMap(({ Resource }) =>
    Resource.map((arn) => (typeof arn === 'string' ? arn : arn['Fn::Sub'])),
  );

/** How long the policies are once CloudFormation has put in partition and account. */
const sizes = ({ policies }: Policies) =>
  Object.values(policies.Resources).map(({ Properties }) => {
    const json = JSON.stringify(Properties.PolicyDocument);
    return json
      .replaceAll(/\{"Fn::Sub":("[^"]*")\}/g, '$1')
      .replaceAll('${AWS::Partition}', 'aws-us-gov')
      .replaceAll('${AWS::AccountId}', '111111111111').length;
  });

const many = (count: number, of: (i: number) => Partial<Link>) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`link-${i}`, link(of(i))]));

const READ = ['cognito-idp:DescribeUserPool', 'cognito-idp:ListUserPoolClients'];

describe('the policies that follow from links.yml', () => {
  test('let the roles be assumed that it names, each once, and nothing else', () => {
    const other = 'arn:aws:iam::333333333333:role/other';
    const policies = linkPolicies({ a: link(), b: link(), c: link({ roleArn: other }) });
    assert.deepEqual(statementsOf(policies, 'AssumeLinkRoles'), [
      {
        Effect: 'Allow',
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
        Resource: ['arn:aws:iam::222222222222:role/poolbridge-link', other],
      },
    ]);
    assert.deepEqual(policies.assumeRoles, [{ Ref: 'AssumeLinkRoles1' }]);
  });

  test('let the clients be listed of the user pools that it names, in their own Regions', () => {
    const policies = linkPolicies({ a: link({ userPools: ['us-east-1_A', 'eu-west-1_B'] }) });
    assert.deepEqual(statementsOf(policies, 'ReadUserPools'), [
      {
        Effect: 'Allow',
        Action: READ,
        Resource: [
          {
            'Fn::Sub':
              'arn:${AWS::Partition}:cognito-idp:eu-west-1:${AWS::AccountId}:userpool/eu-west-1_B',
          },
          {
            'Fn::Sub':
              'arn:${AWS::Partition}:cognito-idp:us-east-1:${AWS::AccountId}:userpool/us-east-1_A',
          },
        ],
      },
    ]);
    assert.deepEqual(policies.readUserPools, [{ Ref: 'ReadUserPools1' }]);
  });

  test('let the clients be listed of user pools that carry its tags, and tags be read', () => {
    const { userPools: _, ...untagged } = link();
    const policies = linkPolicies({
      a: { ...untagged, userPoolTags: { team: 'mobile', env: 'x' } },
    });
    const Resource = [
      { 'Fn::Sub': 'arn:${AWS::Partition}:cognito-idp:*:${AWS::AccountId}:userpool/*' },
    ];
    assert.deepEqual(statementsOf(policies, 'ReadUserPools'), [
      { Effect: 'Allow', Action: 'cognito-idp:ListTagsForResource', Resource },
      {
        Effect: 'Allow',
        Action: READ,
        Condition: {
          StringEquals: { 'aws:ResourceTag/team': 'mobile', 'aws:ResourceTag/env': 'x' },
        },
        Resource,
      },
    ]);
    assert.deepEqual(statementsOf(policies, 'ListUserPools'), [
      { Effect: 'Allow', Action: 'cognito-idp:ListUserPools', Resource: ['*'] },
    ]);
    assert.deepEqual(linkPolicies({ a: link() }).listUserPools, []);
  });

  test('are none where there are no links', () => {
    assert.deepEqual(linkPolicies({}), {
      policies: { Resources: {} },
      assumeRoles: [],
      readUserPools: [],
      listUserPools: [],
      writer: [],
      accounts: [{ Ref: 'AWS::AccountId' }],
    });
  });

  const reader = (account: number, name = 'poolbridge-read') =>
    `arn:aws:iam::${account}:role/${name}`;

  test('let the clients of another account be listed by its role alone, and its events be heard', () => {
    const [one, other] = [reader(333333333333), reader(444444444444)];
    const policies = linkPolicies({
      a: link({ userPools: ['eu-west-1_B'], userPoolRoleArn: other }),
      b: link({ userPools: ['eu-west-1_C', 'us-east-1_D'], userPoolRoleArn: one }),
      c: link({ userPools: ['us-east-1_D'], userPoolRoleArn: one }),
      d: link(),
    });
    assert.deepEqual(statementsOf(policies, 'ReadUserPools'), [
      {
        Effect: 'Allow',
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
        Resource: [one, other],
      },
      {
        Effect: 'Allow',
        Action: READ,
        Resource: [
          {
            'Fn::Sub':
              'arn:${AWS::Partition}:cognito-idp:us-east-1:${AWS::AccountId}:userpool/us-east-1_A',
          },
        ],
      },
    ]);
    assert.deepEqual(resourcesOf(policies, 'AssumeLinkRoles'), [
      'arn:aws:iam::222222222222:role/poolbridge-link',
    ]);
    const { accounts } = policies;
    assert.deepEqual(accounts, [{ Ref: 'AWS::AccountId' }, '333333333333', '444444444444']);
  });

  test('refuse more accounts and roles of user pools than there is room for, and say what to do', () => {
    const abroad = (count: number, of: (i: number) => string) =>
      linkPolicies(many(count, (i) => ({ userPools: [`us-east-1_${i}`], userPoolRoleArn: of(i) })));
    assert.equal(abroad(100, (i) => reader(333333333333 + i)).accounts.length, 101);
    assert.throws(
      () => abroad(101, (i) => reader(333333333333 + i)),
      /user pools of 101 other accounts, more than the 100 that .* Split links\.yml/,
    );
    assert.throws(
      () => abroad(1000, (i) => reader(333333333333, `${i}`.padEnd(64, 'x'))),
      /name 1000 distinct userPoolRoleArns, more than .* Let the user pools of one account/,
    );
  });

  test('hold 200 distinct roles with the long names, each once, in policies that IAM takes', () => {
    const roleArn = (i: number) =>
      `arn:aws-us-gov:iam::222222222222:role/${`role-${i}-`.padEnd(64, 'x')}`;
    const policies = linkPolicies(many(200, (i) => ({ roleArn: roleArn(i) })));
    assert.deepEqual(
      resourcesOf(policies, 'AssumeLinkRoles').sort(),
      Array.from({ length: 200 }, (_, i) => roleArn(i)).sort(),
    );
    assert.ok(sizes(policies).every((size) => size <= 6144));
    assert.ok(policies.assumeRoles.length <= 6);
  });

  test('refuse more roles than an IAM role has room for, and say what to do', () => {
    const roleArn = (i: number) => `arn:aws:iam::222222222222:role/${`${i}`.padEnd(64, 'x')}`;
    assert.throws(
      () => linkPolicies(many(1000, (i) => ({ roleArn: roleArn(i) }))),
      /name 1000 distinct roles, more than .* have room for\. Let identity pools/,
    );
  });

  const ofRegions = (i: number) => [`${i % 2 === 0 ? 'us-east-1' : 'eu-west-1'}_Pool${i}`];

  test('name hundreds of user pools one by one, in the room that the roles leave', () => {
    for (const roles of [1, 200]) {
      const roleArn = (i: number) =>
        `arn:aws:iam::222222222222:role/${`role-${i % roles}-`.padEnd(64, 'x')}`;
      const count = roles === 1 ? 600 : 290;
      const policies = linkPolicies(
        many(count, (i) => ({ userPools: [`us-east-1_Pool${i}`], roleArn: roleArn(i) })),
      );
      assert.equal(resourcesOf(policies, 'ReadUserPools').length, count);
      assert.ok(policies.writer.length <= 10);
      assert.ok(sizes(policies).every((size) => size <= 6144));
      assert.ok(!('wider' in policies));
    }
  });

  test('name the Regions of user pools where IAM has no room for all of them, and say so', () => {
    const policies = linkPolicies(many(8000, (i) => ({ userPools: ofRegions(i) })));
    assert.deepEqual(resourcesOf(policies, 'ReadUserPools'), [
      'arn:${AWS::Partition}:cognito-idp:eu-west-1:${AWS::AccountId}:userpool/eu-west-1_*',
      'arn:${AWS::Partition}:cognito-idp:us-east-1:${AWS::AccountId}:userpool/us-east-1_*',
    ]);
    assert.equal(
      policies.wider,
      '8000 user pools are more than IAM has room for by name: every user pool in eu-west-1, us-east-1 may be described and its app clients listed',
    );
  });

  test('keep to the tags where it is the names that IAM has no room for', () => {
    const policies = linkPolicies(
      many(8000, (i) => ({ userPools: ofRegions(i), userPoolTags: { team: 'web' } })),
    );
    const anywhere = 'arn:${AWS::Partition}:cognito-idp:*:${AWS::AccountId}:userpool/*';
    const unconditional = statementsOf(policies, 'ReadUserPools')
      .filter(({ Action, Condition }) => isDeepStrictEqual(Action, READ) && !Condition)
      .flatMap(({ Resource }) => Resource);
    assert.equal(unconditional.length, 2);
    assert.deepEqual(resourcesOf(policies, 'ReadUserPools').slice(0, 2), [anywhere, anywhere]);
  });

  test('with tags beyond IAM’s room let clients be listed of any user pool of the account, and say so', () => {
    const { userPools: _, ...untagged } = link();
    const links = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [
        `l${i}`,
        { ...untagged, userPoolTags: { team: `t${i}` } },
      ]),
    );
    const policies = linkPolicies(links);
    const anywhere = 'arn:${AWS::Partition}:cognito-idp:*:${AWS::AccountId}:userpool/*';
    assert.deepEqual(resourcesOf(policies, 'ReadUserPools'), [anywhere, anywhere]);
    assert.match(policies.wider!, /^600 sets of userPoolTags .* every user pool of the account/);
  });
});
