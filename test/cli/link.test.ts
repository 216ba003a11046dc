import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ACCOUNT_A, ACCOUNT_B, pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';
const command = fileURLToPath(new URL('../../cli/link.ts', import.meta.url));

describe('npm run link', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(MOBILE);
    await world.createIdentityPool(pools.mobile);
  });
  after(() => world.close());

  const home = () => ({
    PATH: process.env['PATH'],
    NO_COLOR: '1',
    AWS_ENDPOINT_URL: world.local.endpoint,
    AWS_ACCESS_KEY_ID: ACCOUNT_A,
    AWS_SECRET_ACCESS_KEY: 'any',
    // Nobody's own profile, and nobody's machine's role.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  const link = (...args: string[]) => linkIn({ ...home(), AWS_REGION: 'us-east-1' }, ...args);
  const linkIn = (env: Record<string, string | undefined>, ...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      execFile(process.execPath, [command, ...args], { env }, (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
      });
    });

  test('links, shows the states as they are entered, and what changed', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const { code, out } = await link(
      '--user-pool',
      MOBILE,
      '--client',
      clientId,
      '--reason',
      'drill',
    );
    assert.equal(code, 0);
    const lines = out.trim().split('\n');
    assert.match(
      lines[0]!,
      /^arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:/,
    );
    assert.deepEqual(lines.slice(1, 4), ['  ResolveTargets', '  LinkTargets', '  AssumeRole']);
    assert.ok(out.includes(`LINKED ${pools.mobile} (mobile)\n  + CognitoIdentityProviders {`));
    assert.match(out, / {2}as arn:aws:sts::222222222222:assumed-role\/poolbridge-link\//);
    const { requestedBy } = (await world.executionFor(clientId)).result();
    assert.deepEqual(requestedBy, { via: 'person', reason: 'drill' });
  });

  test('shows without writing, and unlinks', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const both = ['--user-pool', MOBILE, '--client', clientId];
    const before = await world.describe(pools.mobile);
    assert.match((await link(...both, '--dry-run')).out, /PLANNED/);
    assert.deepEqual(await world.describe(pools.mobile), before);
    await link(...both, '--identity-pool', pools.mobile);
    const { out } = await link(...both, '--unlink');
    assert.match(out, /UNLINKED .*\n {2}- CognitoIdentityProviders/);
    assert.deepEqual(await world.describe(pools.mobile), before);
  });

  test('says in one sentence why it failed, and exits with 1; with 3 for what is not covered', async () => {
    const missing = await link('--user-pool', MOBILE, '--client', 'nobody');
    assert.equal(missing.code, 1);
    assert.match(
      missing.err,
      /^UserPoolClientNotFoundError: The user pool us-east-1_Mobile001 has no app client nobody\./,
    );
    const uncovered = await link('--user-pool', 'us-east-1_Other0001', '--client', 'nobody');
    assert.equal(uncovered.code, 3);
    assert.match(uncovered.err, /^NotCoveredError: No link in links\.yml covers/);
  });

  test('shows the entry that it added to a pool of more than 100 entries', async () => {
    const userPool = 'us-east-1_Huge00001';
    const CognitoIdentityProviders = Array.from({ length: 101 }, (_, i) => ({
      ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_Foreign02',
      ClientId: `foreign${i}`,
    }));
    world.local.aws.identityPools.providerQuota = 1000;
    await world.createUserPool(userPool);
    await world.createIdentityPool(pools.huge, ACCOUNT_B, { CognitoIdentityProviders });
    const clientId = await world.createAppClient(userPool);
    const { out } = await link('--user-pool', userPool, '--client', clientId);
    const added = out.split('\n').filter((line) => line.startsWith('  + '));
    assert.equal(added.length, 1, out);
    assert.ok(added[0]!.includes(`"ClientId":"${clientId}"`));
  });

  test('unlinks a whole user pool only where that is said in so many words', async () => {
    const clientIds = [await world.createAppClient(MOBILE), await world.createAppClient(MOBILE)];
    for (const clientId of clientIds) await link('--user-pool', MOBILE, '--client', clientId);
    const unsaid = await link('--user-pool', MOBILE, '--unlink');
    assert.equal(unsaid.code, 2);
    assert.match(unsaid.err, /^--client is missing, or --all-clients\n/);
    const { out } = await link('--user-pool', MOBILE, '--unlink', '--all-clients');
    for (const clientId of clientIds) assert.ok(out.includes(`"ClientId":"${clientId}"`), out);
  });

  test('takes its Region from AWS_DEFAULT_REGION too, and says what to set without one', async () => {
    const args = ['--user-pool', MOBILE, '--client', await world.createAppClient(MOBILE)];
    const { code } = await linkIn({ ...home(), AWS_DEFAULT_REGION: 'us-east-1' }, ...args);
    assert.equal(code, 0);
    const without = await linkIn(home(), ...args);
    assert.equal(without.code, 1);
    assert.match(without.err, /^Error: Region is missing\. Set AWS_REGION or AWS_DEFAULT_REGION,/);
  });

  const refusals: [string, string[], Record<string, string | undefined>, RegExp][] = [
    [
      'a stage that is not there',
      ['--stage', 'nope'],
      {},
      /^StateMachineDoesNotExist: .*-nope-link.*\. Is it deployed to this account, Region and stage\?$/,
    ],
    [
      'another account',
      [],
      { AWS_ACCESS_KEY_ID: ACCOUNT_B },
      /^StateMachineDoesNotExist: .*222222222222.*\. Is it deployed to this account,/,
    ],
    [
      'no credentials',
      [],
      { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
      /^CredentialsProviderError: .*\. Sign in, or set AWS_PROFILE/,
    ],
    [
      'nobody at the endpoint',
      [],
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
      /^Error: connect ECONNREFUSED 127\.0\.0\.1:1\. Is anybody there\? Check AWS_ENDPOINT_URL/,
    ],
  ];
  for (const [what, args, env, expected] of refusals) {
    test(`with ${what} says what to look at, in one line`, async () => {
      const { code, err } = await linkIn(
        { ...home(), AWS_REGION: 'us-east-1', ...env },
        ...['--user-pool', MOBILE, '--client', 'any', ...args],
      );
      assert.equal(code, 1);
      assert.match(err.trimEnd(), expected);
      assert.equal(err.trimEnd().split('\n').length, 1, err);
    });
  }

  test('used wrongly says what is missing and how it is used, and exits with 2', async () => {
    const both = ['--user-pool', MOBILE, '--client', 'any', '--all-clients'];
    for (const args of [
      [],
      ['--user-pool', MOBILE],
      ['--user-pol', MOBILE],
      ['--user-pool', MOBILE, '--all-clients'],
      [...both, '--unlink'],
    ]) {
      const { code, err } = await link(...args);
      assert.equal(code, 2);
      assert.match(
        err,
        /--(user-pool is missing|client is missing|user-pol|all-clients goes|client or)/,
      );
      assert.match(err, /npm run link -- --user-pool/);
    }
    assert.equal((await link('--help')).code, 0);
  });
});
