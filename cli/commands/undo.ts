import type { Command } from 'commander';
import { machineOf } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { checkRequest } from '../arguments.ts';
import { Finder } from '../executions/finder.ts';
import { withYesOption } from '../executions/removal.ts';
import { confirmRequest, runExecution, withRunOptions } from '../executions/run.ts';
import { checkNotWaiting } from '../executions/same-request.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { UsageError } from '../output/exit.ts';
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
    .argument('<execution>', 'its ARN, its name or the beginning of its name')
    .option('--identity-pool <id>', 'only in this identity pool');
  withYesOption(withRunOptions(command)).action(async (named: string) => {
    const { stage, identityPool, dryRun, reason } = optionsOf<Options>(command);
    const executionArn = await new Finder(sessionOf(command), stage, terminal).find(named);
    if (machineOf(executionArn) !== 'link') {
      throw new UsageError(
        `${named} is an execution of reconcile, and undo takes back those of link. What it changed is linked or unlinked by hand. To see that: ${terminal.commandLine(`show ${executionOf(executionArn).name}`)}`,
      );
    }
    const input = { operation: 'undo', executionArn, identityPoolId: identityPool };
    const request = { ...input, dryRun, reason };
    checkRequest(request);
    await checkNotWaiting({ terminal, command }, request);
    await confirmRequest({ terminal, command }, request);
    await runExecution({ terminal, command }, 'link', request);
  });
}
