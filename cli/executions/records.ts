import {
  type AuditRecord,
  auditRecords,
  type DescribedExecution,
  endsSilently,
  type StateData,
} from '../../core/audit/audit.ts';
import { type Difference, diff } from '../../core/identity-pool/difference.ts';
import { type Event, stateDataIn } from './history.ts';

/** An audit record with the difference between the identity pool before and after. */
export type Recorded = AuditRecord & { difference?: Difference[] };

function recorded(record: AuditRecord): Recorded {
  const { before, after } = record;
  return { ...record, ...(before && after && { difference: diff(before, after) }) };
}

/** What an execution did, from its end and, if that is incomplete, from the data of its states. */
export const recordsFrom = (described: DescribedExecution, handed: StateData[]): Recorded[] =>
  auditRecords(described, handed).map(recorded);

/** What an execution did, from its output or, if that is incomplete, from its events. */
export const recordsOf = (described: DescribedExecution, events: Event[]): Recorded[] =>
  recordsFrom(described, endsSilently(described) ? stateDataIn(events) : []);

/** Whether other requests share the write. Before and after are those of the whole write. */
export function isShared({
  changes,
  difference = [],
  writtenBy,
  outcome,
}: Pick<Recorded, 'changes' | 'difference' | 'writtenBy' | 'outcome'>): boolean {
  if (outcome === 'PLANNED' || difference.length === 0) return false;
  return difference.length > changes.length || writtenBy !== undefined;
}

/**
 * Whether a result does not say how it was verified, but its error or message what is known of the write: it runs,
 * failed, or its execution ended before it.
 */
export const isUnsaid = ({ outcome, status }: Pick<Recorded, 'outcome' | 'status'>): boolean =>
  outcome === 'FAILED' || (outcome === status && status !== 'SUCCEEDED');
