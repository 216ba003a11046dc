import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { packageService } from '../demo/package-service.ts';
import { readDeployment } from '../test/chaos/accounts.ts';
import { loadHandlers } from '../test/chaos/bundle.ts';
import { Suite } from '../test/chaos/suite.ts';

// The most updates that are acceptable for a thousand app clients.
const MOST_UPDATES = 40;

/**
 * More app clients at once than a machine could run in real time: on the virtual clock of the fault suite, without
 * faults, with the latencies and the rate of the bench `burst`.
 */
export async function crowd(args: string[]): Promise<void> {
  const options = { clients: { type: 'string', default: '1000' } } as const;
  const count = Number(parseArgs({ args, options }).values.clients);
  const links = readFileSync(new URL('../test/chaos/links.yml', import.meta.url), 'utf8');
  const artifact = await packageService(links);
  const start = performance.now();
  try {
    const suite = new Suite(1, await loadHandlers(), { crowd: { count } });
    const outcome = await suite.run(readDeployment(artifact.folder));
    const { updates, entries, executions, violations, lastEnd, table } = outcome;
    console.table({
      'app clients created at once': count,
      'calls of UpdateIdentityPool': updates,
      'updates for each client': Number((updates / count).toFixed(4)),
      executions: executions,
      'entries lost': count - entries,
      'most reads on one key of the table in a second (of 3,000 units)': Math.ceil(table.reads),
      'most writes on one key of the table in a second (of 1,000 units)': Math.ceil(table.writes),
      'calls that DynamoDB refused': table.refused,
      violations: violations.length,
      'seconds until all have ended (virtual)': Math.round(lastEnd / 1000),
      'seconds on this machine': Math.round((performance.now() - start) / 1000),
    });
    for (const violation of violations.slice(0, 10)) console.error(`✗ ${violation}`);
    const lost = entries < count || violations.length > 0;
    if (lost || (count <= 1000 && updates > MOST_UPDATES)) process.exitCode = 1;
  } finally {
    artifact.remove();
  }
}
