import { type Command, Option } from 'commander';
import { portOf } from '../cli/options.ts';
import { Failure } from '../cli/output/exit.ts';
import type { Terminal } from '../cli/output/terminal.ts';
import type { StartOptions } from './start.ts';

async function printEnvironment(terminal: Terminal): Promise<void> {
  const { environmentOf, exportLines, findRunning } = await import('./running.ts');
  const running = await findRunning();
  if (!running) {
    throw new Failure(
      'NotRunning',
      'No embedded AWS of npm start is running. Start it in another terminal, and wait until it shows the address of the console.',
    );
  }
  terminal.answer(environmentOf(running), exportLines);
}

async function run(terminal: Terminal, options: StartOptions): Promise<void> {
  // At once: everything that follows takes seconds.
  if (!terminal.json) {
    terminal.write('Local AWS emulator · nothing is created in your AWS account');
  }
  const { start } = await import('./start.ts');
  const started = await start({ ...options, silent: terminal.json });
  if (terminal.json) terminal.answer(started, () => []);
  // Open connections of the demo would keep the process alive.
  if (options.once) process.exit(started.failed?.length ? 1 : 0);
}

/** What npm start does. */
export function local(program: Command, terminal: Terminal): void {
  const command = program
    .command('local')
    .description('run Poolbridge with an embedded AWS on this machine, and play the demo')
    .option('--links <file>', 'try a links.yml of your own in place of the demo')
    .option('--once', 'stop after the demo, with exit code 1 if a step did not do what it should')
    .option(
      '--port <number>',
      'the port to listen on; 4566, or any free one if that is taken',
      portOf,
    )
    .addOption(new Option('--open', 'open the console in the browser').conflicts(['once', 'env']))
    .addOption(
      new Option('--env', 'print the environment variables for the one that runs').conflicts([
        'links',
        'once',
        'port',
      ]),
    )
    .action(() => {
      const { env, ...options } = command.opts<StartOptions & { env?: true }>();
      return env ? printEnvironment(terminal) : run(terminal, options);
    });
}
