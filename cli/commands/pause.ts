import type { Command } from 'commander';
import { LONGEST_REASON } from '../../core/request/approval.ts';
import { pausedText } from '../../core/write/pause.ts';
import { checkGivenReason } from '../arguments.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';
import { Pauses } from '../settings/pauses.ts';

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, reason } = optionsOf<{ reason: string }>(command);
  checkGivenReason(reason);
  const pauses = new Pauses(sessionOf(command), stage);
  const earlier = await pauses.find();
  const rules = await pauses.pause(reason);
  const found = await pauses.find();
  const document = { stage, paused: true, ...found?.pause, rules: found?.rules ?? [] };
  terminal.answer(document, (shown) => [
    ...rules.map((name) => `  disabled ${name}`),
    ...(earlier ? ['They were paused already, so the reason that you gave is not kept.'] : []),
    `All writes of the stage ${stage} have been paused ${pausedText(shown)}. A write that had begun by then ends within 20 seconds. Executions that would write fail with PausedError; dry runs work. To resume: ${terminal.commandLine('resume')}`,
  ]);
}

/** Stops every write of a stage, and every rule that starts one. */
export function pause(program: Command, terminal: Terminal): void {
  const command = program
    .command('pause')
    .description('stop all writes to identity pools at once')
    .requiredOption(
      '--reason <text>',
      `the reason, shown to everyone who finds writes paused; at most ${LONGEST_REASON} characters`,
    )
    .action(() => run(terminal, command));
}
