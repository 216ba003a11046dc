import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { startAws } from 'embedded-aws';
import { tell } from '../../demo/story.ts';

const command = fileURLToPath(new URL('../../cli/bin/poolbridge.js', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'poolbridge-start-'));

// No credentials or settings of a developer, and a program that opens addresses as a browser would.
const { PATH, NODE_COMPILE_CACHE } = process.env;
const programs = join(scratch, 'programs');
const opened = join(scratch, 'opened');
const env = {
  PATH: `${programs}:${PATH}`,
  NODE_COMPILE_CACHE,
  NO_COLOR: '1',
  TMPDIR: scratch,
};

const local = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [command, 'local', ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });

const MOBILE = 'eu-west-1_Mobile001';
const links = `links:
  mobile:
    userPools: [${MOBILE}]
    clients: ["ios-*"]
    identityPool: ap-south-1:00000000-0000-0000-0000-000000000001
    roleArn: arn:aws:iam::222222222222:role/linker
    externalId: pairing
  careful:
    userPoolTags: { team: web }
    identityPool: eu-central-1:00000000-0000-0000-0000-000000000002
    roleArn: arn:aws:iam::333333333333:role/poolbridge-link
    principalTags: default
    approval: required
  partners:
    userPools: [us-east-1_Partner01]
    userPoolRoleArn: arn:aws:iam::444444444444:role/reader
    identityPool: ap-south-1:00000000-0000-0000-0000-000000000001
    roleArn: arn:aws:iam::222222222222:role/linker
    externalId: pairing
`;
const file = join(scratch, 'links.yml');

/** What `local` prints, and what `local --env` printed once it was up. */
interface Tried {
  out: string;
  env: Awaited<ReturnType<typeof local>>;
  whileUp: string[];
}

/** The files with which running ones are found. */
const found = () =>
  readdirSync(scratch)
    .filter((name) => name.startsWith('poolbridge-local-'))
    .flatMap((folder) => readdirSync(join(scratch, folder)).map((name) => join(folder, name)));

/** Tries the links.yml, creates an app client from outside, waits until it is linked, and sends Ctrl-C. */
async function tryLinks(): Promise<Tried> {
  const args = [command, 'local', '--port', '0', '--links', file, '--open'];
  const child = spawn(process.execPath, args, { env });
  const tried: Partial<Tried> & { out: string } = { out: '' };
  try {
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      tried.out += chunk;
      if (!tried.env && tried.out.includes('as they happen')) {
        tried.whileUp = found();
        tried.env = await local('--env');
        const set = (name: string) =>
          new RegExp(`^export ${name}=(.*)$`, 'm').exec(tried.env!.out)?.[1];
        const client = new CognitoIdentityProviderClient({
          endpoint: set('AWS_ENDPOINT_URL')!,
          region: set('AWS_REGION')!,
          credentials: {
            accessKeyId: set('AWS_ACCESS_KEY_ID')!,
            secretAccessKey: set('AWS_SECRET_ACCESS_KEY')!,
          },
        });
        await client.send(
          new CreateUserPoolClientCommand({ UserPoolId: MOBILE, ClientName: 'ios-live' }),
        );
      }
      if (/ios-live {2}\w+\n/.test(tried.out)) child.kill('SIGINT');
    }
    return tried as Tried;
  } finally {
    // The test would wait for a process that it leaves behind.
    child.kill();
  }
}

