import type { Command } from 'commander';
import { withLinksOption } from '../../cli/executions/run.ts';
import { optionsOf, portOf, sessionOf } from '../../cli/options.ts';
import type { Terminal } from '../../cli/output/terminal.ts';

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, port = 0, links: file } = optionsOf<{ port?: number; links?: string }>(command);
  const { serveConsole } = await import('./server.ts');
  const options = {
    session: sessionOf(command),
    stage,
    commandLine: (words: string) => terminal.commandLine(words),
    ...(file !== undefined && { links: { file } }),
  };
  const { address, close } = await serveConsole(options, port);
  terminal.answer({ address }, () => [address]);
  terminal.note(
    'Open this address on this machine. Anyone who has it can use the console. Ctrl-C stops it.',
  );
  await new Promise((resolve) => process.once('SIGINT', resolve));
  await close();
}

/** Serves the web console on this machine. */
export function console(program: Command, terminal: Terminal): void {
  const command = program
    .command('console')
    .description('see and manage identity pools and executions in the browser')
    .option('--port <number>', 'the port to listen on; any free one if absent', portOf);
  withLinksOption(command).action(() => run(terminal, command));
}
