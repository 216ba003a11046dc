import type { Command } from 'commander';
import {
  requestOf,
  runExecution,
  withAllClientsOption,
  withClientOptions,
  withRunOptions,
} from '../executions/run.ts';
import { optionsOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

/** Unlinks an app client, or a whole user pool, through the state machine. */
export function unlink(program: Command, terminal: Terminal): void {
  const command = program
    .command('unlink')
    .description("remove an app client's entries from the identity pools of its links");
  withRunOptions(withAllClientsOption(withClientOptions(command, 'only from this identity pool')))
    .option(
      '--left-behind',
      'only role mappings whose entries no longer exist: that of --client, and all others in --identity-pool',
    )
    .action(() =>
      runExecution({ terminal, command }, 'link', requestOf('unlink', optionsOf(command))),
    );
}
