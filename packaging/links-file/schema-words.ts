import type { ErrorObject } from 'ajv';
import { inLine } from './in-line.ts';

// A list or map is not quoted: aliases may make it very long.
function quoted(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  return inLine(JSON.stringify(value) ?? 'nothing');
}

const types: Record<string, string> = {
  object: 'a map, which has keys with values',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
  integer: 'a whole number',
};

function typeSentence(type: string, data: unknown): string {
  const must = `must be ${types[type] ?? type}`;
  if (data === null) return `has no value: it ${must}`;
  const quotes = type === 'string' && typeof data !== 'object' ? ': put it in quotes' : '';
  return `${must}, but is ${quoted(data)}${quotes}`;
}

const sizeOf = (data: unknown): number =>
  typeof data === 'string' ? [...data].length : Object.keys(data as object).length;

const counted = (limit: unknown, what: string): string =>
  `${String(limit)} ${what}${limit === 1 ? '' : 's'}`;

/** Sentences about sizes, by the keyword of the schema. */
const sizes: Record<string, (limit: unknown) => string> = {
  minItems: (limit) => `must have at least ${counted(limit, 'item')}`,
  maxItems: (limit) => `must have at most ${counted(limit, 'item')}`,
  minProperties: (limit) => `must have at least ${counted(limit, 'key')}`,
  maxProperties: (limit) => `must have at most ${counted(limit, 'key')}`,
  minLength: (limit) => `must have at least ${counted(limit, 'character')}`,
  maxLength: (limit) => `must have at most ${counted(limit, 'character')}`,
};

/**
 * An error of the schema as a message, with its path. The reason for a pattern is the `$comment` beside it.
 *
 * @param error an error of Ajv with `verbose`.
 */
export function schemaProblem(error: ErrorObject): { path: string[]; message: string } {
  const { keyword, params, data, parentSchema, propertyName } = error;
  const around = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const path = propertyName === undefined ? around : [...around, propertyName];
  const size = sizes[keyword];
  if (size) return { path, message: `${size(params['limit'])}, but has ${sizeOf(data)}` };
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      const known = Object.keys((parentSchema?.['properties'] ?? {}) as object).join(', ');
      const message = `is not a key that Poolbridge knows; known are ${known}`;
      return { path: [...path, key], message };
    }
    case 'required':
      return { path, message: `lacks ${String(params['missingProperty'])}` };
    case 'dependencies': {
      const message = `has no effect without ${String(params['missingProperty'])}: add that, or remove it`;
      return { path: [...path, String(params['property'])], message };
    }
    case 'anyOf':
      return { path, message: 'names no user pools: add userPools, userPoolTags or both' };
    case 'pattern':
    case 'not':
      return { path, message: `is ${quoted(data)}, which ${String(parentSchema?.['$comment'])}` };
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).join(', ');
      return {
        path,
        message: `must be ${allowed.replace(/, ([^,]*)$/, ' or $1')}, but is ${quoted(data)}`,
      };
    }
    case 'type':
      return { path, message: typeSentence(String(params['type']), data) };
    case 'minimum':
      return {
        path,
        message: `must be ${String(params['limit'])} or more, but is ${quoted(data)}`,
      };
    case 'maximum':
      return {
        path,
        message: `must be ${String(params['limit'])} or less, but is ${quoted(data)}`,
      };
    case 'uniqueItems': {
      const item = (data as unknown[])[Number(params['i'])];
      return { path, message: `has ${quoted(item)} twice: remove one` };
    }
    default:
      return { path, message: `${error.message ?? 'is not allowed'}, but is ${quoted(data)}` };
  }
}

/** Whether another error describes the same problem better: by its parts, or by its form instead of its length. */
export const isRedundant = (error: ErrorObject, all: ErrorObject[]): boolean =>
  (error.keyword === 'required' && error.schemaPath.includes('/anyOf/')) ||
  error.keyword === 'propertyNames' ||
  error.keyword === 'if' ||
  (/^(min|max)Length$/.test(error.keyword) &&
    all.some(
      ({ keyword, instancePath, propertyName }) =>
        keyword === 'pattern' &&
        instancePath === error.instancePath &&
        propertyName === error.propertyName,
    ));
