import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type LocalAws, startAws } from 'embedded-aws';
import fc from 'fast-check';
import { Session } from '../../cli/session.ts';
import { type Console, serveConsole } from '../../console/server/server.ts';
import { until } from '../until.ts';

describe('the server of the console', () => {
  let local: LocalAws;
  let console: Console;
  /** It ends requests that are slow, as any request may be on a busy machine. */
  let hasty: Console;
  let origin: string;
  let authorization: string;
  before(async () => {
    // Nothing is deployed: a valid request ends with an error of AWS.
    local = await startAws({ trail: false });
    const credentials = { accessKeyId: '111111111111', secretAccessKey: 'any' };
    const session = new Session({ endpoint: local.endpoint, region: 'us-east-1', credentials });
    console = await serveConsole({ session, stage: 'dev' });
    hasty = await serveConsole({ session, stage: 'dev' }, 0, { request: 300 });
    const address = new URL(console.address);
    origin = address.origin;
    authorization = `Bearer ${address.hash.slice(1)}`;
  });
  after(async () => {
    await console?.close();
    await hasty?.close();
    await local?.close();
  });

  async function post(path: string, body: string) {
    const headers = { authorization, 'content-type': 'application/json' };
    const response = await fetch(`${origin}${path}`, { method: 'POST', body, headers });
    const { error } = (await response.json()) as { error: string };
    return { status: response.status, error };
  }

  function answerTo(text: string, from = console): Promise<string> {
    return new Promise((resolve) => {
      let answer = '';
      const port = Number(new URL(from.address).port);
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer));
    });
  }

  test('refuses bodies that are not a small JSON object, and answers all others', async () => {
    for (const body of ['', '{', '[]', 'null', '"a"']) {
      assert.deepEqual(await post('/api/plan', body), { status: 400, error: 'Refused' }, body);
    }
    assert.deepEqual(await post('/api/plan', ' '.repeat(17_000)), {
      status: 413,
      error: 'Refused',
    });
    const kind = fc.constantFrom(
      'link',
      'unlink',
      'undo',
      'repair',
      'approve',
      '__proto__',
      1,
      null,
    );
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('constructor', 'arn:aws:states:::execution:a'),
      fc.jsonValue(),
    );
    const members = fc.dictionary(
      fc.constantFrom('userPoolId', 'clientId', 'execution', 'link', 'id', '__proto__'),
      word,
    );
    await fc.assert(
      fc.asyncProperty(kind, members, async (each, more) => {
        for (const path of ['/api/plan', '/api/confirm']) {
          const { status, error } = await post(path, JSON.stringify({ ...more, kind: each }));
          assert.equal(status, 400);
          assert.doesNotMatch(error, /TypeError|RangeError|SyntaxError/);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('ends slow requests, and survives requests that are not HTTP', async () => {
    const headTo = ({ address }: Console): string => {
      const { host, hash } = new URL(address);
      return `POST /api/plan HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${hash.slice(1)}\r\ncontent-type: application/json\r\n`;
    };
    const begun = `${headTo(hasty)}content-length: 9\r\n\r\n{`;
    assert.match(await answerTo(headTo(hasty), hasty), /^HTTP\/1\.1 408 /);
    assert.match(await answerTo(begun, hasty), /^HTTP\/1\.1 4\d\d /);
    await until(async () => (await fetch(new URL(hasty.address).origin)).status === 200);
    assert.match(await answerTo('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(
      await answerTo(`${headTo(console)}transfer-encoding: chunked\r\nconnection: close\r\n\r\n`),
      / 411 /,
    );
    assert.match(
      await answerTo(
        `GET // HTTP/1.1\r\nhost: ${new URL(origin).host}\r\nconnection: close\r\n\r\n`,
      ),
      / 401 /,
    );
    assert.equal((await fetch(origin)).status, 200);
  });
});
