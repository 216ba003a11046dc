import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kept } from '../../console/server/kept.ts';

test('what the console keeps of executions is bounded: what was used last stays', () => {
  const kept = new Kept<number>(3);
  for (const [i, key] of ['a', 'b', 'c'].entries()) kept.set(key, i);
  kept.use('a');
  kept.use('never set');
  kept.set('d', 3);
  assert.deepEqual(
    [...kept.all],
    [
      ['c', 2],
      ['a', 0],
      ['d', 3],
    ],
  );
  assert.equal(kept.get('b'), undefined);
  kept.delete('c');
  assert.deepEqual([...kept.all.keys()], ['a', 'd']);
});
