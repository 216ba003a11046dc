import {
  type AuditRecord,
  auditRecords,
  type DescribedExecution,
  isDryRun,
  type StateData,
} from '../../core/audit/audit.ts';
import { grouped } from '../../core/grouped.ts';
import { outcomeText } from '../output/outcome-text.ts';

type Outcome = Pick<AuditRecord, 'outcome' | 'error' | 'wouldFail'>;

const severalText = (outcome: string, count: number): string =>
  count > 1 ? `${outcome} × ${count}` : outcome;

/** Where an outcome comes in a list that may be cut: failures first, and last that a reconcile only looked. */
const rankOf = ({ error, outcome }: Outcome): number =>
  error !== undefined ? 0 : outcome === 'REPORTED' ? 2 : 1;

/** The outcomes of the identity pools of an execution as short texts, those that failed first. */
function outcomeTexts(all: Outcome[]): string[] {
  const ranked = all.toSorted((a, b) => rankOf(a) - rankOf(b));
  const outcomes = grouped(ranked, (each) => each.error ?? outcomeText(each));
  return [...outcomes].map(([outcome, group]) => severalText(outcome, group.length));
}

/** How an execution ended, if it was stopped, or did not succeed and no identity pool says why. */
function silentEnd({ status, error = status }: DescribedExecution, records: Outcome[]): string[] {
  if (status === 'ABORTED' || status === 'TIMED_OUT') return [status];
  const isTold = records.some((each) => each.error !== undefined);
  return isTold || status === 'SUCCEEDED' || status === 'RUNNING' ? [] : [error];
}

/** Whether an execution is a dry run of `link`. */
export const isTrial = ({ machine, input }: DescribedExecution): boolean =>
  machine === 'link' && isDryRun(input);

/**
 * One execution as a row of a list.
 *
 * @param handed the data of its states, if its end lacks the results.
 */
export function summaryOf(described: DescribedExecution, handed?: StateData[]) {
  const { execution, machine, status, started, stopped } = described;
  const records = auditRecords(described, handed);
  const [first] = records;
  const { requestedBy, operation, userPoolId, clientId, undoes } = first ?? {};
  return {
    execution,
    machine,
    status,
    outcome: [...new Set([...silentEnd(described, records), ...outcomeTexts(records)])].join(', '),
    ...(records.some(({ wouldFail }) => wouldFail) && { wouldFail: true as const }),
    ...(isTrial(described) && { dryRun: true as const }),
    requestedBy,
    operation,
    userPoolId,
    clientId,
    ...(undoes !== undefined && { undoes }),
    started,
    stopped,
  };
}

export type ExecutionSummary = ReturnType<typeof summaryOf>;
