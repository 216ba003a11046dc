import type { Command } from 'commander';
import { visible } from '../../core/visible.ts';
import { pausedText } from '../../core/write/pause.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { Pausing } from '../settings/pausing.ts';

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage } = optionsOf(command);
  const found = await new Pausing(sessionOf(command), stage).resume();
  const rules = found?.rules ?? [];
  const linesOf = () =>
    found
      ? [
          ...rules.map((name) => `  enabled ${name}`),
          `Writes of the stage ${stage} are resumed; they had been paused ${pausedText(visible(found.pause))}. Events of that time were missed or have failed: the next reconciliation heals them, or do it now: poolbridge reconcile --repair --stage ${stage}`,
        ]
      : [`Writes of the stage ${stage} are not paused.`];
  terminal.answer({ stage, paused: false, was: found?.pause ?? null, rules }, linesOf);
}

/** Lets writes go on. */
export function resume(program: Command, terminal: Terminal): void {
  const command = program
    .command('resume')
    .description('let writes go on that were paused')
    .action(() => run(terminal, command));
}
