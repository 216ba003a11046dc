import { parentPort } from 'node:worker_threads';
import { readDeployment } from './accounts.ts';
import type { AskedOfThread } from './apart.ts';
import { bugs } from './bugs.ts';
import { loadHandlers } from './bundle.ts';
import { scripts } from './scripts.ts';
import { type Outcome, Suite } from './suite.ts';

// A separate thread for tests (apart.ts): it runs the requested scripts and seeds one after the other.
const deployment = readDeployment(process.env['POOLBRIDGE_ARTIFACT'] ?? '');

const asItIs = loadHandlers();

async function outcomeOf({ script: title, mistake: name }: AskedOfThread): Promise<Outcome> {
  const script = scripts.find((each) => each.name === title);
  const seeds = new Map(bugs.map((bug) => [bug.name, bug.seed]));
  const mistakes = script?.mistakes ?? bugs;
  const mistake = mistakes.find((each) => each.name === name);
  if (name !== undefined && !mistake) throw new Error(`There is no mistake “${name}”.`);
  const handlers = await (mistake ? loadHandlers(mistake) : asItIs);
  const seed = (script || name === undefined ? undefined : seeds.get(name)) ?? 1;
  return new Suite(seed, handlers, script ? { script } : {}).run(deployment);
}

parentPort?.on('message', async (asked: AskedOfThread) => {
  try {
    const { violations, timeline } = await outcomeOf(asked);
    parentPort?.postMessage({ violations, timeline });
  } catch (error) {
    parentPort?.postMessage({ failure: error });
  }
});
