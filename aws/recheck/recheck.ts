import { randomUUID } from 'node:crypto';
import { executionOf } from '../../core/execution.ts';
import { type Recheck, recheckInput } from '../../core/reconcile/recheck.ts';
import { startExecution } from '../clients/executions.ts';
import { PoolTable } from '../table/pool-table.ts';

const FIRST_WAIT = Number(process.env['RECHECK_WAIT_SECONDS']);

const newName = (): string => `recheck-${randomUUID()}`;

async function start(
  stateMachineArn: string,
  identityPoolId: string,
  recheck: Recheck,
): Promise<void> {
  const wait = { firstWait: FIRST_WAIT, now: Date.now() };
  const input = JSON.stringify(recheckInput(identityPoolId, recheck, wait));
  try {
    await startExecution({ stateMachineArn, name: recheck.name, input });
  } catch (error) {
    await new PoolTable(identityPoolId).rechecks.forget(recheck.name);
    throw error;
  }
}

/**
 * Starts a recheck of an identity pool. If one runs, it is followed by another instead.
 *
 * @param stateMachineArn that of `reconcile`.
 * @returns the recheck that was started, if any.
 */
export async function askForRecheck(
  stateMachineArn: string,
  identityPoolId: string,
): Promise<Recheck | undefined> {
  const recheck = await new PoolTable(identityPoolId).rechecks.ask(newName());
  if (recheck) await start(stateMachineArn, identityPoolId, recheck);
  return recheck;
}

/**
 * Ends a recheck, and starts the next one if something happened since it was started. Does nothing for an execution
 * that is no recheck.
 */
export async function endRecheck(execution: string, identityPoolId: string): Promise<void> {
  const { partition, region, account, machine, name } = executionOf(execution);
  const next = await new PoolTable(identityPoolId).rechecks.end(name, newName());
  const stateMachineArn = `arn:${partition}:states:${region}:${account}:stateMachine:${machine}`;
  if (next) await start(stateMachineArn, identityPoolId, next);
}
