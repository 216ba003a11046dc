import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { beginning, beginningOf, counted } from '../../core/sentence.ts';

describe('the beginning of a text', () => {
  test('is the whole text if there is room, and else ends with a whole word', () => {
    assert.equal(beginning('one two three', 13), 'one two three');
    assert.equal(beginning('one two three', 12), 'one two…');
    assert.equal(beginning('one two three', 8), 'one two…');
    assert.equal(beginning('one two three', 7), 'one…');
    assert.equal(beginning('onetwothree', 6), 'onetw…');
  });

  test('says where the whole is, if it is cut off', () => {
    assert.equal(beginningOf('one two three', 13, 'See it.'), 'one two three');
    assert.equal(beginningOf('one two three four', 17, 'See it.'), 'one two… See it.');
  });

  test('is never longer than its room', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (text, room) => {
        const shown = beginning(text, room);
        assert.ok(shown.length <= room);
        assert.ok(shown === text || text.startsWith(shown.slice(0, -1)));
      }),
    );
  });
});

test('a count has the word for one, or for several', () => {
  assert.equal(counted(1, 'link'), '1 link');
  assert.equal(counted(0, 'link'), '0 links');
  assert.equal(counted(2, 'entry', 'entries'), '2 entries');
});
