import type { Command } from 'commander';
import { requestOf, run, withManner, withSubject } from '../executions/asking.ts';
import { optionsOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

/** Links through the state machine, as an event would. */
export function link(program: Command, terminal: Terminal): void {
  const command = program
    .command('link')
    .description('link an app client with the identity pools that links.yml allows it');
  withManner(withSubject(command, 'only this one of them')).action(() =>
    run({ terminal, command }, 'link', requestOf('link', optionsOf(command))),
  );
}
