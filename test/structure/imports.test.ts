import assert from 'node:assert/strict';
import { test } from 'node:test';
import { circlesOf, importsOfFiles } from './imports.ts';

/** What the files of a folder may import besides each other. A folder within another comes first. */
const rules: [folder: string, ...others: string[]][] = [
  ['core/'],
  ['aws/', 'core/'],
  ['functions/', 'aws/', 'core/'],
  ['packaging/', 'core/'],
  ['statemachines/'],
  ['cli/', 'aws/', 'core/', 'packaging/'],
  ['console/', 'cli/', 'aws/', 'core/', 'packaging/'],
  ['packages/embedded-aws/kernel/'],
  ['packages/embedded-aws/'],
  ['demo/', 'cli/', 'console/', 'packaging/', 'core/', 'packages/embedded-aws/'],
];

/**
 * Files that put the parts together: tests, benchmarks, and the command's entry. They may import from
 * everywhere, and no other file imports them.
 */
const ENTRIES = /^(test|bench)\/|^packages\/embedded-aws\/(.*\/)?test\/|^cli\/poolbridge\.ts$/;

const imports = importsOfFiles();

const ruleOf = (file: string) => rules.find(([folder]) => file.startsWith(folder));

/** Imports that the rules do not allow, as `from → to`. */
function arrowsAgainstTheRules(): string[] {
  return [...imports].flatMap(([file, others]) => {
    if (ENTRIES.test(file)) return [];
    const folders = ruleOf(file) ?? [];
    return others
      .filter((other) => ENTRIES.test(other) || !folders.some((each) => other.startsWith(each)))
      .map((other) => `${file} → ${other}`);
  });
}

test('every file of code is in a folder with a rule, or puts others together', () => {
  const outside = [...imports.keys()].filter((file) => !ENTRIES.test(file) && !ruleOf(file));
  assert.deepEqual(outside, []);
});

test('imports go in one direction, and no file imports one that puts others together', () => {
  assert.deepEqual(arrowsAgainstTheRules(), []);
});

test('no files import each other in a circle', () => {
  assert.deepEqual(circlesOf(imports), []);
});

test('a circle of three files is found, and files outside it are not', () => {
  const circle = new Map([
    ['a', ['b', 'd']],
    ['b', ['c']],
    ['c', ['a']],
    ['d', []],
  ]);
  assert.deepEqual(circlesOf(circle), [['a', 'b', 'c']]);
});
