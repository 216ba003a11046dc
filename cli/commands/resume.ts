import type { Command } from 'commander';
import { pausedText } from '../../core/write/pause.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { Pauses } from '../settings/pauses.ts';

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage } = optionsOf(command);
  const found = await new Pauses(sessionOf(command), stage).resume();
  const rules = found?.rules ?? [];
  const was = found?.pause ?? null;
  terminal.answer({ stage, paused: false, was, rules }, (shown) =>
    found
      ? [
          ...rules.map((name) => `  enabled ${name}`),
          `Writes of the stage ${stage} are resumed; they had been paused ${pausedText(shown.was ?? undefined)}. Events of that time were missed or failed. The next reconcile repairs what they would have done; to repair it now: ${terminal.commandLine('reconcile --repair')}`,
        ]
      : [`Writes of the stage ${stage} are not paused.`],
  );
}

/** Resumes the writes of a stage. */
export function resume(program: Command, terminal: Terminal): void {
  const command = program
    .command('resume')
    .description('resume writes that were paused')
    .action(() => run(terminal, command));
}
