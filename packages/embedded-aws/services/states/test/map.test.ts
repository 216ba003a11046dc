import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failing, lambda, run, task } from './machine-world.ts';

const map = (more: object = {}, inner: object = {}) => ({
  StartAt: 'Each',
  States: {
    Each: {
      Type: 'Map',
      ItemsPath: '$.items',
      ItemSelector: {
        'item.$': '$$.Map.Item.Value',
        'index.$': '$$.Map.Item.Index',
        'all.$': '$.all',
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'INLINE' },
        StartAt: 'Do',
        States: { Do: task(inner) },
      },
      ResultPath: '$.results',
      End: true,
      ...more,
    },
  },
});

describe('a Map state', () => {
  test('runs each item with its index, and returns the results in order', async () => {
    lambda.answer = async ({ item }) => {
      await new Promise((resolve) => setTimeout(resolve, item === 'a' ? 30 : 0));
      return `${item}!`;
    };
    const { output, events, types } = await run(map(), { items: ['a', 'b'], all: 7 });
    assert.deepEqual(output, { items: ['a', 'b'], all: 7, results: ['a!', 'b!'] });
    assert.deepEqual(lambda.calls, [
      { item: 'a', index: 0, all: 7 },
      { item: 'b', index: 1, all: 7 },
    ]);
    assert.equal(types.filter((type) => type === 'MapIterationStarted').length, 2);
    const byId = new Map(events.map((event) => [event.id, event]));
    for (const event of events.filter(({ type }) => type === 'LambdaFunctionSucceeded')) {
      const output = event.lambdaFunctionSucceededEventDetails!.output!;
      let at: typeof event | undefined = event;
      while (at && at.type !== 'MapIterationStarted') at = byId.get(at.previousEventId);
      assert.equal(at?.mapIterationStartedEventDetails?.index, output === '"a!"' ? 0 : 1);
    }
  });

  test('runs at most MaxConcurrency items at a time, and returns an empty list without items', async () => {
    assert.deepEqual((await run(map(), { items: [], all: 0 })).output.results, []);
    let running = 0;
    let most = 0;
    lambda.answer = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
    };
    await run(map({ MaxConcurrency: 3 }), { items: [1, 2, 3, 4, 5, 6, 7], all: 0 });
    assert.equal(most, 3);
  });

  test('fails with the uncaught error of an item', async () => {
    lambda.answer = ({ item }) => (item === 'b' ? failing('OwnError') : item);
    const { status, error, types } = await run(map(), { items: ['a', 'b'], all: 0 });
    assert.deepEqual([status, error], ['FAILED', 'OwnError']);
    assert.ok(types.includes('MapIterationFailed'));
    assert.ok(types.includes('MapStateFailed'));
  });
});
