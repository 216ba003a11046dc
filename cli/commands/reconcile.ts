import type { Command } from 'commander';
import { runExecution } from '../executions/run.ts';
import { optionsOf } from '../options.ts';
import { statusLines } from '../output/findings.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  link?: string;
  repair?: true;
  reason?: string;
}

/** Starts the reconciliation that also runs every day. */
export function reconcile(program: Command, terminal: Terminal): void {
  const command = program
    .command('reconcile')
    .description('compare links.yml with the identity pools, and repair what events have missed')
    .option('--link <name>', 'only the identity pool of this link')
    .option(
      '--repair',
      'link what is missing and unlink what is orphaned, instead of only reporting it',
    )
    .option('--reason <text>', 'the reason, for the audit')
    .option('--no-wait', 'start the execution, print its ARN and do not wait for its end')
    .action(() => {
      const { link, repair = false, reason } = optionsOf<Options>(command);
      return runExecution(
        { terminal, command },
        'reconcile',
        { link, repair, reason },
        statusLines,
      );
    });
}
