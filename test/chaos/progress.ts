import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './suite.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

// The files that decide how a seed runs.
const SOURCES = [
  '{aws,core,functions,statemachines,events,resources}/**/*',
  'packages/embedded-aws/{*,kernel/*,services/**/*}',
  'test/chaos/*',
];

/** Digest of the files that decide how a seed runs. */
function versionOf(): string {
  const hash = createHash('sha256');
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
  for (const file of files.filter((name) => /\.(ts|yml)$/.test(name))) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** An outcome as the file keeps it. */
export type Kept = Omit<Outcome, 'timeline'>;

/** The outcomes of earlier runs, in a file with one line per seed. */
export class Progress {
  readonly #file: string;
  readonly #version = versionOf();

  /** @throws Error if another version of the code wrote the file: its outcomes do not apply here. */
  constructor(file: string) {
    this.#file = file;
    const [first] = this.#lines();
    if (first === undefined) this.#append({ version: this.#version });
    else if ((JSON.parse(first) as { version?: string }).version !== this.#version) {
      throw new Error(`The code has changed since ${file} was started. Use a new file.`);
    }
  }

  #lines(): string[] {
    if (!existsSync(this.#file)) return [];
    return readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
  }

  #append(line: object): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  /** The outcomes of the seeds that were run before. */
  done(): Kept[] {
    return this.#lines()
      .slice(1)
      .map((line) => JSON.parse(line) as Kept);
  }

  keep({ timeline: _, ...outcome }: Outcome): void {
    this.#append(outcome);
  }
}
