import type { Command } from 'commander';
import { Machines } from '../executions/machines.ts';
import { withYesOption } from '../executions/removal.ts';
import { confirmRequest, runExecution, withRunOptions } from '../executions/run.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  identityPool?: string;
  dryRun?: true;
  reason?: string;
}

/** Undoes the changes of an execution, through the state machine. */
export function undo(program: Command, terminal: Terminal): void {
  const command = program
    .command('undo')
    .description('undo what an execution changed, and only that')
    .argument('<execution>', 'its ARN or name')
    .option('--identity-pool <id>', 'only in this identity pool');
  withYesOption(withRunOptions(command)).action(async (named: string) => {
    const { stage, identityPool, dryRun, reason } = optionsOf<Options>(command);
    const executionArn = await new Machines(sessionOf(command), stage).executionArn(named);
    const input = { operation: 'undo', executionArn, identityPoolId: identityPool };
    const request = { ...input, dryRun, reason };
    await confirmRequest({ terminal, command }, request);
    await runExecution({ terminal, command }, 'link', request);
  });
}
