/** Checks the type of a value that others may have written. */
export type Shape<T> = (value: unknown) => value is T;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isText: Shape<string> = (value) => typeof value === 'string';

export const isFlag: Shape<boolean> = (value) => typeof value === 'boolean';

export const isNumber: Shape<number> = (value): value is number => Number.isFinite(value);

export const isOneOf =
  <T extends string>(...texts: T[]): Shape<T> =>
  (value): value is T =>
    texts.some((text) => text === value);

export const isListOf =
  <T>(item: Shape<T>): Shape<T[]> =>
  (value): value is T[] =>
    Array.isArray(value) && value.every(item);

export const isMapOf =
  <T>(item: Shape<T>): Shape<Record<string, T>> =>
  (value): value is Record<string, T> =>
    isObject(value) && Object.values(value).every(item);

export const isEither =
  <A, B>(one: Shape<A>, other: Shape<B>): Shape<A | B> =>
  (value): value is A | B =>
    one(value) || other(value);

/** The value that a text holds as JSON; undefined if it is not JSON. */
export function parsedJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

type OptionalKeys<T> = {
  [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never;
}[keyof T];

/** An object that has all needed members of its own, any of the optional ones, and no other. */
export const isShape =
  <T extends object>(
    needed: { [K in Exclude<keyof T, OptionalKeys<T>>]: Shape<T[K]> },
    optional: { [K in OptionalKeys<T>]-?: Shape<Exclude<T[K], undefined>> },
  ): Shape<T> =>
  (value): value is T => {
    if (!isObject(value)) return false;
    const shapes = new Map<string, Shape<unknown>>(Object.entries({ ...needed, ...optional }));
    return (
      Object.keys(needed).every((name) => Object.hasOwn(value, name)) &&
      Object.entries(value).every(([name, member]) => shapes.get(name)?.(member) === true)
    );
  };
