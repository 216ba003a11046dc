import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type LocalAws, startAws } from 'embedded-aws';
import { networkOf } from '../../cli/network.ts';
import { sentenceOf } from '../../cli/output/advice.ts';
import { Session } from '../../cli/session.ts';
import { commandPath, environment, poolbridge, processOf } from './command.ts';

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

  test('starts through its first line, answers on stdout and prints no warning', async () => {
    const { code, out, err } = await processOf(environment({ local }), ['unlink', '--help']);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^Usage: poolbridge unlink \[options\]\n/);
    assert.match(out, /\n {2}--json /, 'the shared options are listed too');
  });

  test('is installed by npm ci in the folder that npx searches first', () => {
    const { packages } = JSON.parse(read('package-lock.json'));
    assert.deepEqual(packages['node_modules/@poolbridge/command'], {
      resolved: 'cli/bin',
      link: true,
    });
    assert.deepEqual(packages['cli/bin'].bin, { poolbridge: 'poolbridge.js' });
    // If the project itself had a bin, npx would install the whole project anew each time.
    assert.equal(packages[''].bin, undefined);
  });

  test('loads neither the AWS SDK nor a parser before it shows help, so that it starts at once', async () => {
    const hook = `import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
    const { code, err } = await processOf({ ...environment({ local }), NODE_OPTIONS }, ['--help']);
    assert.equal(code, 0, err);
    const packages = err.matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g);
    assert.deepEqual([...new Set([...packages].map(([, name]) => name))], ['commander']);
  });

  test('shows its version as the AWS CLI does', async () => {
    const { code, out } = await processOf(environment({ local }), ['--version']);
    assert.equal(code, 0);
    assert.match(out, /^poolbridge\/\d+\.\d+\.\d+ node\/24\.\d+\.\d+ \w+\/\w+\n$/);
  });

  test('names a profile that does not exist, and those that do', async () => {
    const config = join(folder, 'profiles');
    writeFileSync(config, '[default]\nregion = eu-west-1\n[profile there]\nregion = eu-west-1\n');
    const env = { ...environment({ local }), AWS_CONFIG_FILE: config };
    const { code, err } = await processOf(env, ['history', '--profile', 'nosuch']);
    assert.equal(code, 2);
    assert.match(err, /^ProfileNotFound: There is no AWS profile nosuch, .*: default, there\.\n$/);
    const named = await processOf({ ...env, AWS_PROFILE: 'nosuch' }, ['history']);
    assert.match(named.err, /There is no AWS profile nosuch/);
  });

  test('reaches AWS through the proxy of the environment, unless NO_PROXY names the host', async () => {
    const connected: string[] = [];
    const proxy = createServer().on('connect', ({ url = '' }, socket) => {
      connected.push(url);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const env = {
      ...environment({ local }),
      AWS_ENDPOINT_URL: 'https://aws.example.invalid',
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
    };
    try {
      assert.equal((await processOf(env, ['history'])).code, 1);
      assert.deepEqual([...new Set(connected)], ['aws.example.invalid:443']);
      connected.length = 0;
      const direct = { ...env, NO_PROXY: 'aws.example.invalid' };
      assert.match((await processOf(direct, ['history'])).err, /ENOTFOUND|EAI_AGAIN/);
      assert.deepEqual(connected, []);
    } finally {
      proxy.close();
    }
  });

  test('gives each attempt of a call a minute, as the AWS CLI does, whatever client makes it', async () => {
    const session = new Session({
      endpoint: local.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: '111111111111', secretAccessKey: 'any' },
    });
    const sfn = await session.stepFunctions();
    const table = await session.table();
    await sfn.listStateMachines({});
    await table.listTables({});
    for (const { config } of [sfn, table]) {
      const handler = config.requestHandler as { httpHandlerConfigs?(): Record<string, unknown> };
      const { connectionTimeout, requestTimeout, throwOnRequestTimeout } =
        handler.httpHandlerConfigs!();
      assert.deepEqual(
        [connectionTimeout, requestTimeout, throwOnRequestTimeout],
        [60_000, 60_000, true],
      );
    }
  });

  test('says why the credential_process of a profile fails, and not what it was called with', async () => {
    const config = join(folder, 'failing');
    const program = 'echo "the vault is sealed" >&2; exit 3; : a-secret';
    writeFileSync(config, `[profile vault]\nregion = us-east-1\ncredential_process = ${program}\n`);
    const env = { ...environment({ local }), AWS_CONFIG_FILE: config };
    const { code, err } = await processOf(env, ['history', '--profile', 'vault']);
    assert.equal(code, 1);
    assert.match(
      err,
      /^CredentialProcessError: The credential_process of the AWS profile vault failed: the vault is sealed\. /,
    );
    assert.ok(!err.includes('a-secret'), err);
    // The same program behind a role, and behind a role behind that.
    const role = (name: string, source: string) =>
      `[profile ${name}]\nregion = us-east-1\nrole_arn = arn:aws:iam::111111111111:role/${name}\nsource_profile = ${source}\n`;
    appendFileSync(config, role('near', 'vault') + role('far', 'near'));
    for (const name of ['near', 'far']) {
      const behind = await processOf(env, ['history', '--profile', name]);
      assert.equal(behind.err, err);
    }
  });

  test('asks once at a terminal for the code that a profile needs, and says where there is none', async () => {
    const serial = 'arn:aws:iam::111111111111:mfa/alice';
    const arn = 'arn:aws:iam::111111111111:role/with-mfa';
    local.aws.iam.putRole({
      arn,
      name: 'with-mfa',
      trust: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
      },
      policies: [],
    });
    const config = join(folder, 'mfa');
    writeFileSync(
      config,
      `[profile base]
aws_access_key_id = 111111111111
aws_secret_access_key = any
[profile mfa]
region = us-east-1
source_profile = base
role_arn = ${arn}
mfa_serial = ${serial}
`,
    );
    const asked: unknown[] = [];
    const { call } = local.aws;
    local.aws.call = (made) => {
      if (made.operation === 'AssumeRole') {
        asked.push([made.input['SerialNumber'], made.input['TokenCode']]);
      }
      return call.call(local.aws, made);
    };
    const env = { AWS_CONFIG_FILE: config, AWS_PROFILE: undefined };
    const args = ['approvals', '--profile', 'mfa'];
    try {
      const said = await poolbridge({ local }, args, undefined, env, true, '123456');
      // Nothing is deployed, and the role may do nothing.
      assert.equal(said.err.split(`MFA code for ${serial}: `).length, 2, said.err);
      assert.match(said.err, /assumed-role\/with-mfa\/.* is not authorized to perform/);
      assert.deepEqual(asked, [[serial, '123456']]);
      const { code, err } = await poolbridge({ local }, args, undefined, env);
      assert.equal(code, 1);
      assert.match(err, /needs a code of the MFA device .*, and there is no terminal to ask at\./);
    } finally {
      local.aws.call = call;
    }
  });

  test('calls AWS as often as AWS_MAX_ATTEMPTS says', async () => {
    const calls: string[] = [];
    const server = createServer((request, response) => {
      const target = String(request.headers['x-amz-target'] ?? 'sts');
      calls.push(target);
      request.resume();
      // Who calls is known, and Step Functions is out of order.
      const identity =
        '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:root</Arn><Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
      response.writeHead(target === 'sts' ? 200 : 500);
      response.end(target === 'sts' ? identity : '{"__type":"InternalFailure"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const env = { ...environment({ local }), AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
    try {
      for (const attempts of [1, 2]) {
        calls.length = 0;
        const tried = { ...env, AWS_MAX_ATTEMPTS: String(attempts) };
        assert.equal((await processOf(tried, ['history'])).code, 1);
        const lists = calls.filter((call) => call.endsWith('.ListExecutions'));
        assert.equal(lists.length, attempts, String(calls));
      }
    } finally {
      server.close();
    }
  });

  test('trusts the certificates of AWS_CA_BUNDLE, and names a file that it can not read', async () => {
    const bundle = join(folder, 'bundle.pem');
    writeFileSync(bundle, 'a certificate');
    const { requestHandler } = networkOf({ AWS_CA_BUNDLE: bundle });
    assert.equal(String(requestHandler?.httpsAgent.options.ca), 'a certificate');
    assert.deepEqual(networkOf({}), {});
    const env = { ...environment({ local }), AWS_CA_BUNDLE: join(folder, 'absent.pem') };
    const { code, err } = await processOf(env, ['history']);
    assert.equal(code, 1);
    assert.match(
      err,
      /^Error: AWS_CA_BUNDLE names .*absent\.pem, which can't be read \(ENOENT\)\./,
    );
  });

  test('explains that a Region does not exist', async () => {
    const { code, err } = await processOf(environment({ local }), [
      'history',
      '--region',
      'us east',
    ]);
    assert.equal(code, 1);
    assert.match(err, /Name a Region by its code, such as us-east-1\.\n$/);
    const blank = { ...environment({ local }), AWS_REGION: '' };
    const { err: missing } = await processOf(blank, ['history']);
    assert.match(missing, /Name the Region that Poolbridge is deployed to, with --region, /);
    const error = new Error('getaddrinfo ENOTFOUND states.us-esat-1.amazonaws.com');
    assert.match(sentenceOf(error)[1], /check that us-esat-1 is the Region/);
  });

  test('ends quietly when the reader of its output stops', async () => {
    const { path, env } = { path: commandPath, env: environment({ local }) };
    const child = spawn(path, ['--help'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const [code] = await once(child, 'close');
    assert.deepEqual([code, err], [0, '']);
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
