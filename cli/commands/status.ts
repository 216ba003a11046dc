import type { Command } from 'commander';
import { reconcileRequest, runStatus, withLinksOption } from '../executions/run.ts';
import { optionsOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { watching, watchSeconds } from '../output/watch.ts';

// Each look starts an execution.
const WATCH = { usual: 60, least: 10 };

/** Compares links.yml with the identity pools, through a reconcile that repairs nothing. */
export function status(program: Command, terminal: Terminal): void {
  const command = program
    .command('status')
    .description('compare links.yml with the identity pools: linked, missing, orphaned, foreign, …')
    .option('--link <name>', 'only the identity pool of this link')
    .option('--watch [seconds]', `show it again and again, every ${WATCH.usual} seconds`);
  withLinksOption(command).action(async () => {
    const { link, watch } = optionsOf<{ link?: string; watch?: string | true }>(command);
    const seconds = watchSeconds(watch, WATCH);
    const request = await reconcileRequest({ terminal, command }, { link, repair: false });
    await watching(terminal, seconds, () => runStatus({ terminal, command }, request));
  });
}
