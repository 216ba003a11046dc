import { UnknownPoolFieldError } from '../errors.ts';
import { isObject } from '../shape.ts';

/** Reads one value of an answer of AWS. It throws an error that names the place of an unexpected value. */
export type Check = (value: unknown, at: string) => unknown;

export const refuse = (at: string, what: string): never => {
  throw new UnknownPoolFieldError(
    `AWS described the identity pool with ${what} at ${at.slice(0, 200)}, which this version of Poolbridge can't send back. A write would reset it, so nothing was written. Update Poolbridge.`,
  );
};

export const text: Check = (value, at) =>
  typeof value === 'string' ? value : refuse(at, 'a value that is not a string');

export const flag: Check = (value, at) =>
  typeof value === 'boolean' ? value : refuse(at, 'a value that is not true or false');

export const listOf =
  (item: Check): Check =>
  (value, at) =>
    Array.isArray(value)
      ? value.map((each, i) => item(each, `${at}[${i}]`))
      : refuse(at, 'a value that is not a list');

export const mapOf =
  (item: Check): Check =>
  (value, at) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, item(v, `${at}.${k}`)]))
      : refuse(at, 'a value that is not a map');

export const shapeOf =
  (members: Record<string, Check>): Check =>
  (value, at) => {
    if (!isObject(value)) return refuse(at, 'a value that is not an object');
    const known = Object.entries(value).filter(([, v]) => v !== null);
    return Object.fromEntries(
      known.map(([name, v]) => {
        const check = Object.hasOwn(members, name) ? members[name] : undefined;
        return [name, check ? check(v, `${at}.${name}`) : refuse(`${at}.${name}`, 'a new member')];
      }),
    );
  };
