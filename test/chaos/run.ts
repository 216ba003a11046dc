import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { packageService } from '../../local/poolbridge/package-service.ts';
import { bugs } from './bugs.ts';
import { runSeeds } from './shares.ts';
import type { Outcome } from './suite.ts';

const USAGE = 'Usage: npm run chaos -- --seeds FROM..TO [--timeline] [--bug NAME]';

interface Asked {
  from: number;
  /** Included. */
  to: number;
  timeline: boolean;
  bug?: string;
}

/** The seeds asked for, and with which deliberate mistake, if any. */
function asked(): Asked {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      timeline: { type: 'boolean', default: false },
      bug: { type: 'string' },
    },
  });
  const [, first, last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds ?? '') ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!(from <= to)) throw new Error(USAGE);
  const { timeline, bug } = values;
  if (bug !== undefined && !bugs.some(({ name }) => name === bug)) {
    throw new Error(
      `There is no bug “${bug}”; there is ${bugs.map(({ name }) => name).join('; ')}.`,
    );
  }
  return { from, to, timeline, ...(bug !== undefined && { bug }) };
}

function report({ seed, violations, timeline }: Outcome): void {
  console.error(`\nSeed ${seed}. To see it again: npm run chaos -- --seeds ${seed}..${seed}`);
  for (const line of timeline) console.error(`  ${line}`);
  for (const violation of violations) console.error(`✗ ${violation}`);
}

async function main(): Promise<void> {
  const { from, to, timeline, bug } = asked();
  const links = readFileSync(new URL('links.yml', import.meta.url), 'utf8');
  const artifact = await packageService(links);
  const sums = { executions: 0, updates: 0, calls: 0, faults: 0 };
  const overwritten = { inTheInstant: 0, unseen: 0 };
  let [done, violating] = [0, 0];
  const start = performance.now();
  const onOutcome = (outcome: Outcome) => {
    done++;
    for (const key of ['executions', 'updates', 'calls', 'faults'] as const) {
      sums[key] += outcome[key];
    }
    overwritten.inTheInstant += outcome.overwrittenInTheInstant;
    overwritten.unseen += outcome.overwrittenUnseen;
    if (outcome.violations.length > 0) violating++;
    if (outcome.violations.length > 0 || timeline) report(outcome);
    if (done % 500 === 0) console.log(`${done} seeds, ${violating} with violations`);
  };
  try {
    const { folder } = artifact;
    const named = bug !== undefined && { bug };
    await runSeeds({ artifact: folder, from, to, timeline, ...named }, onOutcome);
  } finally {
    artifact.remove();
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const count = to - from + 1;
  console.log(
    `${done} of ${count} seeds in ${seconds} s: ${sums.executions} executions, ${sums.calls} calls, ${sums.updates} updates, ${sums.faults} faults; ${violating} seeds with violations.`,
  );
  console.log(
    `Foreign changes overwritten in the instant between our Describe and our Update: ${overwritten.inTheInstant}; while Cognito still showed the pool without them: ${overwritten.unseen}.`,
  );
  if (violating > 0 || done < count) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
