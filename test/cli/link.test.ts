import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ACCOUNT_A, pools, startWorld, type World } from '../world.ts';

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

  const link = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const env = {
        PATH: process.env['PATH'],
        NO_COLOR: '1',
        AWS_ENDPOINT_URL: world.local.endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: ACCOUNT_A,
        AWS_SECRET_ACCESS_KEY: 'any',
      };
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

  test('used wrongly says what is missing and how it is used, and exits with 2', async () => {
    for (const args of [[], ['--user-pool', MOBILE], ['--user-pol', MOBILE]]) {
      const { code, err } = await link(...args);
      assert.equal(code, 2);
      assert.match(err, /--(user-pool is missing|client is missing|user-pol)/);
      assert.match(err, /npm run link -- --user-pool/);
    }
    assert.equal((await link('--help')).code, 0);
  });
});
