import type { Command } from 'commander';
import { runStatus } from '../executions/run.ts';
import { optionsOf } from '../options.ts';
import { statusLines } from '../output/findings.ts';
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
    .option('--watch [seconds]', `show it again and again, every ${WATCH.usual} seconds`)
    .action(() => {
      const { link, watch } = optionsOf<{ link?: string; watch?: string | true }>(command);
      const lines = statusLines(terminal.width);
      return watching(terminal, watchSeconds(watch, WATCH), () =>
        runStatus({ terminal, command }, { link, repair: false }, lines),
      );
    });
}
