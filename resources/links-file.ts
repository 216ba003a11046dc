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
import type { Links } from '../core/links.ts';
import { problemsOf } from '../core/links-problems.ts';

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

// A links.yml has no more aliases of one anchor than links; what has more multiplies itself.
const MOST_ALIASES = 10_000;
// Whoever has made more mistakes than this has made a greater one.
const MOST_PROBLEMS = 50;

/** A text as it may stand in a line of its own. */
const inLine = (text: string): string =>
  text
    .slice(0, 80)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (odd) => `\\u{${odd.codePointAt(0)?.toString(16)}}`);

const reasonOf = (message: string): string =>
  message.includes('call stack') ? 'it is nested too deeply' : inLine(message);

// Never the whole of a list or map: aliases may make it contain itself.
function quoted(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  return inLine(JSON.stringify(value) ?? 'nothing');
}

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
    case 'dependencies':
      return {
        path: [...path, String(params['property'])],
        message: `goes with ${String(params['missingProperty'])} alone`,
      };
    case 'anyOf':
      return { path, message: 'names no user pools: give userPools, userPoolTags or both' };
    case 'pattern': {
      const reason = parentSchema?.['$comment'] ?? `does not match ${String(params['pattern'])}`;
      return {
        path: error.propertyName === undefined ? path : [...path, error.propertyName],
        message: `is ${quoted(data)}, which ${String(reason)}`,
      };
    }
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
const isWrapper = ({ keyword, schemaPath }: ErrorObject, namesNamed: boolean): boolean =>
  (keyword === 'required' && schemaPath.includes('/anyOf/')) ||
  (keyword === 'propertyNames' && namesNamed) ||
  keyword === 'if';

interface Problem {
  line: number;
  message: string;
}

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
  const content: unknown = document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
  try {
    JSON.stringify(content);
  } catch {
    throw new Error('An alias stands for something that it is a part of');
  }
  return content;
}

/** Reads YAML, with where its nodes stand. */
class Source {
  readonly #lines = new LineCounter();
  readonly #document: Document;
  readonly content: unknown;
  readonly problems: Problem[];

  /** @throws Error where the text is too deep. */
  constructor(text: string) {
    const options = { lineCounter: this.#lines, merge: true, prettyErrors: false };
    this.#document = parseDocument(text, { ...options, logLevel: 'error' });
    const { errors, warnings } = this.#document;
    const lineOf = (offset: number): number => this.#lines.linePos(offset).line;
    const mistakes = errors.map(({ pos: [offset], message }) => ({
      line: lineOf(offset),
      message: reasonOf(message),
    }));
    // YAML takes the text after an unquoted ! for a tag, and leaves nothing in its place.
    const tags = warnings.map(({ pos: [from, to] }) => ({
      line: lineOf(from),
      message: `${inLine(text.slice(from, to))} begins with !, which YAML reads as a tag: put it in quotes`,
    }));
    this.problems = [...mistakes, ...tags].slice(0, MOST_PROBLEMS);
    this.content = this.problems.length > 0 ? {} : this.#resolved();
  }

  #resolved(): unknown {
    try {
      return contentOf(this.#document);
    } catch (error) {
      const offset = suspectOf(this.#document)?.range?.[0] ?? 0;
      const message = reasonOf((error as Error).message);
      this.problems.push({ line: this.#lines.linePos(offset).line, message });
      return {};
    }
  }

  locate({ path, message }: { path: string[]; message: string }): Problem {
    const offset = nodeAt(this.#document, path)?.range?.[0] ?? 0;
    const key = path.map(inLine).join('.') || 'the file';
    return { line: this.#lines.linePos(offset).line, message: `${key} ${message}` };
  }
}

/** The links of a source, or what is wrong with them. */
function linksOf(source: Source): { links: Links; problems: Problem[] } {
  const { content } = source;
  if (source.problems.length > 0) return { links: {}, problems: source.problems };
  if (validate(content)) {
    const { links } = content;
    return {
      links,
      problems: problemsOf(links)
        .slice(0, MOST_PROBLEMS)
        .map((each) => source.locate(each)),
    };
  }
  const all = validate.errors ?? [];
  const namesNamed = all.some(({ propertyName }) => propertyName !== undefined);
  const errors = all.filter((error) => !isWrapper(error, namesNamed));
  return {
    links: {},
    problems: errors.slice(0, MOST_PROBLEMS).map((error) => source.locate(problemOf(error))),
  };
}

function read(text: string): { links: Links; problems: Problem[] } {
  try {
    return linksOf(new Source(text));
  } catch (error) {
    const message = `the file can't be read as links: ${reasonOf((error as Error).message)}`;
    return { links: {}, problems: [{ line: 1, message }] };
  }
}

/**
 * Understands the text of a links.yml, with every default filled in.
 *
 * @param shown what the file is called in what is said of it.
 * @throws LinksFileError that names file, line and key of everything that is wrong.
 */
export function parseLinks(text: string, shown: string): Links {
  const { links, problems } = read(text);
  if (problems.length === 0) return links;
  const each = [...new Set(problems.map(({ line, message }) => `${shown}:${line}: ${message}`))];
  throw new LinksFileError(`${each.join('\n')}\nNothing was packaged.`);
}

/**
 * Reads links.yml, as {@link parseLinks} understands it.
 *
 * @param file path of the YAML file.
 * @throws LinksFileError as there, and where the file can't be read.
 */
export function loadLinks(file: string): Links {
  const near = relative(process.cwd(), file);
  const shown = near.startsWith('..') ? file : near;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new LinksFileError(
      `${shown} can't be read (${(error as Error).message}). Create it, or name another file with --param="links=PATH".`,
    );
  }
  return parseLinks(text, shown);
}
