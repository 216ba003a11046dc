import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import { type Links, problemsOf } from '../core/links.ts';

/** What is wrong with links.yml: one line for each problem, with file, line and key. */
export class LinksFileError extends Error {
  override readonly name = 'LinksFileError';
}

const schema: object = JSON.parse(
  readFileSync(new URL('../links.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv({ allErrors: true, useDefaults: true, verbose: true }).compile<{
  links: Links;
}>(schema);

/** Where a key stands: a key itself where there is one, else the closest thing around it. */
function nodeAt(document: Document, path: string[]): Node | null {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = document.getIn(path.slice(0, depth - 1), true);
    const name = path[depth - 1];
    const pair =
      isMap(parent) && parent.items.find(({ key }) => isScalar(key) && key.value === name);
    if (pair) return pair.key as Node;
    const value = document.getIn(path.slice(0, depth), true);
    if (value) return value as Node;
  }
  return document.contents;
}

const quoted = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? 'nothing';

function problemOf(error: ErrorObject): { path: string[]; message: string } {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { keyword, params, data, parentSchema } = error;
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      const known = Object.keys((parentSchema?.['properties'] ?? {}) as object).join(', ');
      return {
        path: [...path, key],
        message: `is not a key that Poolbridge knows; known are ${known}`,
      };
    }
    case 'required':
      return { path, message: `lacks ${String(params['missingProperty'])}` };
    case 'anyOf':
      return { path, message: 'names no user pools: give userPools, userPoolTags or both' };
    case 'pattern':
      return {
        path: error.propertyName === undefined ? path : [...path, error.propertyName],
        message: `is ${quoted(data)}, which does not match ${String(params['pattern'])}`,
      };
    case 'propertyNames':
      return {
        path: [...path, String(params['propertyName'])],
        message: 'has a name that is not allowed',
      };
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).join(', ');
      return { path, message: `must be one of ${allowed}, but is ${quoted(data)}` };
    }
    case 'not':
      return {
        path: error.propertyName === undefined ? path : [...path, error.propertyName],
        message: `is ${quoted(data)}, and \${ stands for something else when the service is packaged; no tag can hold it`,
      };
    default:
      return { path, message: `${error.message ?? 'is not allowed'}, but is ${quoted(data)}` };
  }
}

// Said better by the error beneath it.
const isWrapper = (error: ErrorObject, all: ErrorObject[]): boolean =>
  (error.keyword === 'required' && error.schemaPath.includes('/anyOf/')) ||
  (error.keyword === 'propertyNames' && all.some(({ propertyName }) => propertyName !== undefined));

/** Of the aliases and merges, the first that stands for nothing; else the first that there is. */
function suspectOf(document: Document): Node | undefined {
  const suspects: (Alias | Scalar)[] = [];
  visit(document, {
    Alias: (_, alias) => void suspects.push(alias),
    Scalar: (_, scalar) => void (scalar.source === '<<' && suspects.push(scalar)),
  });
  return suspects.find((each) => isAlias(each) && !each.resolve(document)) ?? suspects[0];
}

/**
 * What the document says, its aliases resolved.
 *
 * @throws where an alias stands for nothing, for itself, or for far too much.
 */
function contentOf(document: Document): unknown {
  const content: unknown = document.toJS() ?? {};
  try {
    JSON.stringify(content);
  } catch {
    throw new Error('An alias stands for something that it is a part of');
  }
  return content;
}

/**
 * Reads links.yml, with every default filled in.
 *
 * @param file path of the YAML file.
 * @throws LinksFileError that names file, line and key of everything that is wrong.
 */
export function loadLinks(file: string): Links {
  const near = relative(process.cwd(), file);
  const shown = near.startsWith('..') ? file : near;
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    throw new LinksFileError(
      `${shown} can't be read (${(error as Error).message}). Create it, or name another file with --param="links=PATH".`,
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, merge: true });
  const fail = (problems: { line: number; message: string }[]): never => {
    const each = [...new Set(problems.map(({ line, message }) => `${shown}:${line}: ${message}`))];
    throw new LinksFileError(`${each.join('\n')}\nNothing was packaged.`);
  };
  if (document.errors.length > 0) {
    fail(
      document.errors.map(({ pos: [offset], message }) => ({
        line: lines.linePos(offset).line,
        message: message.split(/ at line |\n/)[0] ?? message,
      })),
    );
  }
  let content: unknown;
  try {
    content = contentOf(document);
  } catch (error) {
    const offset = suspectOf(document)?.range?.[0] ?? 0;
    const [message = ''] = (error as Error).message.split('\n');
    return fail([{ line: lines.linePos(offset).line, message }]);
  }
  const located = (problems: { path: string[]; message: string }[]) =>
    problems.map(({ path, message }) => {
      const offset = nodeAt(document, path)?.range?.[0] ?? 0;
      return {
        line: lines.linePos(offset).line,
        message: `${path.join('.') || 'the file'} ${message}`,
      };
    });
  if (!validate(content)) {
    const errors = validate.errors ?? [];
    return fail(located(errors.filter((error) => !isWrapper(error, errors)).map(problemOf)));
  }
  const { links } = content;
  const problems = problemsOf(links);
  if (problems.length > 0) fail(located(problems));
  return links;
}
