import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { bugs } from './bugs.ts';

describe('a mistake is seen', () => {
  let worker: Worker;
  // Here the test runner would follow every promise, which takes time of its own.
  before(() => {
    worker = new Worker(new URL('bug-thread.ts', import.meta.url));
  });
  after(() => worker.terminate());

  for (const { name, seed } of bugs) {
    test(name, async () => {
      worker.postMessage(name);
      const [violations] = await once(worker, 'message');
      assert.notDeepEqual(
        violations,
        [],
        `Seed ${seed} no longer sees it. Find others: npm run chaos -- --find-seeds --pin`,
      );
    });
  }
});
