import type { Command } from 'commander';
import { runStatus } from '../executions/run.ts';
import { optionsOf } from '../options.ts';
import { statusLines } from '../output/findings.ts';
import type { Terminal } from '../output/terminal.ts';

/** Compares links.yml with the identity pools, through a reconcile that repairs nothing. */
export function status(program: Command, terminal: Terminal): void {
  const command = program
    .command('status')
    .description('compare links.yml with the identity pools: linked, missing, orphaned, foreign, …')
    .option('--link <name>', 'only the identity pool of this link')
    .action(() => {
      const { link } = optionsOf<{ link?: string }>(command);
      return runStatus({ terminal, command }, { link, repair: false }, statusLines(terminal.width));
    });
}
