import {
  type AuditRecord,
  auditRecords,
  endsSilently,
  type ToldExecution,
} from '../../core/audit/audit.ts';
import { type Difference, diff } from '../../core/identity-pool/difference.ts';
import { type Event, handedIn } from './history.ts';

/** What an execution did to one identity pool, and what differs between before and after. */
export type Recorded = AuditRecord & { difference?: Difference[] };

function recorded(record: AuditRecord): Recorded {
  const { before, after } = record;
  return { ...record, ...(before && after && { difference: diff(before, after) }) };
}

/** What an execution did, as its history tells it where its end does not. */
export const recordsOf = (told: ToldExecution, events: Event[]): Recorded[] =>
  auditRecords(told, endsSilently(told) ? handedIn(events) : []).map(recorded);

/** Before and after are those of the whole write; whether requests of others share it. */
export function isShared({
  changes,
  difference = [],
  writtenBy,
  outcome,
}: Pick<Recorded, 'changes' | 'difference' | 'writtenBy' | 'outcome'>): boolean {
  if (outcome === 'PLANNED' || difference.length === 0) return false;
  return difference.length > changes.length || writtenBy !== undefined;
}
