import { auditRecords, type DescribedExecution } from '../../core/audit/audit.ts';
import { grouped } from '../../core/grouped.ts';
import { outcomeText } from '../output/outcome-text.ts';

/** The result of an execution as short text: its error, or the outcomes of its identity pools. */
function outcomeOf(described: DescribedExecution): string {
  const { status, error } = described;
  if (status !== 'SUCCEEDED') return error ?? status;
  const outcomes = grouped(auditRecords(described), outcomeText);
  return [...outcomes]
    .map(([outcome, group]) => (group.length > 1 ? `${outcome} × ${group.length}` : outcome))
    .join(', ');
}

/** One execution as a row of a list. */
export function summaryOf(described: DescribedExecution) {
  const { execution, machine, status, started, stopped } = described;
  const records = auditRecords(described);
  const [first] = records;
  const { requestedBy, operation, userPoolId, clientId } = first ?? {};
  return {
    execution,
    machine,
    status,
    outcome: outcomeOf(described),
    ...(records.some(({ wouldFail }) => wouldFail) && { wouldFail: true as const }),
    requestedBy,
    operation,
    userPoolId,
    clientId,
    started,
    stopped,
  };
}

export type ExecutionSummary = ReturnType<typeof summaryOf>;
