import type { Command } from 'commander';
import { requestOf, runExecution, withClientOptions, withRunOptions } from '../executions/run.ts';
import { optionsOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

/** Links an app client through the state machine, as an event does. */
export function link(program: Command, terminal: Terminal): void {
  const command = program
    .command('link')
    .description('link an app client to the identity pools that links.yml allows');
  withRunOptions(withClientOptions(command, 'only this identity pool')).action(() =>
    runExecution({ terminal, command }, 'link', requestOf('link', optionsOf(command))),
  );
}
