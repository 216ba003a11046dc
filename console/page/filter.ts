import type { Machine } from '../../core/deployment.ts';
import type { Row } from '../server/protocol.ts';

/** Which executions a list shows. Members that are absent or blank leave out nothing. */
export interface RowFilter {
  /** A part of the app client's id or name. */
  client?: string;
  /** A part of the user pool's id. */
  userPool?: string;
  /** The outcome of one of its identity pools, such as LINKED or WOULD_FAIL. */
  outcome?: string;
  /** How long ago they began at most, in hours. */
  hours?: string;
  /** A part of who requested it, or of the reason. */
  who?: string;
  /** Whether only those that wrote to an identity pool are shown. */
  writes?: string;
}

const holds = (text = '', part = ''): boolean =>
  text.toLowerCase().includes(part.trim().toLowerCase());

/** The outcomes of an execution by which a list is filtered: of its identity pools, and that it runs or has failed. */
export function outcomesOf({ status, outcomes = [], at }: Row): string[] {
  if (status === 'RUNNING') return [at === 'RequestApproval' ? 'WAITS' : 'RUNNING'];
  return status === 'SUCCEEDED' ? outcomes : [...new Set([...outcomes, 'FAILED'])];
}

/** Whether a list shows an execution. */
export function matches(row: Row, filter: RowFilter, now = Date.now()): boolean {
  const { client, userPool, outcome, hours, who, writes } = filter;
  return (
    [row.clientId, row.clientName, ...(row.clients ?? [])].some((text) => holds(text, client)) &&
    holds(row.userPoolId, userPool) &&
    holds(row.requestedBy, who) &&
    (!outcome || outcomesOf(row).includes(outcome)) &&
    (!hours || now - Date.parse(row.started) <= Number(hours) * 3_600_000) &&
    (!writes || row.wrote === true)
  );
}

/**
 * The filter that the choices of an address hold. Those that the list of a state machine has no field for are left out:
 * a reconcile is about no app client.
 */
export function filterIn(
  machine: Machine,
  { client, userPool, outcome, hours, who, writes }: Readonly<Record<string, string>>,
): RowFilter {
  const subject = { ...(client && { client }), ...(userPool && { userPool }) };
  return {
    ...(machine === 'link' && subject),
    ...(outcome && { outcome }),
    ...(hours && { hours }),
    ...(who && { who }),
    ...(writes && { writes }),
  };
}
