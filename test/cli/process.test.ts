import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type LocalAws, startAws } from 'embedded-aws';
import { environment, processOf } from './command.ts';

const read = (file: string): string =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

describe('the poolbridge process', () => {
  let local: LocalAws;
  let folder: string;
  before(async () => {
    local = await startAws();
    folder = mkdtempSync(join(tmpdir(), 'poolbridge-test-'));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await local.close();
  });

  test('starts by its first line, answers on stdout and prints no warning', async () => {
    const { code, out, err } = await processOf(environment({ local }), ['unlink', '--help']);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^Usage: poolbridge unlink \[options\]\n/);
    assert.match(out, /\n {2}--json /, 'the shared options are listed too');
  });

  test('is installed by npm ci where npx looks first', () => {
    const { packages } = JSON.parse(read('package-lock.json'));
    assert.deepEqual(packages['node_modules/@poolbridge/command'], {
      resolved: 'cli/bin',
      link: true,
    });
    assert.deepEqual(packages['cli/bin'].bin, { poolbridge: 'poolbridge.js' });
    // If the project itself had a bin, npx would install the whole project anew each time.
    assert.equal(packages[''].bin, undefined);
  });

  test('reads neither the AWS SDK nor a parser before it shows help, so that it starts at once', async () => {
    const hook = `import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
    const { code, err } = await processOf({ ...environment({ local }), NODE_OPTIONS }, ['--help']);
    assert.equal(code, 0, err);
    const packages = err.matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g);
    assert.deepEqual([...new Set([...packages].map(([, name]) => name))], ['commander']);
  });

  test('reads account, Region and endpoint of a profile as the AWS CLI does, and reports a failure as JSON on stdout', async () => {
    const config = join(folder, 'config');
    writeFileSync(
      config,
      `[profile there]
region = eu-west-1
endpoint_url = ${local.endpoint}
aws_access_key_id = 333333333333
aws_secret_access_key = any
`,
    );
    const env = {
      ...environment({ local }),
      AWS_CONFIG_FILE: config,
      AWS_REGION: undefined,
      AWS_ENDPOINT_URL: undefined,
    };
    const asked = ['history', '--json'];
    const [named, found] = await Promise.all([
      // A profile named as an option takes precedence over keys in the environment; AWS_PROFILE does not.
      processOf(env, [...asked, '--profile', 'there']),
      processOf({ ...env, AWS_PROFILE: 'there' }, asked),
    ]);
    for (const [said, account] of [
      [named, '333333333333'],
      [found, '111111111111'],
    ] as const) {
      assert.deepEqual([said.code, said.err], [1, '']);
      const { error, message } = JSON.parse(said.out);
      assert.equal(error, 'StateMachineDoesNotExist');
      assert.ok(message.includes(`arn:aws:states:eu-west-1:${account}:stateMachine:`), message);
    }
  });
});
