import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { MutantResult } from '@stryker-mutator/api/core';
import { Stryker } from '@stryker-mutator/core';
import { grouped } from '../../core/grouped.ts';
import { packagedService } from '../../demo/package-cache.ts';
import { linesOf, type Tried, tooFewIn } from './report.ts';

const USAGE = 'Usage: npm run test:mutation [-- [--again] [--report] [FILE…]]';

// Finished results are kept here, one file for each source file.
const RESULTS = 'reports/mutation';

const folders = ['core', 'functions', 'aws'];
// Unit tests cover these; scripts and seeds cover the rest.
const inUnits = (file: string): boolean => file.startsWith('core/') || file.startsWith('aws/pace/');

const resultFile = (file: string): string => join(RESULTS, `${file}.json`);

const digestOf = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex');

/** The results for a file, if it has not changed since. */
function known(file: string): Tried | undefined {
  try {
    const tried = JSON.parse(readFileSync(resultFile(file), 'utf8')) as Tried;
    return tried.digest === digestOf(file) ? tried : undefined;
  } catch {
    return undefined;
  }
}

function keep(tried: Tried): void {
  const kept = resultFile(tried.file);
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, `${JSON.stringify(tried, undefined, 1)}\n`);
}

const foundBy = ({ status, location, mutatorName, replacement }: MutantResult) => ({
  status,
  line: location.start.line,
  column: location.start.column,
  mutator: mutatorName,
  replacement: replacement ?? '',
});

/** Tries all mutants of files that the same tests are about. */
async function tryAll(files: string[]): Promise<Tried[]> {
  const digests = new Map(files.map((file) => [file, digestOf(file)]));
  const configFile = `test/mutation/${files.every(inUnits) ? 'units' : 'seeds'}.json`;
  const results = await new Stryker({ configFile, mutate: files }).runMutationTest();
  const date = new Date().toISOString().slice(0, 10);
  return [...digests].map(([file, digest]) => {
    const mutants = results.filter(({ fileName }) => fileName.endsWith(`/${file}`)).map(foundBy);
    return { file, digest, date, mutants };
  });
}

/** The files that are tried at once. All unit tests of a folder run once, before its first mutant. */
const groupsOf = (files: string[]): string[][] => [
  ...grouped(files, (file) => (inUnits(file) ? dirname(file) : file)).values(),
];

async function tryGroups(groups: string[][]): Promise<void> {
  for (const [i, files] of groups.entries()) {
    console.log(`${i + 1} of ${groups.length}: ${files.join(', ')}`);
    for (const tried of await tryAll(files)) keep(tried);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      again: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const all: string[] = [];
  for (const folder of folders) {
    for await (const file of glob(`${folder}/**/*.ts`)) if (!file.endsWith('.d.ts')) all.push(file);
  }
  const unknown = positionals.find((file) => !all.includes(file));
  if (unknown !== undefined) throw new Error(`There is no ${unknown} to mutate. ${USAGE}`);
  const files = (positionals.length > 0 ? positionals : all).toSorted();
  const isLeft = (file: string) => !values.report && (values.again || !known(file));
  const left = files.filter(isLeft);
  const links = readFileSync(new URL('../chaos/links.yml', import.meta.url), 'utf8');
  const artifact = left.every(inUnits) ? undefined : await packagedService(links);
  if (artifact) process.env['POOLBRIDGE_ARTIFACT'] = artifact.folder;
  // Each test file is a separate process for each mutant, and all load the same modules.
  const compiled = mkdtempSync(join(tmpdir(), 'poolbridge-compiled-'));
  process.env['NODE_COMPILE_CACHE'] = compiled;
  try {
    await tryGroups(groupsOf(left));
  } finally {
    artifact?.remove();
    rmSync(compiled, { recursive: true });
  }
  const done = files.flatMap((file) => known(file) ?? []);
  const tooFew = tooFewIn(done);
  for (const line of [...linesOf(done), ...tooFew]) console.log(line);
  if (tooFew.length > 0) process.exitCode = 1;
}

await main();
