import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startAws } from 'embedded-aws';
import { tell } from '../../demo/story.ts';

const command = fileURLToPath(new URL('../../cli/bin/poolbridge.js', import.meta.url));

// No credentials or settings of a developer.
const { PATH, NODE_COMPILE_CACHE } = process.env;
const env = { PATH, NODE_COMPILE_CACHE, NO_COLOR: '1' };

const start = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [command, 'local', ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });

/** The output until it offers Ctrl-C, which is then sent. */
async function startAndEnd(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [command, 'local', ...args], { env });
  let out = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    out += chunk;
    if (out.includes('Ctrl-C ends it.')) child.kill('SIGINT');
  }
  return out;
}

describe('npm start', () => {
  let once: Awaited<ReturnType<typeof start>>;
  let ended: string;
  // Both at the same time.
  before(async () => {
    [once, ended] = await Promise.all([start('--once'), startAndEnd('--port', '0')]);
  });

  test('runs the whole demo, with --once or until Ctrl-C, twice at the same time', () => {
    assert.equal(once.code, 0, once.err);
    for (const out of [once.out, ended]) {
      assert.match(
        out,
        /answers: “Token is not from a supported provider of this identity pool\.”/,
      );
      assert.match(out, /is now arn:aws:sts::222222222222:assumed-role\/customer\//);
      assert.match(out, /What changed\n {2}\+ ios {2}\w+ {2}us-east-1_\w+\n/);
      assert.match(out, /✔ .* it is deleted, and its entry goes by itself/);
      assert.match(out, /✔ An event is lost; .* both are linked, in one write/);
      assert.match(out, /who +arn:aws:iam::111111111111:root, by creating the app client/);
    }
    const [first, second] = [once.out, ended].map(
      (out) => /http:\/\/127\.0\.0\.1:\d+/.exec(out)?.[0],
    );
    assert.ok(first && second && first !== second);
  });

  test('prints how to reach each account without changing the shell', () => {
    const lines = ended.split('\n').map((line) => line.trim());
    const commands = lines.filter((line) => / (aws cognito|npx poolbridge)/.test(line));
    assert.deepEqual(
      commands.map((line) => /AWS_ACCESS_KEY_ID=(\d+) .* (aws|npx) /.exec(line)?.slice(1)),
      [
        ['111111111111', 'aws'],
        ['111111111111', 'npx'],
        ['222222222222', 'aws'],
      ],
    );
    assert.ok(commands.every((line) => line.startsWith('AWS_ENDPOINT_URL=http://127.0.0.1:')));
    assert.ok(!ended.includes('export'), ended);
  });

  test('fails if a step does not do what it should', async () => {
    const local = await startAws({ trail: false });
    try {
      await assert.rejects(tell(local, { patience: 300, silent: true }), /not done within 300 ms/);
    } finally {
      await local.close();
    }
  });

  test('says what is wrong with its arguments', async () => {
    const { code, err } = await start('--port', 'http');
    assert.equal(code, 2);
    assert.match(err, /--port must be a port number, not http\./);
  });
});
