import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matches, parsePattern } from '../pattern.ts';

const matched = (pattern: object, event: object): boolean =>
  matches(parsePattern(JSON.stringify(pattern)), JSON.parse(JSON.stringify(event)));

/** Whether a field with a value matches a list of alternatives. */
const field = (alternatives: unknown[], value: unknown): boolean =>
  matched({ detail: { field: alternatives } }, { detail: { field: value } });

type Case = [alternatives: unknown[], matching: unknown[], others: unknown[]];

const operators: Record<string, Case[]> = {
  'a value matches itself and no value of another type': [
    [['a'], ['a', ['b', 'a']], ['A', 'ab', ['b'], null, {}]],
    [[1], [1, 1.0, [2, 1]], ['1', true, 2]],
    [[true], [true], ['true', 1, false]],
    [[null], [null, ['a', null]], ['null', '', 0, []]],
    [[''], [''], [null, ' ']],
    [['a', 'b'], ['b', ['c', 'b']], ['c']],
  ],
  'prefixes and suffixes match strings, with or without their case': [
    [[{ prefix: 'ab' }], ['ab', 'abc', ['x', 'abx']], ['Abc', 'cab', 1, null]],
    [[{ prefix: '' }], ['', 'x'], [1, null]],
    [[{ prefix: { 'equals-ignore-case': 'aB' } }], ['ABc', 'abc'], ['cab']],
    [[{ suffix: '.png' }], ['a.png', '.png'], ['a.PNG', 'a.png.gz', 7]],
    [[{ suffix: { 'equals-ignore-case': '.png' } }], ['a.PNG'], ['a.jpg']],
    [[{ 'equals-ignore-case': 'Alice' }], ['alice', 'ALICE'], ['alicia', null]],
  ],
  'anything-but matches every present value except the given ones': [
    [[{ 'anything-but': 'a' }], ['b', 1, null, ['a', 'b']], ['a', ['a'], []]],
    [[{ 'anything-but': 0 }], [1, '0'], [0]],
    [[{ 'anything-but': ['a', 'b'] }], ['c', null], ['a', 'b']],
    [[{ 'anything-but': [100, 200] }], [300, '100'], [100]],
    [[{ 'anything-but': { prefix: 'in' } }], ['out', 1, null], ['inner']],
    [[{ 'anything-but': { prefix: ['in', 'on'] } }], ['out'], ['only', 'inner']],
    [[{ 'anything-but': { suffix: '.png' } }], ['a.jpg'], ['a.png']],
    [[{ 'anything-but': { 'equals-ignore-case': ['A', 'b'] } }], ['c'], ['a', 'B']],
    [[{ 'anything-but': { wildcard: '*/lib/*' } }], ['/bin/x', 5], ['/lib/x']],
  ],
  'numeric matches equal numbers and ranges, but no strings': [
    [[{ numeric: ['=', 3.018e2] }], [301.8], [301, '301.8']],
    [[{ numeric: ['>', 0, '<=', 5] }], [0.1, 5], [0, 5.1, null]],
    [[{ numeric: ['<', 10] }], [-1, 9], [10, '1']],
    [[{ numeric: ['>=', 10] }], [10, 11], [9.9]],
  ],
  'an asterisk matches any text, and an escaped asterisk matches an asterisk': [
    [[{ wildcard: 'a*c' }], ['ac', 'abc', 'acc'], ['a', 'acb', 'bac', 1]],
    [[{ wildcard: '*' }], ['', 'anything'], [null]],
    [[{ wildcard: 'a\\*c' }], ['a*c'], ['abc']],
    [[{ wildcard: 'a\\\\*' }], ['a\\', 'a\\b'], ['a*']],
    [[{ wildcard: 'ab*ba' }], ['abba', 'abxba'], ['aba']],
    [[{ wildcard: '*a*b*' }], ['ab', 'xaxbx'], ['ba']],
    [[{ wildcard: '*ab*b' }], ['abb', 'xabxb'], ['ab']],
    [[{ wildcard: '' }], [''], ['a']],
  ],
  'cidr matches addresses in the network': [
    [[{ cidr: '10.0.0.0/24' }], ['10.0.0.255'], ['10.0.1.0', '10.0.0', 10, '10.0.0.999']],
    [[{ cidr: '2001:db8:1234:1a00::/64' }], ['2001:db8:1234:1a00::9'], ['2001:db8:1234:1a01::']],
    [['2001:db8::1'], ['2001:0db8:0:0:0:0:0:1'], ['2001:db8::2']],
  ],
  'exists matches present or absent leaves': [
    [[{ exists: true }], ['', null, 0, ['a']], [undefined, {}, [], { a: 1 }]],
    [[{ exists: false }], [undefined, {}, [], { a: 1 }], ['', null]],
    [['a', { exists: false }], ['a', undefined], ['b']],
  ],
};

for (const [name, cases] of Object.entries(operators)) {
  test(name, () => {
    for (const [alternatives, matching, others] of cases) {
      const shown = JSON.stringify(alternatives);
      for (const value of matching) {
        assert.ok(field(alternatives, value), `${shown} matches ${JSON.stringify(value)}`);
      }
      for (const value of others) {
        assert.ok(!field(alternatives, value), `${shown} does not match ${JSON.stringify(value)}`);
      }
    }
  });
}

