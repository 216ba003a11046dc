import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
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
  seeds: Omit<Share, 'step'>,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const step = Math.min(availableParallelism(), seeds.to - seeds.from + 1);
  const shares = Array.from({ length: step }, (_, i) => ({ ...seeds, from: seeds.from + i, step }));
  await Promise.all(shares.map((share) => run(share, onOutcome)));
}
