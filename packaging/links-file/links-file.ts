import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { Ajv } from 'ajv';
import type { Links } from '../../core/links/links.ts';
import { problemsOf } from '../../core/links/problems.ts';
import { warningsOf } from '../../core/links/warnings.ts';
import { inLine } from './in-line.ts';
import { isRedundant, schemaProblem } from './schema-words.ts';
import { type Problem, YamlSource } from './yaml-source.ts';

/** What is wrong with links.yml: one line for each problem, with file, line and key. */
export class LinksFileError extends Error {
  override readonly name = 'LinksFileError';
  /** One line for each problem, without what it means for packaging. */
  readonly problems: string[];
  /** Whether the file could be read. */
  readonly isRead: boolean;

  constructor(problems: string[], packaging: string, isRead = true) {
    super([...problems, packaging].join(isRead ? '\n' : ' '));
    this.problems = problems;
    this.isRead = isRead;
  }
}

/** The links of a file, and warnings about what is allowed in it but probably not meant. */
export interface LinksFile {
  links: Links;
  /** One line for each, with file, line and key. */
  warnings: string[];
}

const schema: object = JSON.parse(
  readFileSync(new URL('../../links.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv({ allErrors: true, useDefaults: true, verbose: true }).compile<{
  links: Links;
}>(schema);

// More would hide the first mistake, which is often the cause of the others.
const MOST_PROBLEMS = 50;
// The schema can report several errors for one problem.
const MOST_ERRORS = 1000;

interface Found {
  links: Links;
  problems: Problem[];
  warnings: Problem[];
}

const refused = (problems: Problem[]): Found => ({ links: {}, problems, warnings: [] });

function linksOf(source: YamlSource): Found {
  const { content } = source;
  if (source.problems.length > 0) return refused(source.problems);
  const located = (all: ReturnType<typeof problemsOf>): Problem[] =>
    all.slice(0, MOST_PROBLEMS).map((each) => source.locate(each));
  if (!validate(content)) {
    const all = (validate.errors ?? []).slice(0, MOST_ERRORS);
    return refused(located(all.filter((each) => !isRedundant(each, all)).map(schemaProblem)));
  }
  const { links } = content;
  return { links, problems: located(problemsOf(links)), warnings: located(warningsOf(links)) };
}

function read(text: string): Found {
  try {
    return linksOf(new YamlSource(text));
  } catch (error) {
    // A recursive parser overflows the stack at some depth.
    const reason =
      error instanceof RangeError ? 'it is nested too deeply' : inLine((error as Error).message);
    return refused([{ line: 1, message: `the file can't be read as links: ${reason}` }]);
  }
}

const inLines = (problems: Problem[], shown: string): string[] => [
  ...new Set(
    problems.slice(0, MOST_PROBLEMS).map(({ line, message }) => `${shown}:${line}: ${message}`),
  ),
];

/**
 * Parses the text of a links.yml, and fills in every default.
 *
 * @param shown the name of the file in messages.
 * @throws LinksFileError that names file, line and key of every problem.
 */
export function parseLinks(text: string, shown: string): LinksFile {
  const { links, problems, warnings } = read(text);
  if (problems.length === 0) return { links, warnings: inLines(warnings, shown) };
  throw new LinksFileError(inLines(problems, shown), 'Nothing was packaged.');
}

/** The path of a file as messages show it: short, if the file is in the current folder. */
export function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
}

/**
 * Reads a links.yml with {@link parseLinks}.
 *
 * @param file path of the YAML file.
 * @throws LinksFileError that names every problem, or says that the file can not be read.
 */
export function readLinksFile(file: string): LinksFile {
  const shown = shownPath(file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new LinksFileError(
      [`${shown} can't be read (${(error as Error).message}).`],
      'Create it, or name another file with --param="links=PATH".',
      false,
    );
  }
  return parseLinks(text, shown);
}

/** The links of {@link readLinksFile}. */
export const loadLinks = (file: string): Links => readLinksFile(file).links;
