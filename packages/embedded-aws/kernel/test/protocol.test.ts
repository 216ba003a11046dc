import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LocalAws, startAws } from '../../index.ts';

describe('a call of an operation that the embedded AWS does not support', () => {
  let local: LocalAws;
  before(async () => {
    local = await startAws();
  });
  after(() => local.close());

  const ask = async (target: string, service: string) => {
    const Credential = `111111111111/20260102/us-east-1/${service}/aws4_request`;
    const response = await fetch(local.endpoint, {
      method: 'POST',
      body: '{}',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${Credential}, SignedHeaders=host, Signature=x`,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': target,
      },
    });
    const body: unknown = await response.json();
    return { status: response.status, body };
  };

  for (const [target, service, what] of [
    [
      ...(['com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.CreateTrail'] as const),
      ...(['cloudtrail', 'cloudtrail:CreateTrail'] as const),
    ],
    ['Kinesis_20131202.ListStreams', 'kinesis', 'the service kinesis'],
  ] as const) {
    test(`is refused with its name: ${what}`, async () => {
      assert.deepEqual(await ask(target, service), {
        status: 501,
        body: {
          __type: 'NotImplemented',
          message: `The embedded AWS does not support ${what}.`,
        },
      });
    });
  }
});

describe('a page in a browser', () => {
  let local: LocalAws;
  before(async () => {
    local = await startAws();
  });
  after(() => local.close());

  const from = (Origin: string, method: string, headers: Record<string, string> = {}) =>
    fetch(local.endpoint, { method, headers: { Origin, ...headers } });

  test('from this machine can call the embedded AWS and read its answers and errors', async () => {
    for (const origin of ['http://localhost:5173', 'https://127.0.0.1', 'http://[::1]:3000']) {
      const preflight = await from(origin, 'OPTIONS', {
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,x-amz-target',
      });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
      assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET, POST');
      assert.equal(
        preflight.headers.get('access-control-allow-headers'),
        'content-type,x-amz-target',
      );
      const answer = await from(origin, 'POST', {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AWSCognitoIdentityService.GetId',
      });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get('access-control-allow-origin'), origin);
      assert.match(answer.headers.get('access-control-expose-headers') ?? '', /x-amzn-requestid/);
    }
  });

  test('from any other origin gets no CORS headers', async () => {
    for (const origin of [
      'https://example.com',
      'http://localhost.example.com',
      'http://127.0.0.1.example.com',
      'null',
    ]) {
      const preflight = await from(origin, 'OPTIONS');
      assert.equal(preflight.headers.get('access-control-allow-origin'), null);
      const answer = await from(origin, 'POST');
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
    }
  });
});
