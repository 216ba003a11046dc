import type { Command } from 'commander';
import type { StartOptions } from '../../local/start.ts';
import { portOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

/** What npm start does. */
export function local(program: Command, terminal: Terminal): void {
  const command = program
    .command('local')
    .description('run Poolbridge on an AWS of its own, on this machine, and tell its story')
    .option('--once', 'end after the story, with 1 if it went otherwise than told')
    .option('--port <number>', 'where to listen; 4566, or any free one if that is taken', portOf)
    .action(async () => {
      const { start } = await import('../../local/start.ts');
      const { once, port } = command.opts<StartOptions>();
      const silent = terminal.json;
      const started = await start({
        silent,
        ...(once && { once }),
        ...(port !== undefined && { port }),
      });
      if (terminal.json) terminal.answer(started, () => []);
      // What the story has opened would keep it up.
      if (once) process.exit(0);
    });
}
