import assert from 'node:assert/strict';
import { request as ask, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type LocalAws, startAws } from '../../index.ts';

const PATIENCE = 300;
const Credential = '111111111111/20260102/us-east-1/cognito-idp/aws4_request';
const signed = {
  authorization: `AWS4-HMAC-SHA256 Credential=${Credential}, SignedHeaders=host, Signature=x`,
  'content-type': 'application/x-amz-json-1.1',
};
const listPools = 'AWSCognitoIdentityProviderService.ListUserPools';

describe('the server of the embedded AWS', () => {
  let local: LocalAws;
  let port: number;
  before(async () => {
    local = await startAws({ trail: false, patience: PATIENCE });
    port = Number(new URL(local.endpoint).port);
  });
  after(() => local.close());

  async function call(body: string | Buffer, more: Record<string, string> = {}) {
    const headers = { ...signed, 'x-amz-target': listPools, ...more };
    const response = await fetch(local.endpoint, { method: 'POST', body, headers });
    const { __type } = (await response.json()) as { __type?: string };
    return [response.status, __type];
  }

  /** Uses Node's HTTP client, which can set any header. */
  function statusWith(headers: IncomingHttpHeaders): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      ask({ host: '127.0.0.1', port, method: 'POST', headers }, (response) => {
        resolve(response.resume().statusCode);
      })
        .on('error', reject)
        .end('{"MaxResults":1}');
    });
  }

  /** Sends parts over a raw connection, and returns everything received until it closes. */
  function said(...parts: (string | Uint8Array)[]): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => {
        for (const part of parts) socket.write(part);
      });
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      // A write after the server has closed the connection fails.
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
    });
  }

  const isWell = async () => assert.deepEqual(await call('{"MaxResults":1}'), [200, undefined]);

  test('refuses a body that is not a JSON object, as AWS does', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const bodies = ['{', '[]', '1', 'null', '"text"', `{"MaxResults":${deep}}`, '{"a":"\\'];
    for (const body of [...bodies, Buffer.from([0x7b, 0xff, 0x7d])]) {
      assert.deepEqual(
        await call(body),
        [400, 'SerializationException'],
        String(body).slice(0, 40),
      );
    }
    assert.deepEqual(await call('{"MaxResults":"1"}'), [400, 'SerializationException']);
    assert.deepEqual(await call('{"MaxResults":[]}'), [400, 'SerializationException']);
    assert.deepEqual(await call('{}'), [400, 'InvalidParameterException']);
    assert.deepEqual(await call('{"MaxResults":1,"__proto__":{"a":1},"constructor":1}'), [
      ...[200, undefined],
    ]);
    await isWell();
  });

  test('has no operation, service or function named like an inherited property', async () => {
    const service = 'AWSCognitoIdentityProviderService';
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      const unknown = await call('{}', { 'x-amz-target': `${service}.${name}` });
      assert.deepEqual(unknown, [400, 'UnknownOperationException'], name);
      const nowhere = await call('{}', { 'x-amz-target': `${name}.ListUserPools` });
      assert.deepEqual(nowhere, [501, 'NotImplemented'], name);
    }
    const forms = { 'content-type': 'application/x-www-form-urlencoded', 'x-amz-target': '' };
    assert.equal(await statusWith({ ...signed, host: `127.0.0.1:${port}`, ...forms }), 501);
    const odd = await fetch(`${local.endpoint}/2015-03-31/functions/%E0%A4%A`, { headers: signed });
    assert.equal(odd.status, 400);
  });

  test('keeps a connection open after a request that is too large', async () => {
    const head = (length: number, end = '') =>
      `POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${end}content-type: ${signed['content-type']}\r\nauthorization: ${signed.authorization}\r\nx-amz-target: ${listPools}\r\ncontent-length: ${length}\r\n\r\n`;
    const large = Buffer.alloc(9 * 1024 * 1024, 0x20);
    const text = await said(
      head(large.length),
      large,
      head(16, 'connection: close\r\n'),
      '{"MaxResults":1}',
    );
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    assert.deepEqual(statuses, ['413', '200']);
    assert.match(text, /RequestEntityTooLargeException/);
  });

  test('answers only to host names of this machine, and refuses pages of other sites', async () => {
    const own = { ...signed, 'x-amz-target': listPools, host: `127.0.0.1:${port}` };
    for (const host of [
      `localhost:${port}`,
      'localhost',
      '[::1]:80',
      'cognito-idp.localhost:4566',
    ]) {
      assert.equal(await statusWith({ ...own, host }), 200, host);
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '[']) {
      assert.equal(await statusWith({ ...own, host }), 421, host);
    }
    assert.equal(await statusWith({ ...own, origin: 'http://localhost:5173' }), 200);
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
      assert.equal(await statusWith({ ...own, origin }), 403, origin);
    }
  });

  test('disconnects a client that is slow to send its headers or its body', async () => {
    const head = `POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n`;
    assert.match(await said(head), /^HTTP\/1\.1 408 /);
    assert.match(await said(`${head}content-length: 10\r\n\r\n{`), /^HTTP\/1\.1 408 /);
    // The limit also applies to the rest of a refused request.
    await said(`${head}host: evil.example\r\ncontent-length: 10\r\n\r\n{`);
    await isWell();
  });

  test('survives any bytes on a connection', async () => {
    const line = fc.constantFrom(
      ...[
        'GET / HTTP/1.1',
        'POST / HTTP/1.1',
        'CONNECT a:1 HTTP/1.1',
        'PRI * HTTP/2.0',
        'GET // HTTP/1.1',
      ],
      ...[
        'OPTIONS * HTTP/1.1',
        'GET http://[ HTTP/1.1',
        'HEAD /%00 HTTP/1.0',
        '\u0016\u0003\u0001',
      ],
    );
    const header = fc.constantFrom(
      ...[
        `host: 127.0.0.1:${port}`,
        'content-length: 5',
        'content-length: -1',
        'connection: close',
      ],
      ...['transfer-encoding: chunked', 'upgrade: websocket', 'connection: upgrade', ': none'],
      ...[
        `x-amz-target: ${listPools}`,
        'expect: 100-continue',
        `authorization: ${signed.authorization}`,
      ],
      ...[`x: ${'y'.repeat(20_000)}`, 'content-type: application/x-www-form-urlencoded'],
    );
    const talk = fc
      .tuple(line, fc.array(header, { maxLength: 6 }), fc.uint8Array({ maxLength: 64 }))
      .map(([first, headers, body]) => [[first, ...headers, '', ''].join('\r\n'), body] as const);
    await fc.assert(
      fc.asyncProperty(fc.array(talk, { minLength: 8, maxLength: 16 }), async (talks) => {
        const texts = await Promise.all(talks.map((parts) => said(...parts)));
        for (const text of texts) assert.doesNotMatch(text, /HTTP\/1\.1 500 /);
        await isWell();
      }),
      { numRuns: 4 },
    );
  });
});
