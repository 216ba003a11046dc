import { parentPort } from 'node:worker_threads';
import { readDeployment } from './accounts.ts';
import { bugs } from './bugs.ts';
import { loadHandlers } from './bundle.ts';
import { Suite } from './suite.ts';

/** What a thread of its own does for mistakes.test.ts: it runs the seed of each bug that it is told. */
const deployment = readDeployment(process.env['POOLBRIDGE_ARTIFACT'] ?? '');

async function violationsWith(name: string): Promise<string[]> {
  const bug = bugs.find((each) => each.name === name);
  if (!bug) throw new Error(`There is no bug “${name}”.`);
  const { violations } = await new Suite(bug.seed, await loadHandlers(bug)).run(deployment);
  return violations;
}

parentPort?.on('message', async (name: string) => {
  parentPort?.postMessage(await violationsWith(name));
});
