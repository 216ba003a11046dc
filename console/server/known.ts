import { type Traced, traced } from '../../cli/executions/pools-now.ts';
import {
  type AuditRecord,
  auditRecords,
  type DescribedExecution,
  type StateData,
} from '../../core/audit/audit.ts';
import { type RequestEnd, requestEnds } from './failures.ts';
import type { Row } from './protocol.ts';
import { rowOf } from './views.ts';

/** What is kept of an execution that was read, without its identity pools before and after. */
export interface Known {
  row: Row;
  traced: Traced;
  /** The names of the identity pools that it read, by their ids. */
  names: [identityPoolId: string, name: string][];
  ends: RequestEnd[];
}

const namesIn = (described: DescribedExecution): Known['names'] =>
  auditRecords(described).flatMap(({ identityPoolId, before, after }): Known['names'] => {
    const { IdentityPoolName: name } = after ?? before ?? {};
    return identityPoolId === undefined || name === undefined ? [] : [[identityPoolId, name]];
  });

const hasWritten = ({ outcome }: AuditRecord): boolean =>
  outcome === 'LINKED' || outcome === 'UNLINKED';

/**
 * What is kept of an execution.
 *
 * @param handed the data of its states, if its end lacks the results.
 */
export function knownOf(described: DescribedExecution, handed: StateData[]): Known {
  const kept = traced(described);
  const wrote =
    kept.inEnd.writes.some(({ op }) => op !== 'gone') ||
    (handed.length > 0 && auditRecords(described, handed).some(hasWritten));
  return {
    row: { ...rowOf(described, handed), ...(wrote && { wrote }) },
    traced: kept,
    names: namesIn(described),
    ends: requestEnds(described, handed),
  };
}
