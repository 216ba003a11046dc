import type { Command } from 'commander';
import { withYesOption } from '../executions/removal.ts';
import {
  confirmRequest,
  requestOf,
  runExecution,
  withAllClientsOption,
  withClientOptions,
  withRunOptions,
} from '../executions/run.ts';
import { checkNotWaiting } from '../executions/same-request.ts';
import { optionsOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

/** Unlinks an app client, or a whole user pool, through the state machine. */
export function unlink(program: Command, terminal: Terminal): void {
  const command = program
    .command('unlink')
    .description("remove an app client's entries from the identity pools of its links");
  withClientOptions(command, 'only from this identity pool');
  withYesOption(withRunOptions(withAllClientsOption(command)))
    .option(
      '--left-behind',
      'only role mappings whose entries no longer exist: that of --client, and all others in --identity-pool',
    )
    .action(async () => {
      const request = requestOf('unlink', optionsOf(command));
      await checkNotWaiting({ terminal, command }, request);
      await confirmRequest({ terminal, command }, request);
      await runExecution({ terminal, command }, 'link', request);
    });
}