test('every field of a pattern must match, at any depth', () => {
  const event = { source: 'a', detail: { x: { y: 1 }, z: 'b' } };
  assert.ok(matched({ source: ['a'], detail: { x: { y: [1] }, z: ['b'] } }, event));
  assert.ok(!matched({ source: ['a'], detail: { x: { y: [2] }, z: ['b'] } }, event));
  assert.ok(!matched({ source: ['a'], detail: { x: ['b'] } }, event));
});

test('a dot in a key is the same as a level, in patterns and in events', () => {
  assert.ok(matched({ detail: { 'a.b': ['x'] } }, { detail: { a: { b: 'x' } } }));
  assert.ok(matched({ detail: { a: { b: ['x'] } } }, { detail: { 'a.b': 'x' } }));
});

test('fields of objects in an array must match in the same element', () => {
  const people = {
    people: [{ first: 'Anna', last: 'Smith' }, [{ first: 'Peter', last: 'Jones' }]],
  };
  assert.ok(matched({ people: { first: ['Anna'], last: ['Smith'] } }, people));
  assert.ok(matched({ people: { first: ['Peter'], last: ['Jones'] } }, people));
  assert.ok(!matched({ people: { first: ['Anna'], last: ['Jones'] } }, people));
  assert.ok(matched({ people: { first: ['Anna'], middle: [{ exists: false }] } }, people));
});

test('fields in nested arrays must match in the same element at every level', () => {
  const rows = [
    {
      cells: [
        { x: 1, y: 9 },
        { x: 9, y: 2 },
      ],
      name: 'a',
    },
    { cells: [{ x: 3, y: 4 }] },
  ];
  const cells = (x: number, y: number) => ({ rows: { cells: { x: [x], y: [y] } } });
  assert.ok(matched(cells(9, 2), { rows }));
  assert.ok(!matched(cells(1, 2), { rows }));
  assert.ok(matched({ rows: { cells: { x: [1] }, name: ['a'] } }, { rows }));
  assert.ok(!matched({ rows: { cells: { x: [3] }, name: ['a'] } }, { rows }));
});

test('elements of different arrays match independently', () => {
  const event = { a: [{ x: 1 }, { x: 2 }], b: [{ x: 1 }, { x: 2 }] };
  assert.ok(matched({ a: { x: [1] }, b: { x: [2] } }, event));
});

test('$or matches if one of its branches and all other fields match', () => {
  const pattern = { source: ['a'], $or: [{ detail: { x: [1] } }, { detail: { y: [2], z: [3] } }] };
  assert.ok(matched(pattern, { source: 'a', detail: { x: 1 } }));
  assert.ok(matched(pattern, { source: 'a', detail: { y: 2, z: 3 } }));
  assert.ok(!matched(pattern, { source: 'a', detail: { y: 2 } }));
  assert.ok(!matched(pattern, { source: 'b', detail: { x: 1 } }));
});

const refused: [pattern: unknown, reason: RegExp][] = [
  [['a'], /Filter is not an object/],
  [{}, /Empty objects are not allowed/],
  [{ source: 'a' }, /"source" must be an object or an array/],
  [{ source: [] }, /Empty arrays are not allowed/],
  [{ source: [['a']] }, /Match value must be String, number, true, false, or null/],
  [{ source: [{}] }, /Match expression name not found/],
  [{ source: [{ regex: 'a' }] }, /Unrecognized match type regex/],
  [{ source: [{ constructor: 'a' }] }, /Unrecognized match type constructor/],
  [{ source: [{ NUMERIC: ['>', 1] }] }, /Unrecognized match type NUMERIC/],
  [{ source: [{ prefix: 'a', suffix: 'b' }] }, /Only one key allowed in match expression/],
  [{ source: [{ prefix: 1 }] }, /prefix match pattern must be a string/],
  [{ source: [{ prefix: { prefix: 'a' } }] }, /Unsupported prefix pattern: prefix/],
  [{ source: [{ suffix: ['a'] }] }, /suffix match pattern must be a string/],
  [{ source: [{ 'equals-ignore-case': 1 }] }, /equals-ignore-case match pattern must be a string/],
  [{ source: [{ exists: 'yes' }] }, /exists match pattern must be either true or false\./],
  [{ n: [{ numeric: 5 }] }, /Value of numeric must be an array\./],
  [{ n: [{ numeric: ['<', 'x'] }] }, /Value of < must be numeric/],
  [{ n: [{ numeric: ['~', 1] }] }, /Unrecognized numeric range operator: ~/],
  [{ n: [{ numeric: ['>', 1, '>', 2] }] }, /Bad numeric range operator: >/],
  [{ n: [{ numeric: ['>', 3, '<', 2] }] }, /Bottom must be less than top/],
  [{ n: [{ numeric: ['>', 1, '<', 2, '<'] }] }, /Too many terms/],
  [{ a: [{ wildcard: 'a**b' }] }, /Consecutive wildcard characters at pos 2/],
  [{ a: [{ wildcard: 'a\\b' }] }, /Invalid escape character at pos 2/],
  [{ a: [{ cidr: '10.0.0.0' }] }, /Malformed CIDR, one '\/' required/],
  [{ a: [{ cidr: 'x.y/8' }] }, /Nonstandard IP address: x\.y/],
  [{ a: [{ cidr: '10.0.0.0/x' }] }, /mask bits must be an integer/],
  [{ a: [{ cidr: '10.0.0.0/33' }] }, /IPv4 mask bits must be < 32/],
  [{ a: [{ 'anything-but': null }] }, /must be an array or single string\/number value/],
  [{ a: [{ 'anything-but': ['a', 1] }] }, /mixed type is not supported/],
  [{ a: [{ 'anything-but': [true] }] }, /start\|null\|boolean is not supported/],
  [{ a: [{ 'anything-but': { numeric: ['=', 1] } }] }, /Unsupported anything-but pattern: numeric/],
  [{ a: [{ 'anything-but': { prefix: '' } }] }, /Null prefix\/suffix not allowed/],
  [{ $or: [{ a: [1] }] }, /at least 2 Objects in \$or/],
  [{ $or: [{ a: [1] }, 'b'] }, /Only JSON object is allowed in array of \$or/],
  [{ $or: [{ a: [1] }, { prefix: ['b'] }] }, /prefix is Ruler reserved fieldName/],
];

