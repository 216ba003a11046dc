import { randomUUID } from 'node:crypto';
import { executionOf } from '../../core/execution.ts';
import { type Recheck, recheckInput } from '../../core/reconcile/recheck.ts';
import type { Rechecked } from '../../core/reconcile/report.ts';
import { isObject, isText } from '../../core/shape.ts';
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
  await startExecution({ stateMachineArn, name: recheck.name, input });
}

/** The id that EventBridge gave an event: repeated invocations for it have the same. A schedule's input has none. */
const askerOf = (event: unknown): string =>
  isObject(event) && isText(event['id']) ? event['id'] : randomUUID();

/**
 * Starts a recheck of an identity pool. If one runs, it is followed by another instead.
 *
 * @param stateMachineArn that of `reconcile`.
 * @param event that calls for it. A repeated invocation for the same event starts the same recheck.
 * @returns the recheck that was started, if any.
 */
export async function askForRecheck(
  stateMachineArn: string,
  identityPoolId: string,
  event: unknown,
): Promise<Recheck | undefined> {
  const { rechecks } = new PoolTable(identityPoolId);
  const recheck = await rechecks.ask(newName(), askerOf(event));
  if (!recheck) return undefined;
  try {
    await start(stateMachineArn, identityPoolId, recheck);
  } catch (error) {
    await rechecks.forget(recheck.name);
    throw error;
  }
  return recheck;
}

/**
 * Ends a recheck, and starts the next one if something happened since it was started, or if another look is needed. A
 * second call starts the same one.
 */
export async function endRecheck(
  execution: string,
  { identityPoolId, looksAgain }: Rechecked,
): Promise<void> {
  const { partition, region, account, machine, name } = executionOf(execution);
  const next = await new PoolTable(identityPoolId).rechecks.end(name, newName(), looksAgain);
  const stateMachineArn = `arn:${partition}:states:${region}:${account}:stateMachine:${machine}`;
  if (next) await start(stateMachineArn, identityPoolId, next);
}
