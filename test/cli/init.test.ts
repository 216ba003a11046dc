import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CognitoIdentityClient, CreateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import { startAws } from 'embedded-aws';
import { readLinksFile } from '../../packaging/links-file/links-file.ts';
import { poolbridge } from './command.ts';

const IDENTITY_POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';

describe('poolbridge init', () => {
  let local: Awaited<ReturnType<typeof startAws>>;
  let folder: string;
  before(async () => {
    local = await startAws();
    folder = mkdtempSync(join(tmpdir(), 'poolbridge-test-'));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await local.close();
  });

  const said = (file: string, ...more: string[]) => [
    'init',
    '--file',
    join(folder, file),
    '--user-pool',
    'us-east-1_EXAMPLE12',
    '--account-b',
    '222222222222',
    ...more,
  ];

  test('writes a links.yml that packages, and the commands for both accounts', async () => {
    const args = said('links.yml', '--identity-pool', IDENTITY_POOL, '--external-id', 'pair');
    const { code, out, err } = await poolbridge({ local }, args);
    assert.equal(code, 0, err);
    const { links, warnings } = readLinksFile(join(folder, 'links.yml'));
    assert.deepEqual(warnings, []);
    const { userPools, identityPool, roleArn, externalId } = links['first-link']!;
    assert.deepEqual(
      [userPools, identityPool, roleArn, externalId],
      [
        ['us-east-1_EXAMPLE12'],
        IDENTITY_POOL,
        'arn:aws:iam::222222222222:role/poolbridge-link',
        'pair',
      ],
    );
    assert.match(out, /--region ap-south-1 .*TrustedAccountId=111111111111 .*ExternalId=pair\n/);
    assert.match(out, /npx osls deploy --stage dev --region us-east-1 --param="links=/);
    assert.match(out, /poolbridge trial .*--user-pool us-east-1_EXAMPLE12\n$/);
  });

  test('refuses a file in a folder that does not exist, before it asks or writes anything', async () => {
    const { code, out, err } = await poolbridge({ local }, said(join('gone', 'links.yml')));
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /There is no folder \S+gone for \S+\. Create it, or name another file/);
  });

  test('writes the link from the entries that the identity pool has, with the credentials of its account', async () => {
    const keys = { accessKeyId: '222222222222', secretAccessKey: 'any' };
    const client = new CognitoIdentityClient({
      region: 'ap-south-1',
      endpoint: local.endpoint,
      credentials: keys,
    });
    const poolOf = async (entries: [userPool: string, client: string][]) => {
      const { IdentityPoolId = '' } = await client.send(
        new CreateIdentityPoolCommand({
          IdentityPoolName: 'there',
          AllowUnauthenticatedIdentities: false,
          CognitoIdentityProviders: entries.map(([userPool, ClientId]) => ({
            ProviderName: `cognito-idp.${userPool.split('_')[0]}.amazonaws.com/${userPool}`,
            ClientId,
            ServerSideTokenCheck: true,
          })),
        }),
      );
      return IdentityPoolId;
    };
    const pool = await poolOf([
      ['us-east-1_First0001', 'web'],
      ['us-east-1_First0001', 'app'],
      ['us-east-1_Second001', 'one'],
    ]);
    const file = join(folder, 'present.yml');
    const written = (to: string, from: string, more: string[] = [], by = keys) =>
      poolbridge(
        { local },
        ['init', '--from-entries', '--file', to, '--identity-pool', from, ...more],
        by,
      );
    const { code, out, err } = await written(file, pool);
    assert.equal(code, 0, err);
    const link = readLinksFile(file).links['first-link']!;
    assert.deepEqual(
      [link.userPools, link.identityPool, link.roleArn, link.serverSideTokenCheck],
      [
        ['us-east-1_First0001', 'us-east-1_Second001'],
        pool,
        'arn:aws:iam::222222222222:role/poolbridge-link',
        true,
      ],
    );
    assert.match(readFileSync(file, 'utf8'), /# us-east-1_First0001 has entries of: web, app\n/);
    assert.match(out, /TrustedAccountId=ACCOUNT_A /);
    const mixed = await poolOf([
      ['eu-west-1_Partner01', 'portal'],
      ['us-east-1_First0001', 'web'],
      ['us-east-1_Second001', 'one'],
    ]);
    const home = await written(join(folder, 'home.yml'), mixed);
    assert.match(home.out, /osls deploy --stage dev --region us-east-1 /);
    assert.match(home.out, /trial .* --region us-east-1 --user-pool us-east-1_First0001\n$/);
    const named = await written(join(folder, 'named.yml'), mixed, ['--region', 'eu-west-1']);
    assert.match(named.out, /osls deploy --stage dev --region eu-west-1 /);
    const wrong = { ...keys, accessKeyId: '111111111111' };
    const { err: refusal } = await written(join(folder, 'wrong.yml'), pool, [], wrong);
    assert.match(refusal, /Check its id, and that the credentials are those of its account\.$/m);
    const empty = await written(join(folder, 'empty.yml'), await poolOf([]));
    assert.equal(empty.code, 2);
    assert.match(empty.err, /has no entries to write links from/);
    assert.equal(existsSync(join(folder, 'empty.yml')), false);
  });

  test('asks at a terminal for what no option says', async () => {
    const asked = await poolbridge(
      { local },
      said('asked.yml'),
      undefined,
      {},
      true,
      IDENTITY_POOL,
    );
    assert.equal(asked.code, 0, asked.err);
    assert.match(asked.err, /Identity pool that they are linked to:/);
    const { links } = readLinksFile(join(folder, 'asked.yml'));
    assert.equal(links['first-link']!.identityPool, IDENTITY_POOL);
  });

  test('asks again for a malformed answer, and says what is wrong with it', async () => {
    const file = join(folder, 'again.yml');
    const asks = (typed: string, ...more: string[]) =>
      poolbridge({ local }, ['init', '--file', file, ...more], undefined, {}, true, typed);
    const ended = await asks(`us-east-1_First0001, nonsense\n\n`);
    assert.equal(ended.code, 2);
    assert.match(ended.err, /It must be an id like us-east-1_EXAMPLE12, not nonsense\.$/m);
    assert.match(ended.err, /--user-pool is missing, for example us-east-1_EXAMPLE12$/m);
    assert.equal(existsSync(file), false);
    const refused = await asks('us-east-1_First0001', '--account-b', '22');
    assert.match(refused.err, /^--account-b must be an id like 222222222222, not 22$/m);
    assert.doesNotMatch(refused.err, /User pool whose/, 'nothing is asked for nothing');
    const answers = ['nonsense', 'us-east-1_First0001', '', IDENTITY_POOL, '2', '222222222222'];
    const { code, err } = await asks(answers.join('\n'));
    assert.equal(code, 0, err);
    const { userPools, identityPool, roleArn } = readLinksFile(file).links['first-link']!;
    assert.deepEqual(
      [userPools, identityPool, roleArn],
      [['us-east-1_First0001'], IDENTITY_POOL, 'arn:aws:iam::222222222222:role/poolbridge-link'],
    );
  });

  test('writes nothing for what is missing or malformed, and leaves a file with links alone', async () => {
    const refused = async (file: string, ...more: string[]) => {
      const { code, err } = await poolbridge({ local }, said(file, ...more));
      assert.equal(code, 2, err);
      return err;
    };
    assert.match(await refused('none.yml'), /--identity-pool is missing, for example/);
    assert.match(
      await refused('none.yml', '--identity-pool', 'x'),
      /--identity-pool must be an id like/,
    );
    const bad = ['--identity-pool', IDENTITY_POOL, '--link', 'No Name'];
    assert.match(await refused('none.yml', ...bad), /^--link must be the name of a link: /);
    assert.equal(existsSync(join(folder, 'none.yml')), false);
    const mine = 'links:\n  mine: {}\n';
    writeFileSync(join(folder, 'mine.yml'), mine);
    const err = await refused('mine.yml', '--identity-pool', IDENTITY_POOL);
    assert.match(err, /has links already/);
    assert.equal(readFileSync(join(folder, 'mine.yml'), 'utf8'), mine);
  });
});
