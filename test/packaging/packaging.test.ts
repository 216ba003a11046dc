import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAws } from 'embedded-aws';
import { deployService } from '../../demo/deploy.ts';
import { packagedService } from '../../demo/package-cache.ts';
import type { Artifact } from '../../demo/package-service.ts';

const HOME = { account: '111111111111', region: 'us-east-1' };

const link = (name: string, i: number, roleArn: string) => `  ${name}:
    userPools: [us-east-1_Pool${i}]
    clients: ["team-${i}-*"]
    identityPool: ap-south-1:00000000-0000-0000-0000-${String(i).padStart(12, '0')}
    roleArn: ${roleArn}
`;

describe('packaging', () => {
  let artifact: Artifact;

  before(async () => {
    const links = Array.from({ length: 950 }, (_, i) => {
      const roleArn = `arn:aws:iam::222222222222:role/poolbridge-link-of-team-${i % 200}`;
      return link(`link-of-team-${i}`, i, roleArn);
    });
    const elsewhere = link(
      'elsewhere',
      950,
      'arn:aws:iam::222222222222:role/poolbridge-link-of-team-0',
    );
    const abroad = ['333333333333', '444444444444'].map((account, i) => {
      const role = 'arn:aws:iam::222222222222:role/poolbridge-link-of-team-0';
      const reader = `    userPoolRoleArn: arn:aws:iam::${account}:role/poolbridge-read\n`;
      return link(`abroad-${account}`, 960 + i, role) + reader;
    });
    const text = `links:\n${links.join('')}${elsewhere.replace('us-east-1_', 'eu-west-1_').replace('"team', '" team')}${abroad.join('')}`;
    assert.ok(text.length > 200_000 && text.length < 215_000, `${text.length} characters`);
    artifact = await packagedService(text, 'prod', { forwardingAccounts: '333333333333' });
  });
  after(() => artifact.remove());

  test('accepts 200 KB of links and 200 distinct roles, which also deploy', async () => {
    const local = await startAws();
    try {
      const { LinkStateMachineArn } = await deployService(local.aws, HOME, artifact, 'prod');
      assert.match(LinkStateMachineArn!, /stateMachine:poolbridge-prod-link$/);
      const update = [...local.aws.iam.roles.values()].find(({ name }) =>
        name.includes('-UpdateIdentityPoolRole-'),
      );
      const roles = update!.policies.flatMap(({ Statement }) =>
        Statement.filter(({ Action }) => Action.includes('sts:AssumeRole')).flatMap(
          ({ Resource }) => Resource ?? [],
        ),
      );
      const readers = ['333333333333', '444444444444'].map(
        (account) => `arn:aws:iam::${account}:role/poolbridge-read`,
      );
      assert.equal(new Set(roles).size, 202);
      assert.deepEqual(
        roles.filter((role) => role.endsWith('-read')),
        readers,
      );
      const bus = local.aws.buses.find(
        `arn:aws:events:us-east-1:${HOME.account}:event-bus/default`,
      )!;
      const rule = bus.rules.get('poolbridge-prod-app-client-created')!;
      const { account } = JSON.parse(rule.patternText!);
      assert.deepEqual(account, [HOME.account, '333333333333', '444444444444']);
      const [statement, ...more] = bus.policy!.Statement;
      assert.deepEqual(more, []);
      assert.deepEqual(statement?.Principal, { AWS: ['333333333333'] });
      assert.deepEqual(statement?.Condition, {
        StringEquals: {
          'events:source': ['aws.cognito-idp', 'aws.cognito-identity'],
          'events:detail-type': 'AWS API Call via CloudTrail',
        },
        BoolIfExists: { 'events:eventBusInvocation': 'true' },
      });
    } finally {
      await local.close();
    }
  });

  test('warns about probable mistakes, about wider permissions, and about user pools whose events do not arrive', () => {
    const warnings = artifact.printed.split('\n').filter((line) => line.startsWith('Warning: '));
    const [doubtful = '', ...others] = warnings;
    assert.match(
      doubtful,
      /links\.yml:4754: links\.elsewhere\.clients\.0 is " team-950-\*", which matches only names with /,
    );
    assert.deepEqual(others, [
      'Warning: links.elsewhere.userPools: 1 not in us-east-1, the Region of the deployment (eu-west-1_Pool950). Deploy resources/forwarder.yml in their Regions; otherwise link their new app clients by hand.',
      'Warning: links.yml names user pools of accounts that may not forward events (444444444444). Name these accounts in forwardingAccounts, or set forwardingOrganization, and deploy resources/forwarder.yml there; otherwise link their new app clients by hand.',
      'Warning: links.yml: 951 user pools do not fit into the policies by id, so the functions may describe every user pool in eu-west-1, us-east-1 and list its app clients.',
    ]);
  });

  test('refuses a wrong links.yml with a clear message, and packages nothing', async () => {
    const wrong = link('team', 1, 'arn:aws:iam::222222222222:role/x').replace('clients', 'client');
    await assert.rejects(packagedService(`links:\n${wrong}`), ({ message }: Error) => {
      assert.match(message, /links\.yml:4: links\.team\.client is not a key that Poolbridge knows/);
      assert.match(message, /Nothing was packaged\./);
      assert.ok(!/ at .*\.(js|ts):\d+/.test(message), message);
      return true;
    });
  });
});
