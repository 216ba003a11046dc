import type { $SchemaRef } from '@smithy/types';
import fc from 'fast-check';

/** Values that are likely to name something that exists, by member name. */
export type Likely = Readonly<Record<string, readonly string[]>>;

const odd = [
  ...['', ' ', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'x'.repeat(3000)],
  ...['{', '{}', '[]', 'null', '"text"', '{"a":', '%', '%E0%A4%A', '\u0000', '\u001b[2J', '😀'],
  ...['-1', '1e400', 'NaN', '*', '.*', '(', 'arn:aws:iam::111111111111:role/none', '$.a', '${a}'],
  ...['{"source":["a"]}', '{"source":[{"prefix":1}]}', 'rate(1 day)', 'cron(* * * * ? *)'],
  ...['{"Version":"2012-10-17","Statement":[null]}', '{"Statement":[{"Effect":"Allow"}]}'],
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...odd) },
  { weight: 1, arbitrary: fc.string() },
);
const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 5, -1, 1.5, 60, 1e9, 1e300, Number.MAX_SAFE_INTEGER),
  fc.integer(),
);
const anything = fc.oneof(text, number, fc.jsonValue({ maxDepth: 3 }));

const sometimesWrong = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 20, arbitrary: right }, { weight: 1, arbitrary: anything });

const DEEPEST = 6;

/** Inputs by AWS's own model of an operation, sometimes with a part that does not fit the model. */
export class Inputs {
  readonly #likely: Likely;

  constructor(likely: Likely) {
    this.#likely = likely;
  }

  /** @param name the name of the member that holds the value. */
  of(schema: $SchemaRef, name = '', depth = 0): fc.Arbitrary<unknown> {
    const shape = typeof schema === 'function' ? schema() : schema;
    if (typeof shape === 'number') return this.#simple(shape, name, depth);
    if (!Array.isArray(shape) || depth > DEEPEST) return anything;
    if (shape.length === 2) return this.of(shape[0], name, depth);
    switch (shape[0]) {
      case 0:
        return this.of(shape[4], name, depth);
      case 1:
        return this.#list(shape[4], name, depth);
      case 2:
        return this.#map(shape[5], name, depth);
      case 3:
        return this.#structure(shape[4], shape[5], { required: shape[6] ?? 0, depth });
      case 4:
        return this.#structure(shape[4], shape[5], { required: 0, depth });
      default:
        return anything;
    }
  }

  #simple(shape: number, name: string, depth: number): fc.Arbitrary<unknown> {
    if (shape & 128) return this.#map(shape - 128, name, depth);
    if (shape & 64) return this.#list(shape - 64, name, depth);
    if (shape === 1 || (shape >= 4 && shape <= 7)) return sometimesWrong(number);
    if (shape === 2) return sometimesWrong(fc.boolean());
    if (shape === 15) return anything;
    const likely = this.#likely[name] ?? [];
    if (likely.length === 0) return sometimesWrong(text);
    return fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...likely) },
      { weight: 1, arbitrary: sometimesWrong(text) },
    );
  }

  #list(item: $SchemaRef, name: string, depth: number): fc.Arbitrary<unknown> {
    return sometimesWrong(fc.array(this.of(item, name, depth + 1), { maxLength: 3 }));
  }

  #map(item: $SchemaRef, name: string, depth: number): fc.Arbitrary<unknown> {
    const keys = this.#likely[`${name} keys`] ?? [];
    const key = keys.length > 0 ? fc.oneof(fc.constantFrom(...keys), text) : text;
    return sometimesWrong(fc.dictionary(key, this.of(item, name, depth + 1), { maxKeys: 3 }));
  }

  #structure(
    names: string[],
    schemas: $SchemaRef[],
    { required, depth }: { required: number; depth: number },
  ): fc.Arbitrary<unknown> {
    const members = names.flatMap((name, i) => {
      const schema = schemas[i];
      if (schema === undefined) return [];
      const value = this.of(schema, name, depth + 1);
      const entry = value.map((each): [string, unknown] => [name, each]);
      return [fc.option(entry, { freq: i < required ? 40 : 1, nil: undefined })];
    });
    return sometimesWrong(
      fc
        .tuple(...members)
        .map((entries) => Object.fromEntries(entries.filter((entry) => entry !== undefined))),
    );
  }
}
