import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAws } from '../../local/index.ts';
import { deployService } from '../../local/poolbridge/deploy.ts';
import { type Artifact, packageService } from '../../local/poolbridge/package-service.ts';

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
    const text = `links:\n${links.join('')}${elsewhere.replace('us-east-1_', 'eu-west-1_')}`;
    assert.ok(text.length > 200_000 && text.length < 215_000, `${text.length} characters`);
    artifact = await packageService(text, 'prod');
  });
  after(() => artifact.remove());

  test('takes 200 KB of links and 200 distinct roles, and so does deploying', async () => {
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
      assert.equal(new Set(roles).size, 200);
    } finally {
      await local.close();
    }
  });

  test('warns of what is granted beyond links.yml, and of user pools that it will not hear of', () => {
    const warnings = artifact.printed.split('\n').filter((line) => line.startsWith('Warning: '));
    assert.deepEqual(warnings, [
      'Warning: links.elsewhere.userPools: 1 not of us-east-1, the Region deployed to (eu-west-1_Pool950). Their new app clients are not heard of there; link them by hand.',
      'Warning: links.yml: 951 user pools are more than IAM has room for by name: the app clients of every user pool in eu-west-1, us-east-1 may be listed.',
    ]);
  });

  test('says in its own words what is wrong with links.yml, and packages nothing', async () => {
    const wrong = link('team', 1, 'arn:aws:iam::222222222222:role/x').replace('clients', 'client');
    await assert.rejects(packageService(`links:\n${wrong}`), ({ message }: Error) => {
      assert.match(message, /links\.yml:4: links\.team\.client is not a key that Poolbridge knows/);
      assert.match(message, /Nothing was packaged\./);
      assert.ok(!/ at .*\.(js|ts):\d+/.test(message), message);
      return true;
    });
  });
});
