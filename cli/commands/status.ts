import type { Command } from 'commander';
import { run } from '../executions/asking.ts';
import { optionsOf } from '../options.ts';
import { statusLines } from '../output/findings.ts';
import type { Terminal } from '../output/terminal.ts';

/** Holds links against reality by a reconciliation that repairs nothing. */
export function status(program: Command, terminal: Terminal): void {
  const command = program
    .command('status')
    .description('hold every link against what is there: linked, missing, orphaned, foreign, …')
    .option('--link <name>', 'only the identity pool of this link')
    .action(() => {
      const { link } = optionsOf<{ link?: string }>(command);
      return run({ terminal, command }, 'reconcile', { link, repair: false }, statusLines);
    });
}
