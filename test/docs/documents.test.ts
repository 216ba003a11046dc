import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anchorsOf, documents, filesOf, isThere, linkedFile, linksOf, read } from './pages.ts';

/** The lines of a page that match a pattern, each with its match. */
function linesWith(page: string, pattern: RegExp): string[] {
  return read(page)
    .replace(/https?:\/\/[^\s)>"]+/g, '')
    .split('\n')
    .flatMap((line, i) => {
      const found = pattern.exec(line)?.[0];
      return found === undefined ? [] : [`${page}:${i + 1}: ${found}`];
    });
}

// Old words, and words for people of one gender.
const FORBIDDEN =
  /\b(whoever|whomever|nobody|whither|whence|whosever|shall|he|him|his|himself|what came of|hear(s|d)? of|told of)\b/i;

const FOLDERS =
  'aws|bench|cli|console|core|demo|docs|events|functions|packages|packaging|resources|statemachines|test';
const PATHS = new RegExp(
  `(?<![\\w/.-])(?:(?:${FOLDERS})/[\\w@./*{},-]*\\.(?:ts|yml|json|md|png|html)|(?:${FOLDERS})(?:/[\\w-]+)*/(?=[\`\\s]))`,
  'g',
);

/** The files and folders that a text names; NAME stands for any name. */
const pathsIn = (text: string): string[] =>
  (text.replace(/https?:\/\/[^\s)>"]+/g, '').match(PATHS) ?? []).filter(
    (path) => !path.includes('NAME'),
  );

describe('the documents', () => {
  test('have no broken relative link', () => {
    const dead = documents.flatMap((page) =>
      linksOf(page).flatMap((link) => {
        const [target = '', anchor] = link.split('#');
        const file = linkedFile(page, target);
        if (!isThere(file)) return [`${page}: ${link}`];
        const isDead = anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor);
        return isDead ? [`${page}: ${link}`] : [];
      }),
    );
    assert.deepEqual(dead, []);
  });

  test('and the code name no file or folder that does not exist', () => {
    const code = filesOf([
      `{${FOLDERS.replaceAll('|', ',')}}/**/*.{ts,yml,json,html}`,
      '*.{yml,json}',
    ]).filter((file) => !file.startsWith('test/') && file !== 'package-lock.json');
    const inDocuments = documents.flatMap((page) =>
      pathsIn(read(page).replace(/^```(?!sh).*?^```/gms, ''))
        .filter((path) => !isThere(path) && !isThere(linkedFile(page, path)))
        .map((path) => `${page}: ${path}`),
    );
    const inCode = code.flatMap((file) =>
      pathsIn(read(file))
        .filter((path) => path.startsWith('docs/') && !isThere(path))
        .map((path) => `${file}: ${path}`),
    );
    assert.deepEqual([...inDocuments, ...inCode], []);
  });

  test('and the code use none of the words that the project avoids', () => {
    const code = filesOf([
      `{${FOLDERS.replaceAll('|', ',')}}/**/*.{ts,tsx,css,yml,html}`,
      '*.yml',
    ]).filter((file) => file !== 'test/docs/documents.test.ts');
    assert.ok(code.length > 500, String(code.length));
    assert.deepEqual(
      [...documents, ...code].flatMap((page) => linesWith(page, FORBIDDEN)),
      [],
    );
  });

  test('run only the scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const unknown = documents.flatMap((page) =>
      [...read(page).matchAll(/\bnpm run (?:--?\w+ )*([\w:-]+)/g)]
        .map(([, name = '']) => name)
        .filter((name) => scripts[name] === undefined)
        .map((name) => `${page}: ${name}`),
    );
    assert.deepEqual(unknown, []);
  });

  test('are all listed in docs/README.md or linked from there, and the README links to it', () => {
    const reached = new Set<string>();
    const follow = (page: string): void => {
      if (reached.has(page) || !documents.includes(page)) return;
      reached.add(page);
      for (const link of linksOf(page)) follow(linkedFile(page, link.split('#')[0] ?? ''));
    };
    follow('docs/README.md');
    const contents = linksOf('docs/README.md').map((link) => linkedFile('docs/README.md', link));
    assert.deepEqual(
      filesOf('docs/*.md').filter((page) => page !== 'docs/README.md' && !contents.includes(page)),
      [],
    );
    const pages = documents.filter((page) => page.startsWith('docs/'));
    assert.deepEqual(
      pages.filter((page) => !reached.has(page)),
      [],
    );
    assert.ok(linksOf('README.md').includes('docs/README.md'));
  });

  test('begin with a README of at most 150 lines', () => {
    const lines = read('README.md').trimEnd().split('\n');
    assert.ok(lines.length <= 150, `${lines.length} lines`);
  });
});
