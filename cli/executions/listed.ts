import { auditRecords, type ToldExecution } from '../../core/audit/audit.ts';

/** How an execution ended, in a few words: its error, or the outcomes of its identity pools. */
function outcomeOf(told: ToldExecution): string {
  const { status, error } = told;
  if (status !== 'SUCCEEDED') return error ?? status;
  const outcomes = Map.groupBy(auditRecords(told), ({ outcome }) => outcome);
  return [...outcomes]
    .map(([outcome, group]) => (group.length > 1 ? `${outcome} × ${group.length}` : outcome))
    .join(', ');
}

/** One execution, as the list shows it. */
export function listedAs(told: ToldExecution) {
  const { execution, machine, status, started, stopped } = told;
  const [first] = auditRecords(told);
  const { requestedBy, operation, userPoolId, clientId } = first ?? {};
  return {
    execution,
    machine,
    status,
    outcome: outcomeOf(told),
    requestedBy,
    operation,
    userPoolId,
    clientId,
    started,
    stopped,
  };
}

export type Listed = ReturnType<typeof listedAs>;
