import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isEither,
  isFlag,
  isListOf,
  isMapOf,
  isNumber,
  isObject,
  isOneOf,
  isShape,
  isText,
  type Shape,
} from '../../core/shape.ts';

/** Which of the usual values a shape accepts. */
const taken = (shape: Shape<unknown>) =>
  ['x', '', 7, 0, Number.NaN, true, false, null, undefined, [], {}].filter((each) => shape(each));

test('a shape accepts values of its type, and none that only resemble it', () => {
  assert.deepEqual(taken(isText), ['x', '']);
  assert.deepEqual(taken(isNumber), [7, 0]);
  assert.deepEqual(taken(isFlag), [true, false]);
  assert.deepEqual(taken(isObject), [{}]);
  assert.deepEqual(taken(isOneOf('x', 'y')), ['x']);
  assert.deepEqual(taken(isListOf(isText)), [[]]);
  assert.deepEqual(taken(isMapOf(isText)), [{}]);
  assert.deepEqual(taken(isEither(isText, isFlag)), ['x', '', true, false]);
});

test('a list or a map is of a type only if all of its values are', () => {
  assert.ok(isListOf(isText)(['x', 'y']));
  assert.ok(!isListOf(isText)(['x', 7]));
  assert.ok(isMapOf(isText)({ a: 'x', b: 'y' }));
  assert.ok(!isMapOf(isText)({ a: 'x', b: 7 }));
});

test('an object has all required members, any optional ones, and no others', () => {
  const shape = isShape<{ needed: string; optional?: number }>(
    { needed: isText },
    { optional: isNumber },
  );
  assert.ok(shape({ needed: 'x' }));
  assert.ok(shape({ needed: 'x', optional: 7 }));
  for (const other of [
    ...[{}, { optional: 7 }, { needed: 7 }, { needed: 'x', optional: 'x' }],
    ...[{ needed: 'x', other: 7 }, { needed: 'x', toString: 7 }, Object.create({ needed: 'x' })],
    ...[['x'], 'x', null, JSON.parse('{"needed":"x","__proto__":{}}')],
  ]) {
    assert.ok(!shape(other), JSON.stringify(other));
  }
});
