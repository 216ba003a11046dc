import type { Command } from 'commander';
import { visible } from '../../core/visible.ts';
import { pausedText } from '../../core/write/pause.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { Pausing } from '../settings/pausing.ts';

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, reason } = optionsOf<{ reason: string }>(command);
  const pausing = new Pausing(sessionOf(command), stage);
  const rules = await pausing.pause(reason);
  const found = await pausing.find();
  terminal.answer({ stage, paused: true, ...found?.pause, rules: found?.rules ?? [] }, () => [
    ...rules.map((name) => `  disabled ${name}`),
    `All writes of the stage ${stage} have been paused ${pausedText(visible(found?.pause))}. A write that had begun by then ends within 20 seconds. Executions that come to write fail with PausedError; dry runs work. Resume with: poolbridge resume --stage ${stage}`,
  ]);
}

/** Stops every write of a stage, and every rule that starts one. */
export function pause(program: Command, terminal: Terminal): void {
  const command = program
    .command('pause')
    .description('stop all writes to identity pools at once')
    .requiredOption('--reason <text>', 'why, for whoever finds it paused')
    .action(() => run(terminal, command));
}