describe('npm start', () => {
  let once: Awaited<ReturnType<typeof local>>;
  let own: Tried;
  // Both at the same time.
  before(async () => {
    writeFileSync(file, links);
    mkdirSync(programs);
    for (const name of ['xdg-open', 'open']) {
      const program = `#!/bin/sh\necho "$1" > "${opened}"\n`;
      writeFileSync(join(programs, name), program, { mode: 0o755 });
    }
    [once, own] = await Promise.all([local('--once'), tryLinks()]);
  });
  after(() => rmSync(scratch, { recursive: true }));

  test('says first that nothing is created in an AWS account', () => {
    for (const { out } of [once, own]) {
      const [first] = out.split('\n');
      assert.equal(first, 'Local AWS emulator · nothing is created in your AWS account');
    }
  });

  test('runs the whole demo with --once, also while another one runs', () => {
    const { code, out, err } = once;
    assert.equal(code, 0, err);
    assert.match(
      out,
      /Ada signs in: “Token is not from a supported provider of this identity pool\.”/,
    );
    assert.match(
      out,
      /✔ Ada signs in with the new client, and gets credentials of the role customer\n/,
    );
    assert.match(out, /What changed\n {2}\+ ios {2}\w+ {2}us-east-1_\w+\n/);
    assert.match(
      out,
      /✔ An app client is created and linked, then deleted: its entry goes by itself\n/,
    );
    assert.match(
      out,
      /✔ An event is lost; reconcile links the app client, and the one from before\n/,
    );
    assert.match(out, /who +arn:aws:iam::111111111111:root, by creating the app client/);
    const addresses = [out, own.out].map((each) => /http:\/\/127\.0\.0\.1:\d+/.exec(each)?.[0]);
    assert.equal(new Set(addresses).size, 2);
  });

  test('shows that an entry which others remove comes back, and who removed it', () => {
    assert.match(
      once.out,
      /✔ A recheck restores the entry of ios after \d+\.\d s \(on AWS, it first waits 10 s\)\n/,
    );
    assert.match(once.out, /✔ The recheck names who removed it: arn:aws:iam::222222222222:root\n/);
  });

  test('shows the links.yml that it deploys', () => {
    assert.match(
      once.out,
      /The links\.yml that it deploys\n {2}links:\n {4}customers:\n {6}userPools: \[us-east-1_\w+\]\n/,
    );
  });

  test('deploys a links.yml of your own, with the pools and roles that it names', () => {
    const { out } = own;
    const pool = (n: number) => `00000000-0000-0000-0000-00000000000${n}`;
    for (const words of [
      `✔ mobile: the app client ios-app in ${MOBILE}\n✔   LINKED ap-south-1:${pool(1)}\n`,
      `✔ partners: the app client app in us-east-1_Partner01\n✔   LINKED ap-south-1:${pool(1)}\n`,
    ]) {
      assert.ok(out.includes(words), out);
    }
    assert.match(
      out,
      /✔ careful: the app client app in eu-west-1_\w+\n✔ {3}WAITING for approval; npx poolbridge approvals lists it\n/,
    );
  });

  test('fits lines of 80 columns, except for what can not be divided', () => {
    for (const { out } of [once, own]) {
      const long = out.split('\n').filter((line) => line.length > 80);
      // The audit has ARNs and ids that are as long as they are.
      assert.deepEqual(
        long.filter((line) => !/^ {2}(who|when|written by|execution) /.test(line)),
        [],
      );
    }
  });

  test('lists executions as they happen: time, who, app client and outcome', () => {
    assert.match(own.out, /\n\d\d:\d\d:\d\d {2}root {2}link ios-live {2}LINKED\n/);
  });

  test('says how to reach it from another terminal, and local --env does too', () => {
    const { code, out, err } = own.env;
    assert.equal(code, 0, err);
    const [unset, ...set] = out.trimEnd().split('\n');
    assert.equal(unset, 'unset AWS_PROFILE AWS_SESSION_TOKEN');
    assert.match(set.join('\n'), /^export AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:\d+\n/);
    for (const line of [unset, ...set]) assert.ok(own.out.includes(`  ${line}\n`), line);
    assert.match(own.out, /\n {2}eval "\$\(npx poolbridge local --env\)"\n/);
  });

  test('opens the console in the browser with --open', () => {
    const [address] = /http:\/\/127\.0\.0\.1:\d+\/#\S+/.exec(own.out) ?? [];
    assert.equal(readFileSync(opened, 'utf8'), `${address}\n`);
  });

  test('is not found by local --env once it has ended, even if it was killed', async () => {
    assert.match(own.out, /\nEnded\.\n$/);
    assert.equal(own.whileUp.length, 1);
    assert.deepEqual(found(), []);
    const [name = ''] = own.whileUp;
    const left = join(scratch, name);
    mkdirSync(join(left, '..'), { recursive: true });
    writeFileSync(left, '{"endpoint":"http://127.0.0.1:9","region":"us-east-1"}');
    const { code, out, err } = await local('--env');
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /^NotRunning: No embedded AWS of npm start is running\./);
    assert.deepEqual(found(), []);
  });

  test('runs no command that a file in the temporary folder holds', async () => {
    const [name = ''] = own.whileUp;
    const endpoint = 'http://127.0.0.1:9/;touch x';
    writeFileSync(join(scratch, name), JSON.stringify({ endpoint, region: 'us-east-1' }));
    assert.equal((await local('--env')).out, '');
  });

  test('fails if a step does not do what it should', async () => {
    const local = await startAws({ trail: false });
    try {
      await assert.rejects(tell(local, { patience: 300, silent: true }), /not done within 300 ms/);
    } finally {
      await local.close();
    }
  });

  for (const [what, text, message] of [
    ['a wrong key', 'links:\n  a:\n    userPool: [x]\n', /links\.yml:3: links\.a\.userPool is not/],
    ['no link', 'links: {}\n', /links\.yml has no links\. Add one/],
  ] as const) {
    test(`refuses a links.yml with ${what}, with exit code 2`, async () => {
      const bad = join(scratch, 'bad-links.yml');
      writeFileSync(bad, text);
      const { code, err } = await local('--links', bad);
      assert.equal(code, 2);
      assert.match(err, message);
      assert.ok(!err.includes(' at '), err);
    });
  }

  test('says what is wrong with its arguments', async () => {
    const { code, err } = await local('--port', 'http');
    assert.equal(code, 2);
    assert.match(err, /--port must be a port number, from 0 to 65535, not "http"\./);
    const missing = await local('--links', join(scratch, 'none.yml'));
    assert.equal(missing.code, 2);
    assert.match(missing.err, /none\.yml can't be read \(ENOENT/);
  });
});
