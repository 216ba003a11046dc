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

/** The length of the policies once CloudFormation has filled in partition and account. */
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
  test('allow assuming the roles that it names, each once, and nothing else', () => {
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

  test('allow listing the app clients of the user pools that it names, in their Regions', () => {
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

  test('allow listing the app clients of user pools with its tags, and reading tags', () => {
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

  test('are none if there are no links', () => {
    assert.deepEqual(linkPolicies({}), {
      policies: { Resources: {} },
      assumeRoles: [],
      readUserPools: [],
      listUserPools: [],
      readTags: [],
      sweeper: [],
      writer: [],
      accounts: [{ Ref: 'AWS::AccountId' }],
    });
  });

  const reader = (account: number, name = 'poolbridge-read') =>
    `arn:aws:iam::${account}:role/${name}`;

  test('allow listing the app clients of another account only through its role, and accept its events', () => {
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

  test('are refused for too many accounts or roles of user pools, with what to do', () => {
    const abroad = (count: number, of: (i: number) => string) =>
      linkPolicies(many(count, (i) => ({ userPools: [`us-east-1_${i}`], userPoolRoleArn: of(i) })));
    assert.equal(abroad(100, (i) => reader(333333333333 + i)).accounts.length, 101);
    assert.throws(
      () => abroad(101, (i) => reader(333333333333 + i)),
      /user pools of 101 other accounts, but an event pattern has room for 100\. Split links\.yml/,
    );
    assert.throws(
      () => abroad(1000, (i) => reader(333333333333, `${i}`.padEnd(64, 'x'))),
      /name 1000 distinct userPoolRoleArns, which do not fit into the policies\. Let the user pools of one account/,
    );
  });

  test('hold 200 distinct roles with long names, each once, within the size that IAM allows', () => {
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

  test('are refused for too many roles, with what to do', () => {
    const roleArn = (i: number) => `arn:aws:iam::222222222222:role/${`${i}`.padEnd(64, 'x')}`;
    assert.throws(
      () => linkPolicies(many(1000, (i) => ({ roleArn: roleArn(i) }))),
      /name 1000 distinct roles, which do not fit into the 6 managed policies .* Let identity pools/,
    );
  });

  const ofRegions = (i: number) => [`${i % 2 === 0 ? 'us-east-1' : 'eu-west-1'}_Pool${i}`];

  test('name hundreds of user pools by id, as far as the roles leave room', () => {
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

  test('name Regions instead of user pools that do not fit, with a warning', () => {
    const policies = linkPolicies(many(8000, (i) => ({ userPools: ofRegions(i) })));
    assert.deepEqual(resourcesOf(policies, 'ReadUserPools'), [
      'arn:${AWS::Partition}:cognito-idp:eu-west-1:${AWS::AccountId}:userpool/eu-west-1_*',
      'arn:${AWS::Partition}:cognito-idp:us-east-1:${AWS::AccountId}:userpool/us-east-1_*',
    ]);
    assert.equal(
      policies.wider,
      '8000 user pools do not fit into the policies by id, so the functions may describe every user pool in eu-west-1, us-east-1 and list its app clients',
    );
  });

  test('still require the tags if only the ids do not fit', () => {
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

  test('allow every user pool of the account if the tags do not fit, with a warning', () => {
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
