import { parentPort, workerData } from 'node:worker_threads';
import { readDeployment } from './accounts.ts';
import { bugs } from './bugs.ts';
import { loadHandlers } from './bundle.ts';
import { Suite } from './suite.ts';

/** Which seeds a worker runs: from, to, and how many workers there are. */
export interface Share {
  artifact: string;
  from: number;
  to: number;
  step: number;
  /** Whether the timeline is wanted of seeds in which all is well, too. */
  timeline: boolean;
  /** The name of a deliberate mistake; it ends with the first seed that sees it. */
  bug?: string;
}

const { artifact, from, to, step, timeline: wanted, bug } = workerData as Share;
const deployment = readDeployment(artifact);
const handlers = await loadHandlers(bugs.find(({ name }) => name === bug));
for (let seed = from; seed <= to; seed += step) {
  const { timeline, ...outcome } = await new Suite(seed, handlers).run(deployment);
  const shown = wanted || outcome.violations.length > 0;
  parentPort?.postMessage({ ...outcome, timeline: shown ? timeline : [] });
  if (bug !== undefined && outcome.violations.length > 0) break;
}
// What a seed left hanging, as a killed invocation does, hangs for ever.
process.exit();
