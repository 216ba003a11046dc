import type { Command } from 'commander';
import { run } from '../executions/asking.ts';
import { optionsOf } from '../options.ts';
import { statusLines } from '../output/findings.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  link?: string;
  repair?: true;
  reason?: string;
}

/** What runs every day by itself, by hand. */
export function reconcile(program: Command, terminal: Terminal): void {
  const command = program
    .command('reconcile')
    .description('hold links against what is there, and repair what events have missed')
    .option('--link <name>', 'only the identity pool of this link')
    .option('--repair', 'link what is missing and unlink what is orphaned; else only report it')
    .option('--reason <text>', 'why, for the audit')
    .option('--no-wait', 'start it, say its ARN, and do not wait for its end')
    .action(() => {
      const { link, repair = false, reason } = optionsOf<Options>(command);
      return run({ terminal, command }, 'reconcile', { link, repair, reason }, statusLines);
    });
}
