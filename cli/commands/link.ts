import type { Command } from 'commander';
import { requestOf, runExecution, withClientOptions, withRunOptions } from '../executions/run.ts';
import { checkNotWaiting } from '../executions/same-request.ts';
import { optionsOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

/** Links an app client through the state machine, as an event does. */
export function link(program: Command, terminal: Terminal): void {
  const command = program
    .command('link')
    .description('link an app client to the identity pools that links.yml allows');
  withRunOptions(withClientOptions(command, 'only this identity pool')).action(async () => {
    const request = requestOf('link', optionsOf(command));
    await checkNotWaiting({ terminal, command }, request);
    await runExecution({ terminal, command }, 'link', request);
  });
}
