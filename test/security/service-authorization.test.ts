import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assembleAws, type EmbeddedAws } from 'embedded-aws';
import {
  deployAccountB,
  deployForwarder,
  deployService,
  deployUserPoolAccount,
} from '../../demo/deploy.ts';
import { problemsOf, type Statement, unknownActions } from './service-authorization.ts';

const HOME = { account: '111111111111', region: 'us-east-1' };
const AWAY = { account: '222222222222', region: 'ap-south-1' };

/** Every statement in a value, at any depth. */
function statementsIn(value: unknown): Statement[] {
  if (Array.isArray(value)) return value.flatMap(statementsIn);
  if (typeof value !== 'object' || value === null) return [];
  if ('Effect' in value && 'Action' in value) return [value as Statement];
  return Object.values(value).flatMap(statementsIn);
}

/** An AWS that collects every deployed statement, with resolved references. */
function recording(): { aws: EmbeddedAws; statements: Statement[] } {
  const aws = assembleAws();
  const made = { ref: 'poolbridge-bucket', attributes: { Arn: 'arn:aws:s3:::poolbridge-bucket' } };
  aws.services.set('s3', {
    operations: {},
    resources: {
      'AWS::S3::Bucket': { properties: ['BucketEncryption'], create: () => made },
      'AWS::S3::BucketPolicy': { properties: ['Bucket', 'PolicyDocument'], create: () => made },
    },
  });
  const statements: Statement[] = [];
  for (const { resources = {} } of aws.services.values()) {
    for (const type of Object.values(resources)) {
      const { create } = type;
      type.create = (properties, at) => {
        statements.push(...statementsIn(properties));
        return create(properties, at);
      };
    }
  }
  return { aws, statements };
}

const read = (file: string): string =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: root })];

/** The policies that a document shows. */
const shownIn = (text: string): Statement[] =>
  [...text.matchAll(/```json\n(.*?)```/gs)]
    .map(([, json = '']) => json)
    .filter((json) => json.includes('"Effect"') && !json.includes('Update:'))
    .flatMap((json) => statementsIn(JSON.parse(json)));

const HomeBusArn = `arn:aws:events:${HOME.region}:${HOME.account}:event-bus/default`;

function isSound(statements: Statement[], fewest: number): void {
  assert.ok(statements.length >= fewest, `${statements.length} statements`);
  const problems = statements.flatMap((statement) =>
    problemsOf(statement).map((problem) => `${statement.Sid ?? 'a statement'}: ${problem}`),
  );
  assert.deepEqual([...new Set(problems)], []);
}

describe('each action, resource and condition key is known to IAM', () => {
  test('in the packaged service', async () => {
    const { aws, statements } = recording();
    const folder = process.env['POOLBRIDGE_ARTIFACT'] ?? '';
    await deployService(aws, HOME, { folder }, 'dev', { ForwardingAccounts: AWAY.account });
    isSound(statements, 70);
  });

  test('in resources/account-b.yml, with everything that its parameters grant', async () => {
    const { aws, statements } = recording();
    await deployAccountB(aws, AWAY, {
      TrustedAccountId: HOME.account,
      IdentityPoolIds: 'ap-south-1:1,ap-south-1:2',
      ExternalId: 'pairing',
      RoleMappingRoleArns: `arn:aws:iam::${AWAY.account}:role/one`,
      PrincipalTags: 'true',
      NameWhoRemoves: 'true',
      TellPoolChanges: 'true',
      HomeBusArn,
    });
    isSound(statements, 8);
  });

  test('in resources/user-pool-account.yml and resources/forwarder.yml', async () => {
    const { aws, statements } = recording();
    const UserPoolIds = 'us-east-1_One,us-east-1_Two';
    await deployUserPoolAccount(aws, AWAY, { TrustedAccountId: HOME.account, UserPoolIds });
    await deployForwarder(aws, AWAY, { HomeBusArn });
    isSound(statements, 5);
  });

  test('in the policy for deployers', () => {
    isSound(statementsIn(JSON.parse(read('resources/deployer-policy.json'))), 8);
  });

  test('in the policies that the documents show', () => {
    isSound(
      documents.flatMap((file) => shownIn(read(file))),
      5,
    );
  });

  test('each action that a document names is one of IAM’s', () => {
    const services = 'cloudtrail|cognito-identity|cognito-idp|dynamodb|events|iam|logs|states|sts';
    const named = new RegExp(`\`((?:${services}):[A-Z]\\w+)\``, 'g');
    const actions = documents.flatMap((file) => [...read(file).matchAll(named)].map(([, a]) => a!));
    assert.ok(actions.length > 20, `${actions.length} actions`);
    const keys = new Set([
      'dynamodb:LeadingKeys',
      'iam:PermissionsBoundary',
      'iam:PassedToService',
    ]);
    assert.deepEqual(unknownActions(actions.filter((action) => !keys.has(action))), []);
  });
});

describe('what IAM would ignore silently is found', () => {
  const bus = 'arn:aws:events:us-east-1:111111111111:event-bus/default';
  const cases: [what: string, statement: Statement, problem: RegExp][] = [
    [
      'an action without resource types on a resource',
      { Action: 'events:PutPermission', Resource: bus },
      /events:PutPermission takes none of arn/,
    ],
    [
      'an action that does not exist',
      { Action: 'events:PutPermissions', Resource: '*' },
      /events:PutPermissions is no action of service-authorization/,
    ],
    [
      'a resource of another type',
      { Action: 'states:StartExecution', Resource: bus },
      /event-bus\/default is taken by none of states:StartExecution/,
    ],
    [
      'a condition key that the action does not have',
      {
        Action: 'states:StartExecution',
        Resource: '*',
        Condition: { StringEquals: { 'iam:PassedToService': 'x' } },
      },
      /states:StartExecution does not have the condition key iam:PassedToService/,
    ],
  ];
  for (const [what, statement, problem] of cases) {
    test(what, () => assert.match(problemsOf(statement).join('\n'), problem));
  }

  test('a correct statement is not reported', () => {
    const Condition = { StringEquals: { 'aws:ResourceTag/team': 'web' } };
    const Resource = 'arn:*:cognito-idp:*:*:userpool/*';
    assert.deepEqual(
      problemsOf({ Action: 'cognito-idp:ListUserPoolClients', Resource, Condition }),
      [],
    );
  });
});
