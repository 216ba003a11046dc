import type { Command } from 'commander';
import { run, withManner } from '../executions/asking.ts';
import { Machines } from '../executions/machines.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  identityPool?: string;
  dryRun?: true;
  reason?: string;
}

/** Takes back through the state machine what an execution of it has changed. */
export function undo(program: Command, terminal: Terminal): void {
  const command = program
    .command('undo')
    .description('take back what an execution changed, and only that')
    .argument('<execution>', 'its ARN or name')
    .option('--identity-pool <id>', 'only in this one');
  withManner(command).action(async (named: string) => {
    const { stage, identityPool, dryRun, reason } = optionsOf<Options>(command);
    const executionArn = await new Machines(sessionOf(command), stage).executionArn(named);
    const input = { operation: 'undo', executionArn, identityPoolId: identityPool };
    await run({ terminal, command }, 'link', { ...input, dryRun, reason });
  });
}
