import fc from 'fast-check';

type Json = Record<string, unknown>;

/** The number of cases per surface. */
export const CASES = { numRuns: 10_000 };

// Text has no lone surrogates: higher numbers continue after the range of surrogates.
const SURROGATES = [0xd800, 0x800] as const;

/** Any character. Fast-check's own unit `binary` takes half a second for each arbitrary that it is in. */
const character = fc.integer({ min: 0, max: 0x10ffff - SURROGATES[1] }).map(
  (n) => String.fromCodePoint(n < SURROGATES[0] ? n : n + SURROGATES[1]),
  (text) => {
    const [first = '', ...more] = String(text);
    const code = first.codePointAt(0);
    if (code === undefined || more.length > 0) throw new Error('This is not one character.');
    return code < SURROGATES[0] ? code : code - SURROGATES[1];
  },
);

/** Text of any characters. */
export const anyText = (lengths: { minLength?: number; maxLength?: number } = {}) =>
  fc.string({ unit: character, ...lengths });

const oddKeys = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'],
  ...['', ' ', 'ключ', '\u202e', '\ud800', 'x'.repeat(5000)],
];

const DEEP = '@deep@';
const nested = (open: string, close: string) => `${open.repeat(10_000)}0${close.repeat(10_000)}`;
// Deeper than any call stack.
const deep = [nested('[', ']'), nested('{"a":', '}')] as const;

/** Unexpected values: wrong types, odd characters, and names that JavaScript itself uses. */
const nonsense: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, false, 0, -1, 1.5, 1e308, '', ' ', '\0', '\ufeff', '\ud800', '💥'],
    ...[[], {}, [null], [[]], { length: 3 }, { toString: null }, { valueOf: 'x' }],
    JSON.parse('{"__proto__": {"isAdmin": true}}'),
  ),
  { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 2 },
  anyText({ maxLength: 40 }),
  fc.constantFrom(...oddKeys),
);

const huge = fc.constantFrom<unknown>(
  DEEP,
  'x'.repeat(100_000),
  Array.from({ length: 500 }, () => 'x'),
  Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key${i}`, i])),
);

const odd = fc.oneof({ arbitrary: nonsense, weight: 99 }, huge);

const isNested = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** Every key in a value, with the object or array that holds it. */
function places(value: unknown, depth = 0): [Json, string][] {
  if (!isNested(value) || depth > 6) return [];
  return Object.keys(value)
    .slice(0, 100)
    .flatMap((key) => [[value, key] as [Json, string], ...places(value[key], depth + 1)]);
}

interface Mistake {
  kind: 'missing' | 'extra' | 'replaced' | 'twice';
  at: number;
  key: string;
  value: unknown;
}

/** Defines the key as an own property: assigning to `__proto__` would set the prototype. */
const put = (holder: Json, key: string, value: unknown): void => {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
};

function make(holder: Json, key: string, mistake: Mistake): void {
  const { kind, key: other } = mistake;
  const value = structuredClone(mistake.value);
  if (kind === 'missing') delete holder[key];
  if (kind === 'replaced') put(holder, key, value);
  if (kind === 'extra' && Array.isArray(holder)) holder.push(value);
  if (kind === 'extra' && !Array.isArray(holder)) put(holder, other, value);
  if (kind === 'twice' && Array.isArray(holder)) holder.push(holder[Number(key)]);
}

const mistakes: fc.Arbitrary<Mistake> = fc.record({
  kind: fc.constantFrom('missing', 'extra', 'replaced', 'replaced', 'twice'),
  at: fc.nat(),
  key: fc.oneof(fc.constantFrom(...oddKeys), fc.string({ minLength: 1, maxLength: 8 })),
  value: odd,
});

/**
 * The JSON of a good value with up to three mistakes anywhere in it, and sometimes of a completely different
 * value.
 */
export function spoiled(good: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const withMistakes = fc.tuple(good, fc.array(mistakes, { maxLength: 3 })).map(([value, made]) => {
    const copy = structuredClone(value);
    for (const mistake of made) {
      const all = places(copy);
      const [holder, key] = all[mistake.at % Math.max(all.length, 1)] ?? [];
      if (holder && key !== undefined) make(holder, key, mistake);
    }
    return copy;
  });
  return fc
    .tuple(fc.oneof({ arbitrary: withMistakes, weight: 9 }, odd), fc.constantFrom(...deep))
    .map(([value, deeper]) => JSON.stringify(value).replaceAll(`"${DEEP}"`, deeper));
}

/** Text as after a broken connection, from a proxy, or after a careless edit. */
export const torn = (good: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    fc.tuple(good, fc.nat()).map(([text, n]) => text.slice(0, n % (text.length + 1))),
    fc.tuple(good, fc.nat(), anyText({ minLength: 1, maxLength: 3 })).map(([text, n, more]) => {
      const at = n % (text.length + 1);
      return text.slice(0, at) + more + text.slice(at);
    }),
    fc.constantFrom('', ' ', 'null', '"', '[', '\ufeff{}', '<html><body>503</body></html>', 'NaN'),
    anyText({ maxLength: 60 }),
  );
