import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Item, N, numberOf, S, textOf } from '../../../aws/table/table.ts';

test('a number or a text that others wrote into the table in another form counts as absent', () => {
  const forms = [{ toString: null }, [1], 7, null, 'seven', ''];
  for (const form of forms) {
    assert.equal(numberOf({ expiresAt: { N: form } } as unknown as Item, 'expiresAt'), 0);
  }
  for (const form of [{ toString: null }, [1], 7, null]) {
    assert.equal(textOf({ body: { S: form } } as unknown as Item, 'body'), undefined);
  }
  assert.equal(numberOf({}, 'expiresAt'), 0);
  assert.deepEqual(
    [numberOf({ at: N(12) }, 'at'), numberOf({ at: S('12') }, 'at'), textOf({ at: N(12) }, 'at')],
    [12, 0, undefined],
  );
});
