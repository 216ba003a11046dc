import type { Command } from 'commander';
import { optionsOf, portOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, port = 0 } = optionsOf<{ port?: number }>(command);
  const { serveConsole } = await import('../../console/server/server.ts');
  const { address, close } = await serveConsole({ session: sessionOf(command), stage }, port);
  terminal.answer({ address }, () => [address]);
  terminal.note('For this machine only, and for whoever has this address. Ctrl-C ends it.');
  await new Promise((resolve) => process.once('SIGINT', resolve));
  await close();
}

/** Serves a page for the browser on this machine. */
export function console(program: Command, terminal: Terminal): void {
  const command = program
    .command('console')
    .description('look at identity pools and executions in the browser, and act on them')
    .option('--port <number>', 'where to listen; any free one if absent', portOf)
    .action(() => run(terminal, command));
}