test('a pattern that AWS refuses is refused with AWS’s reason', () => {
  for (const [pattern, reason] of refused) {
    assert.throws(
      () => parsePattern(JSON.stringify(pattern)),
      (error: Error) =>
        error.name === 'InvalidEventPatternException' &&
        error.message.startsWith('Event pattern is not valid. Reason: ') &&
        reason.test(error.message),
      `${JSON.stringify(pattern)} is refused because of ${reason}`,
    );
  }
  assert.throws(() => parsePattern('{"a":'), { name: 'InvalidEventPatternException' });
});

test('a pattern with too many combinations of $or is refused', () => {
  const or = [{ a: [1] }, { b: [1] }, { c: [1] }, { d: [1] }];
  const nested = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, { $or: or }]));
  assert.throws(() => parsePattern(JSON.stringify(nested)), { name: 'LimitExceededException' });
});

const letters = (most: number) => fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: most });

test('a wildcard matches the same texts as the equivalent regular expression', () => {
  fc.assert(
    fc.property(
      fc.array(letters(2), { minLength: 1, maxLength: 5 }),
      letters(12),
      (parts, text) => {
        const pattern = parts.join('*').replaceAll(/\*+/g, '*');
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        assert.equal(field([{ wildcard: pattern }], text), expression.test(text));
      },
    ),
  );
});

// An algorithm with backtracking would practically never end.
test('matching long wildcards and arrays takes no exponential time', { timeout: 60_000 }, () => {
  const wildcard = `${'a*'.repeat(400)}b`;
  assert.ok(!field([{ wildcard }], 'a'.repeat(100_000)));
  const rows = Array.from({ length: 8000 }, (_, i) => ({ a: 1, b: i === 0 ? 2 : 3, c: 1 }));
  const pattern = { left: { a: [1], b: [2, 3] }, right: { a: [1], b: [2], c: [9, 1], d: [1] } };
  assert.ok(!matched({ ...pattern }, { left: rows, right: rows }));
});

const scalar = fc.oneof(
  letters(3),
  fc.integer({ min: -9, max: 9 }),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.constantFrom('a', 'b', 'c', 'd');
const tree = fc.letrec((tie) => ({
  node: fc.dictionary(key, fc.oneof({ maxDepth: 3 }, scalar, tie('node')), { minKeys: 1 }),
})).node as fc.Arbitrary<Record<string, unknown>>;

/** The pattern of an event's own leaves. */
const patternOf = (event: Record<string, unknown>): object =>
  Object.fromEntries(
    Object.entries(event).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null
        ? patternOf(value as Record<string, unknown>)
        : [value],
    ]),
  );

test('every event matches the pattern of its own leaves, also with additional fields', () => {
  fc.assert(
    fc.property(tree, (event) => {
      assert.ok(matched(patternOf(event), { ...event, beside: [event, 1] }));
    }),
  );
});

test('anything-but matches exactly the present values that the value itself does not match', () => {
  fc.assert(
    fc.property(fc.oneof(letters(3), fc.integer({ min: -9, max: 9 })), scalar, (but, value) => {
      assert.equal(field([{ 'anything-but': but }], value), !field([but], value));
    }),
  );
});

test('objects in an array match if one element has all values', () => {
  const row = fc.record({ a: fc.nat(2), b: fc.nat(2) }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.array(row), fc.nat(2), fc.nat(2), (rows, a, b) => {
      const expected = rows.some((each) => each.a === a && each.b === b);
      assert.equal(matched({ rows: { a: [a], b: [b] } }, { rows }), expected);
    }),
  );
});
