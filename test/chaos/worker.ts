import { parentPort, workerData } from 'node:worker_threads';
import { readDeployment } from './accounts.ts';
import { bugs } from './bugs.ts';
import { loadHandlers } from './bundle.ts';
import { Suite } from './suite.ts';

/** The work of one thread. */
export interface Share {
  artifact: string;
  seeds: number[];
  /** Whether to report the timeline also for seeds without violations. */
  timeline: boolean;
  /** The name of a mistake; the worker ends after the first seed that detects it. */
  bug?: string;
}

const { artifact, seeds, timeline: wanted, bug } = workerData as Share;
const deployment = readDeployment(artifact);
const handlers = await loadHandlers(bugs.find(({ name }) => name === bug));
for (const seed of seeds) {
  const { timeline, ...outcome } = await new Suite(seed, handlers).run(deployment);
  const shown = wanted || outcome.violations.length > 0;
  parentPort?.postMessage({ ...outcome, timeline: shown ? timeline : [] });
  if (bug !== undefined && outcome.violations.length > 0) break;
}
// Promises that never settle, for example of killed invocations, would keep the thread alive.
process.exit();
