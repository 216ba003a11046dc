import type { Command } from 'commander';
import { requestOf, run, withAllClients, withManner, withSubject } from '../executions/asking.ts';
import { optionsOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

/** Unlinks through the state machine. */
export function unlink(program: Command, terminal: Terminal): void {
  const command = program
    .command('unlink')
    .description("take an app client's entries away from the identity pools of its links");
  withManner(withAllClients(withSubject(command, 'only from this one')))
    .option(
      '--left-behind',
      'only role mappings whose entries are gone: that of --client, and all others in --identity-pool',
    )
    .action(() => run({ terminal, command }, 'link', requestOf('unlink', optionsOf(command))));
}
