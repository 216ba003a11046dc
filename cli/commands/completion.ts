import { Argument, type Command } from 'commander';
import { completionFor, SHELLS, type Shell } from '../completion.ts';
import type { Terminal } from '../output/terminal.ts';

/** Prints what a shell needs to complete the command. */
export function completion(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('what a shell needs to complete commands and options')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .action((shell: Shell) => {
      const script = completionFor(shell, program);
      terminal.answer({ shell, script }, () => [script]);
    });
}
