import type { Command } from 'commander';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { Machines } from '../executions/machines.ts';
import { confirmRemoval, mustAsk, withYesOption } from '../executions/removal.ts';
import { reconcileRequest, runExecution, withLinksOption } from '../executions/run.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  link?: string;
  repair?: true;
  reason?: string;
}

const ARE_GONE =
  'Their app clients no longer exist, so no user loses access, and there is no undo.';

/** Asks before a repair takes entries away: a reconcile that repairs nothing finds out which. */
async function confirmRepair(
  context: { terminal: Terminal; command: Command },
  link: string | undefined,
): Promise<void> {
  if (!mustAsk(context)) return;
  const { terminal, command } = context;
  const machines = new Machines(sessionOf(command), optionsOf(command).stage);
  const execution = await machines.start('reconcile', { link, repair: false });
  const ending = await machines.follow(execution, terminal);
  // What can't be looked at is not repaired: the repair itself reports it.
  const found = 'output' in ending ? ending.output : ending.report;
  const { identityPools = [] } = found as Partial<ReconcileOutput>;
  const removals = identityPools.flatMap((pool) =>
    'entries' in pool
      ? pool.entries
          .filter(({ repair }) => repair === 'unlink')
          .map((entry) => ({ ...entry, identityPoolId: pool.identityPoolId }))
      : [],
  );
  await confirmRemoval(context, removals, { consequence: ARE_GONE });
}

/** Starts the reconciliation that also runs every day. */
export function reconcile(program: Command, terminal: Terminal): void {
  const command = program
    .command('reconcile')
    .description('compare links.yml with the identity pools, and repair what events have missed')
    .option('--link <name>', 'only the identity pool of this link')
    .option(
      '--repair',
      'link what is missing and unlink what is orphaned, instead of only reporting it',
    )
    .option('--reason <text>', 'the reason, for the audit')
    .option('--no-wait', 'start the execution, print its ARN and do not wait for its end');
  withLinksOption(withYesOption(command)).action(async () => {
    const { link, repair = false, reason } = optionsOf<Options>(command);
    const request = await reconcileRequest({ terminal, command }, { link, repair, reason });
    if (repair) await confirmRepair({ terminal, command }, link);
    await runExecution({ terminal, command }, 'reconcile', request);
  });
}
