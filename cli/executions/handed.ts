import { type DescribedExecution, endsSilently, type StateData } from '../../core/audit/audit.ts';
import { cutOffData, cutOffIn } from '../../core/now/cut-off.ts';
import type { Ledgers } from '../settings/ledgers.ts';
import { type Event, stateDataIn, visitsWithDataIn } from './history.ts';

/**
 * The data of the states of an execution whose end lacks the results. What it was writing when it was ended is as the
 * ledger has it.
 */
export async function handedBy(
  described: DescribedExecution,
  events: Event[],
  ledgers: Ledgers,
): Promise<StateData[]> {
  if (!endsSilently(described)) return [];
  const handed = stateDataIn(events);
  const { execution, status, stopped } = described;
  if (stopped === undefined) return handed;
  for (const cutOff of cutOffIn(visitsWithDataIn(events))) {
    const ledger = await ledgers.readable(cutOff.target.identityPoolId);
    handed.push(cutOffData(cutOff, { execution, status, stopped }, ledger?.values(), Date.now()));
  }
  return handed;
}
