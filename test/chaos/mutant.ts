import { readDeployment } from './accounts.ts';
import { bugs } from './bugs.ts';
import { loadHandlers } from './bundle.ts';
import { Suite } from './suite.ts';

// What a mutant is tried with: the seeds that are known to see something, few enough for a thousand
// mutants.
const seeds = new Set(bugs.map(({ seed }) => seed));
const CROWD = 12;

/**
 * Ends with 1 when a seed sees what has been changed in the handlers or `aws/`: Stryker runs it once
 * for each change, in a copy of the project.
 */
const deployment = readDeployment(process.env['POOLBRIDGE_ARTIFACT'] ?? '');
const handlers = await loadHandlers();

const crowd = await new Suite(1, handlers, { count: CROWD }).run(deployment);
let isSeen = crowd.violations.length > 0 || crowd.entries < CROWD || crowd.updates > CROWD / 2;
for (const seed of seeds) {
  if (isSeen) break;
  const { violations } = await new Suite(seed, handlers).run(deployment);
  isSeen = violations.length > 0;
}
process.exit(isSeen ? 1 : 0);
