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
  // In a row, not in turn: every second seed has operators, and takes longer.
  const length = Math.ceil(seeds.length / threads);
  const shares = Array.from({ length: threads }, (_, thread) =>
    seeds.slice(thread * length, (thread + 1) * length),
  );
  await Promise.all(shares.map((part) => run({ ...share, seeds: part }, onOutcome)));
}

/**
 * Finds a seed that detects each mistake, on as many threads as there are cores. It tries the seed in bugs.ts
 * first, then the given seeds in order.
 *
 * @param onFound called once for each mistake; the seed is undefined if none of them detects it.
 */
export async function findSeeds(
  { artifact, seeds, bug }: Omit<Share, 'timeline'>,
  onFound: (name: string, seed: number | undefined) => void,
): Promise<void> {
  const wanted = bugs.filter(({ name }) => bug === undefined || name === bug);
  const next = async () => {
    for (let each = wanted.shift(); each !== undefined; each = wanted.shift()) {
      const { name: bug, seed: known } = each;
      let found: number | undefined;
      const share = { artifact, seeds: [known, ...seeds], bug, timeline: false };
      await run(share, ({ seed, violations }) => {
        if (violations.length > 0) found = seed;
      });
      onFound(bug, found);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, next));
}
