import { Argument, type Command } from 'commander';
import { completionFor, SHELLS, type Shell } from '../completion.ts';
import type { Terminal } from '../output/terminal.ts';

/** Prints a script that makes a shell complete the command. */
export function completion(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print a script that makes a shell complete commands and options')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => {
      const script = completionFor(shell, program);
      terminal.answer({ shell, script }, () => [script]);
    });
}
