import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDoubtful, isLastWrite, LEASE_MS } from '../../../core/write/lease.ts';

const last = { base: 'old', result: 'new', at: 100_000 };

describe('a description after a write of ours', () => {
  test('is believed at once if it shows what was written and the write was seen before', () => {
    assert.equal(isDoubtful({ ...last, seen: true }, 'new', last.at), false);
  });

  test('that shows the intended write is read again for 7 seconds while it is not known whether it was made', () => {
    for (const unseen of [last, { ...last, seen: false }]) {
      assert.equal(isDoubtful(unseen, 'new', last.at + 6999), true);
      assert.equal(isDoubtful(unseen, 'new', last.at + 7000), false);
    }
  });

  test('is believed if nothing was ever written', () => {
    assert.equal(isDoubtful(undefined, 'old', last.at), false);
  });

  test('that shows what was replaced is read again for 20 seconds', () => {
    assert.equal(isDoubtful(last, 'old', last.at), true);
    assert.equal(isDoubtful(last, 'old', last.at + 19_999), true);
    assert.equal(isDoubtful(last, 'old', last.at + 20_000), false);
  });

  test('that shows anything else is read again for 7 seconds', () => {
    assert.equal(isDoubtful(last, 'other', last.at + 6999), true);
    assert.equal(isDoubtful(last, 'other', last.at + 7000), false);
  });
});

test('a lease lasts longer than the 20 seconds of its function plus 2 seconds of clock difference', () => {
  assert.ok(LEASE_MS > 22_000);
});

test('a last write in another form is ignored', () => {
  assert.ok(isLastWrite(last));
  assert.ok(isLastWrite({ ...last, seen: true }));
  for (const [key, value] of [
    ['base', 7],
    ['result', null],
    ['at', '7'],
    ['at', Number.NaN],
    ['seen', 'yes'],
  ] as const) {
    assert.ok(!isLastWrite({ ...last, [key]: value }));
  }
  assert.ok(!isLastWrite({ ...last, more: 1 }));
});
