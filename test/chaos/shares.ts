import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { bugs } from './bugs.ts';
import type { Outcome } from './suite.ts';
import type { Share } from './worker.ts';

function run(share: Share, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: share });
  worker.on('message', onOutcome);
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

/** Runs seeds on as many threads as there are cores. */
export async function runSeeds(
  { seeds, ...share }: Share,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const threads = Math.min(availableParallelism(), seeds.length);
  const shares = Array.from({ length: threads }, (_, thread) =>
    seeds.filter((_, i) => i % threads === thread),
  );
  await Promise.all(shares.map((part) => run({ ...share, seeds: part }, onOutcome)));
}

/**
 * Looks for the first seed that sees each deliberate mistake, on as many threads as there are cores.
 *
 * @param onFound is called once for each mistake; the seed is undefined where none of them sees it.
 */
export async function findSeeds(
  { artifact, seeds, bug }: Omit<Share, 'timeline'>,
  onFound: (name: string, seed: number | undefined) => void,
): Promise<void> {
  const names = bug === undefined ? bugs.map(({ name }) => name) : [bug];
  const next = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      let found: number | undefined;
      await run({ artifact, seeds, bug: name, timeline: false }, ({ seed, violations }) => {
        if (violations.length > 0) found = seed;
      });
      onFound(name, found);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, next));
}
