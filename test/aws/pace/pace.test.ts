import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { SFN } from '@aws-sdk/client-sfn';
import { inParallel } from '../../../aws/pace/in-parallel.ts';
import { patient } from '../../../aws/pace/pace.ts';

type Answer = 'described' | 'throttled' | 'reset';

function send(response: ServerResponse, answer: Answer): void {
  if (answer === 'reset') {
    response.destroy();
    return;
  }
  const isThrottled = answer === 'throttled';
  const body = isThrottled
    ? { __type: 'ThrottlingException', message: 'Rate exceeded' }
    : { executionArn: 'arn', status: 'SUCCEEDED', startDate: 1, input: '{}' };
  response.writeHead(isThrottled ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify(body));
}

/** A patient client of a server with the given answers, and the answers that it got. */
async function clientOf(t: TestContext, next: () => Answer) {
  const answers: Answer[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const answer = next();
      answers.push(answer);
      send(response, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sfn = new SFN({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    ...patient(),
  });
  t.after(() => {
    sfn.destroy();
    server.close();
  });
  return { sfn, answers };
}

/** A token bucket like the one that AWS has for each operation. */
function bucket(size: number, perSecond: number): () => Answer {
  let tokens = size;
  let filledAt = Date.now();
  return () => {
    const now = Date.now();
    tokens = Math.min(size, tokens + ((now - filledAt) / 1000) * perSecond);
    filledAt = now;
    if (tokens < 1) return 'throttled';
    tokens -= 1;
    return 'described';
  };
}

describe('a patient client', { concurrency: true }, () => {
  const executionArn = 'arn:aws:states:us-east-1:111111111111:execution:machine:name';

  test('reads more than AWS grants at once, and is seldom throttled once it knows the rate', async (t) => {
    const { sfn, answers } = await clientOf(t, bucket(10, 10));
    await inParallel(
      Array.from({ length: 45 }, (_, i) => i),
      async () => {
        await sfn.describeExecution({ executionArn });
      },
    );
    const count = (answer: Answer) => answers.filter((each) => each === answer).length;
    assert.equal(count('described'), 45);
    assert.ok(count('throttled') > 0);
    assert.ok(count('throttled') < 60, `throttled ${count('throttled')} times`);
  });

  test('waits no longer than other clients for a server that does not answer', async (t) => {
    const { sfn, answers } = await clientOf(t, () => 'reset');
    await assert.rejects(sfn.describeExecution({ executionArn }));
    assert.deepEqual(answers, ['reset', 'reset', 'reset']);
  });

  test('counts a throttled call as answered', async (t) => {
    const script: Answer[] = ['throttled', 'reset', 'reset', 'described'];
    const { sfn, answers } = await clientOf(t, () => script[answers.length] ?? 'described');
    assert.equal((await sfn.describeExecution({ executionArn })).status, 'SUCCEEDED');
    assert.deepEqual(answers, script);
  });
});
