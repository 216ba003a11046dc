import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { packagedService } from '../../demo/package-cache.ts';
import { readDeployment } from './accounts.ts';
import { bounds, scriptOf, smallestLoss } from './bounds.ts';
import { pinned } from './bug.ts';
import { bugs } from './bugs.ts';
import { loadHandlers } from './bundle.ts';
import { Progress } from './progress.ts';
import { seedsIn } from './seeds.ts';
import { findSeeds, runSeeds } from './shares.ts';
import { type Outcome, Suite } from './suite.ts';
import { Tally } from './tally.ts';

const USAGE = `Usage:
  npm run chaos -- --seeds FROM..TO[,FROM..TO…] [--timeline] [--bug NAME] [--resume FILE]
  npm run chaos -- --find-seeds [--seeds FROM..TO] [--bug NAME] [--pin]
  npm run chaos -- --bounds`;
// The seeds that --find-seeds tries by default.
const FAR = '1..1000';

interface Asked {
  seeds: number[];
  timeline: boolean;
  bug?: string;
  /** The file that keeps the outcomes of earlier runs. */
  resume?: string;
  /** Whether to find the first seed that detects each mistake. */
  find: boolean;
  /** Whether to write these seeds to bugs.ts. */
  pin: boolean;
  /** Whether to find the bounds of lateness instead of running seeds. */
  bounds: boolean;
}

function asked(): Asked {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      timeline: { type: 'boolean', default: false },
      bug: { type: 'string' },
      resume: { type: 'string' },
      'find-seeds': { type: 'boolean', default: false },
      pin: { type: 'boolean', default: false },
      bounds: { type: 'boolean', default: false },
    },
  });
  const { timeline, bug, resume, pin, bounds, 'find-seeds': find } = values;
  const seeds = seedsIn(values.seeds ?? (find || bounds ? FAR : ''));
  if (!seeds || (pin && !find) || (find && (timeline || resume))) throw new Error(USAGE);
  if (bug !== undefined && resume !== undefined) {
    throw new Error(
      '--resume is only for the code without a mistake. Leave out --resume or --bug.',
    );
  }
  if (bug !== undefined && !bugs.some(({ name }) => name === bug)) {
    throw new Error(
      `There is no bug “${bug}”. Use one of: ${bugs.map(({ name }) => name).join('; ')}.`,
    );
  }
  return { seeds, timeline, find, pin, bounds, ...(bug && { bug }), ...(resume && { resume }) };
}

function report({ seed, violations, timeline }: Outcome): void {
  console.error(`\nSeed ${seed}. To repeat it: npm run chaos -- --seeds ${seed}`);
  for (const line of timeline) console.error(`  ${line}`);
  for (const violation of violations) console.error(`✗ ${violation}`);
}

/** Writes the seed of a mistake to the file that has the mistake. */
function pinIn(file: URL, name: string, seed: number): void {
  const source = pinned(readFileSync(file, 'utf8'), name, seed);
  if (source !== undefined) writeFileSync(file, source);
}

async function find(artifact: string, { pin, ...asked }: Asked): Promise<void> {
  const files = ['bugs.ts', 'drift-bugs.ts'].map((name) => new URL(name, import.meta.url));
  await findSeeds({ artifact, ...asked }, (name, seed) => {
    const was = bugs.find((each) => each.name === name)?.seed;
    console.log(
      `${String(seed ?? 'none').padStart(6)}  ${name}${seed === was ? '' : ` (was ${was})`}`,
    );
    if (seed === undefined) process.exitCode = 1;
    else if (pin) for (const file of files) pinIn(file, name, seed);
  });
}

async function run(artifact: string, { resume, ...asked }: Asked): Promise<void> {
  const progress = resume === undefined ? undefined : new Progress(resume);
  const tally = new Tally();
  const wanted = new Set(asked.seeds);
  for (const outcome of progress?.done() ?? []) {
    if (wanted.delete(outcome.seed)) tally.add(outcome);
  }
  if (tally.seeds > 0) console.log(`${tally.seeds} seeds were already done.`);
  const start = performance.now();
  await runSeeds({ ...asked, artifact, seeds: [...wanted] }, (outcome) => {
    tally.add(outcome);
    progress?.keep(outcome);
    if (outcome.violations.length > 0 || asked.timeline) report(outcome);
    if (tally.seeds % 500 === 0) {
      console.log(`${tally.seeds} seeds, ${tally.violating.length} with violations`);
    }
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  for (const line of tally.lines(asked.seeds.length, seconds)) console.log(line);
  if (tally.violating.length > 0 || tally.seeds < asked.seeds.length) process.exitCode = 1;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

async function findBounds(folder: string): Promise<void> {
  const deployment = readDeployment(folder);
  const handlers = await loadHandlers();
  for (const bound of Object.values(bounds)) {
    const found = await smallestLoss((delay) =>
      new Suite(1, handlers, { script: scriptOf(bound, delay) }).run(deployment),
    );
    const what = found === undefined ? 'no delay loses a write' : `${seconds(found)} loses a write`;
    console.log(`${bound.name}: ${seconds(bound.derived)} by the code, ${what}`);
    if (found === undefined || found <= bound.derived) process.exitCode = 1;
  }
}

async function main(): Promise<void> {
  const what = asked();
  const artifact = await packagedService(
    readFileSync(new URL('links.yml', import.meta.url), 'utf8'),
  );
  try {
    if (what.bounds) await findBounds(artifact.folder);
    else await (what.find ? find : run)(artifact.folder, what);
  } finally {
    artifact.remove();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
