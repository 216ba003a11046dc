import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { globalSetup, globalTeardown } from './setup.ts';

// The slowest files, the slowest first. They start first, so that no processor is idle at the end.
const LONGEST = [
  'test/console/console.test.ts',
  'test/chaos/chaos.test.ts',
  'test/end-to-end/roles.test.ts',
  'test/cli/audit.test.ts',
  'test/end-to-end/start.test.ts',
  'test/security/iam.test.ts',
  'test/end-to-end/changes.test.ts',
  'test/console/plans.test.ts',
  'test/end-to-end/reconcile.test.ts',
  'test/end-to-end/unfinished.test.ts',
  'test/chaos/scripts.test.ts',
  'test/end-to-end/alarms.test.ts',
  'test/chaos/mistakes.test.ts',
  'test/security/forged.test.ts',
  'test/end-to-end/approval.test.ts',
  'test/console/drift.test.ts',
  'test/cli/operator.test.ts',
  'test/cli/rates.test.ts',
  'test/cli/views.test.ts',
  'test/statemachines/paths.test.ts',
  'test/end-to-end/lost-table.test.ts',
  'test/end-to-end/refusal.test.ts',
  'test/end-to-end/link.test.ts',
  'test/packaging/stack-parameters.test.ts',
  'test/end-to-end/issuer.test.ts',
  'test/end-to-end/burst.test.ts',
  'test/packaging/packaging.test.ts',
  'test/packaging/boundary.test.ts',
  'test/contract/contract.test.ts',
  'test/end-to-end/deleted.test.ts',
];

// What takes longer hangs: it is ended and fails. The slowest test takes two minutes beside others, all take ten. A
// file does not end while a test that failed has left a server open.
const LONGEST_TEST_MS = 10 * 60_000;
const LONGEST_RUN_MS = 30 * 60_000;

/** All test files, the slowest first. */
function allFiles(): string[] {
  const all = globSync('{test,packages}/**/*.test.ts', { exclude: ['**/node_modules'] }).sort();
  const gone = LONGEST.filter((file) => !all.includes(file));
  if (gone.length > 0) {
    throw new Error(
      `test/run.ts names ${gone.join(', ')}, which does not exist. Correct its list.`,
    );
  }
  return [...new Set([...LONGEST, ...all])];
}

/** The files that match the patterns. */
function filesOf(patterns: string[]): string[] {
  return patterns.flatMap((pattern) => {
    const files = globSync(pattern);
    if (files.length > 0) return files;
    throw new Error(
      `No test file is called ${pattern}. Give its path, such as test/core/request/approval.test.ts.`,
    );
  });
}

/** Checks types, style, dead code and state machines, and prints what is wrong. */
async function check(): Promise<number> {
  const [status] = await once(
    spawn('npm', ['run', '--silent', 'check'], { stdio: 'inherit' }),
    'close',
  );
  return Number(status ?? 1);
}

/** `npm test`: checks everything, then runs every test. With files it runs these alone, unchecked. */
async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'test-name-pattern': { type: 'string', multiple: true, default: [] } },
  });
  const files = positionals.length > 0 ? filesOf(positionals) : allFiles();
  const isWhole = positionals.length === 0;
  const [status] = await Promise.all([isWhole ? check() : 0, globalSetup()]);
  if (status !== 0) process.exit(status);
  if (isWhole) {
    console.log(`Running ${files.length} test files. The first to be reported takes a minute.`);
  }
  const tests = run({
    files,
    // Most tests wait for longer than they compute, so there are three for each processor.
    concurrency: Math.min(3 * availableParallelism(), 12),
    timeout: LONGEST_TEST_MS,
    signal: AbortSignal.timeout(LONGEST_RUN_MS),
    testNamePatterns: values['test-name-pattern'],
  });
  tests.on('test:fail', () => {
    process.exitCode = 1;
  });
  await pipeline(tests.compose(spec), process.stdout, { end: false });
  globalTeardown();
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
// A process that a test left behind must not keep this one running.
process.exit();
