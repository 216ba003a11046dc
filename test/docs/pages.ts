import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const NOT_OURS = /(^|\/)(node_modules|reports|\.(?!github)[^/]+)\//;

/** The files of the repository that match a pattern, without what is installed or generated. */
export const filesOf = (pattern: string | string[]): string[] =>
  globSync(pattern, { cwd: root })
    .filter((file) => !NOT_OURS.test(file))
    .sort();

/** Every document of the repository. */
export const documents = filesOf(['**/*.md', '.github/**/*.md']);

export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Whether a file, folder or pattern exists in the repository. */
export const isThere = (path: string): boolean =>
  /[*{]/.test(path)
    ? globSync(path, { cwd: root }).length > 0
    : existsSync(join(root, normalize(path)));

/** The file that a relative link of a page leads to, from the root of the repository. */
export const linkedFile = (page: string, target: string): string =>
  target === '' ? page : normalize(join(dirname(page), target));

/** A page without its code blocks. */
export const proseOf = (page: string): string => read(page).replace(/^```.*?^```/gms, '');

const linkTexts = /\[([^\]]*)\]\([^)]*\)/g;

/** The anchors that GitHub gives the headings of a page. */
export function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, text = '']) =>
    text
      .replace(linkTexts, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(
    headings.map((heading) => {
      const before = seen.get(heading) ?? 0;
      seen.set(heading, before + 1);
      return before === 0 ? heading : `${heading}-${before}`;
    }),
  );
}

/** The relative links and pictures of a page. */
export const linksOf = (page: string): string[] => {
  const text = proseOf(page);
  const markdown = [...text.matchAll(/\]\(([^)\s]+)\)/g)];
  const html = [...text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)];
  return [...markdown, ...html]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
};

/** The text of a page below one heading, down to the next of its level or above; without code blocks. */
export function section(page: string, heading: string): string {
  const lines = proseOf(page).split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`${page} has no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const end = lines.findIndex((line, i) => {
    const hashes = /^(#+) /.exec(line)?.[1]?.length ?? Number.POSITIVE_INFINITY;
    return i > start && hashes <= level;
  });
  return lines.slice(start, end < 0 ? undefined : end).join('\n');
}

/** The cells of each row of the tables in a text, without their heads. */
export function rowsOf(text: string): string[][] {
  const lines = text.split('\n');
  return lines
    .filter((line, i) => line.startsWith('|') && !/^\| ?-/.test(lines[i + 1] ?? ''))
    .filter((line) => !/^\| ?-/.test(line))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The code spans in a text. */
export const codeIn = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

/** The code spans in the first column of the tables in a text. */
export const namedIn = (text: string): string[] =>
  rowsOf(text).flatMap(([first = '']) => codeIn(first));
