import type { Command } from 'commander';
import { portOf } from '../cli/options.ts';
import type { Terminal } from '../cli/output/terminal.ts';
import type { StartOptions } from './start.ts';

/** What npm start does. */
export function local(program: Command, terminal: Terminal): void {
  const command = program
    .command('local')
    .description('run Poolbridge with an embedded AWS on this machine, and play the demo')
    .option('--once', 'stop after the demo, with exit code 1 if a step did not do what it should')
    .option(
      '--port <number>',
      'the port to listen on; 4566, or any free one if that is taken',
      portOf,
    )
    .action(async () => {
      const { start } = await import('./start.ts');
      const { once, port } = command.opts<StartOptions>();
      const silent = terminal.json;
      const started = await start({
        silent,
        ...(once && { once }),
        ...(port !== undefined && { port }),
      });
      if (terminal.json) terminal.answer(started, () => []);
      // Open connections of the demo would keep the process alive.
      if (once) process.exit(0);
    });
}
