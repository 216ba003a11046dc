import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LocalAws, startAws } from '../../local/index.ts';

describe('a call of an operation that the embedded AWS does not have', () => {
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
    test(`is refused by its name, such as ${what}`, async () => {
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
