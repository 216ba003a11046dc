import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assembleAws, type EmbeddedAws } from 'embedded-aws';
import { type Principal, parsePolicy } from 'embedded-aws/kernel/iam.ts';
import {
  deployAccountB,
  deployForwarder,
  deployService,
  deployUserPoolAccount,
} from '../../demo/deploy.ts';
import { packagedService } from '../../demo/package-cache.ts';
import type { Artifact } from '../../demo/package-service.ts';

const HOME = { account: '111111111111', region: 'us-east-1' };
const BOUNDARY = `arn:aws:iam::${HOME.account}:policy/landing-zone`;

const policy = (...Statement: object[]) => parsePolicy({ Version: '2012-10-17', Statement });
const everything = { Effect: 'Allow', Action: '*', Resource: '*' };

/** An account that requires the boundary for every new role. */
function landingZone(): { aws: EmbeddedAws; deployer: Principal } {
  const aws = assembleAws();
  aws.iam.managedPolicies.set(BOUNDARY, policy(everything));
  const Condition = { StringNotEquals: { 'iam:PermissionsBoundary': BOUNDARY } };
  const refusal = { Effect: 'Deny', Action: 'iam:CreateRole', Resource: '*', Condition };
  const role = aws.iam.putRole({
    arn: `arn:aws:iam::${HOME.account}:role/deployer`,
    name: 'deployer',
    trust: policy(),
    policies: [policy(everything, refusal)],
  });
  return { aws, deployer: aws.iam.openSession(role, { name: 'pipeline', seconds: 900 }) };
}

/** The boundary of each role of a packaged service, by logical id. */
function boundariesIn({ folder }: Pick<Artifact, 'folder'>): [string, unknown][] {
  const file = join(folder, 'cloudformation-template-update-stack.json');
  const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  const roles = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::IAM::Role');
  assert.ok(roles.length >= 18, `${roles.length} roles`);
  return roles.map(([id, { Properties }]) => [id, Properties['PermissionsBoundary']]);
}

const withoutParameter = { folder: process.env['POOLBRIDGE_ARTIFACT'] ?? '' };

describe('a permissions boundary', () => {
  let artifact: Artifact;
  before(async () => {
    artifact = await packagedService('links: {}\n', 'dev', { permissionsBoundary: BOUNDARY });
  });
  after(() => artifact.remove());

  test('is on every role of the service if the parameter names it', () => {
    for (const [id, boundary] of boundariesIn(artifact)) assert.equal(boundary, BOUNDARY, id);
  });

  test('is on no role of the service if the parameter is blank', () => {
    for (const [id, boundary] of boundariesIn(withoutParameter))
      assert.equal(boundary, undefined, id);
  });

  test('allows a deployment in an account that requires it for every role', async () => {
    const { aws, deployer } = landingZone();
    await deployService(aws, { ...HOME, deployer }, artifact);
    const other = landingZone();
    await assert.rejects(
      deployService(other.aws, { ...HOME, deployer: other.deployer }, withoutParameter),
      /not authorized to perform: iam:CreateRole/,
    );
  });

  const templates = {
    'account-b.yml': [
      deployAccountB,
      { TrustedAccountId: HOME.account, IdentityPoolIds: 'ap-south-1:0' },
    ],
    'user-pool-account.yml': [
      deployUserPoolAccount,
      { TrustedAccountId: HOME.account, UserPoolIds: 'us-east-1_One' },
    ],
    'forwarder.yml': [
      deployForwarder,
      { HomeBusArn: 'arn:aws:events:eu-west-1:111111111111:event-bus/default' },
    ],
  } as const;
  for (const [name, [deploy, parameters]] of Object.entries(templates)) {
    test(`allows a deployment of ${name} there, with its parameter PermissionsBoundary`, async () => {
      const { aws, deployer } = landingZone();
      await assert.rejects(
        deploy(aws, { ...HOME, deployer }, parameters),
        /not authorized to perform: iam:CreateRole/,
      );
      await deploy(aws, { ...HOME, deployer }, { ...parameters, PermissionsBoundary: BOUNDARY });
      const made = [...aws.iam.roles.values()].filter((role) => role.name !== 'deployer');
      assert.ok(made.length > 0);
      for (const role of made) assert.ok(role.boundary, role.name);
      const wrong = deploy(aws, HOME, { ...parameters, PermissionsBoundary: 'landing-zone' });
      await assert.rejects(wrong, /does not allow the value 'landing-zone'/);
    });
  }

  test('that is not the ARN of a policy is refused, and nothing is packaged', async () => {
    await assert.rejects(
      packagedService('links: {}\n', 'dev', { permissionsBoundary: 'landing-zone' }),
      /permissionsBoundary is "landing-zone", which is not the ARN of an IAM policy\. .* Nothing was packaged\./,
    );
  });
});
