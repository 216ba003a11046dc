import { parentPort, workerData } from 'node:worker_threads';
import { readDeployment } from './accounts.ts';
import { bugs } from './bugs.ts';
import { loadHandlers } from './bundle.ts';
import { Suite } from './suite.ts';

/** What a worker runs. */
export interface Share {
  artifact: string;
  seeds: number[];
  /** Whether the timeline is wanted of seeds in which all is well, too. */
  timeline: boolean;
  /** The name of a deliberate mistake; the worker ends with the first seed that sees it. */
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
// Whatever a seed leaves hanging, for example a killed invocation, would hang forever.
process.exit();
