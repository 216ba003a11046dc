import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

function started(...args: string[]) {
  return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a command that ends without listening. */
async function ended(...args: string[]): Promise<{ code: number | null; errors: string }> {
  const child = started(...args);
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const errors = await text(child.stderr);
  return { code: await closed, errors };
}

describe('the command', () => {
  const running: ChildProcess[] = [];
  after(() => running.forEach((child) => void child.kill()));

  test('starts an empty AWS on a free port, prints how to use it, and stops on SIGTERM', async () => {
    const child = started('--port', '0');
    running.push(child);
    let endpoint: string | undefined;
    for await (const line of createInterface(child.stdout)) {
      endpoint = /AWS_ENDPOINT_URL=(\S+)/.exec(line)?.[1];
      if (endpoint !== undefined) break;
    }
    const credentials = { accessKeyId: '111111111111', secretAccessKey: 'local' };
    const sts = new STSClient({ endpoint: endpoint!, region: 'us-east-1', credentials });
    const { Account } = await sts.send(new GetCallerIdentityCommand({}));
    assert.equal(Account, '111111111111');
    sts.destroy();
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.stdout.resume();
    child.kill();
    assert.equal(await closed, 0);
  });

  test('refuses an invalid port and a port in use, and says what to do', async () => {
    const wrong = await ended('--port', 'many');
    assert.equal(wrong.code, 2);
    assert.match(wrong.errors, /--port many is not a port. Give a number from 0 to 65535./);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { code, errors } = await ended('--port', String(port));
    taken.close();
    assert.equal(code, 2);
    assert.match(errors, /Choose another with --port/);
  });
});
