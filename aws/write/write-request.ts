import type { ShownChange } from '../../core/identity-pool/changes.ts';
import { refusalOf } from '../../core/write/batch.ts';
import type {
  Allowed,
  Pending,
  Refused,
  WriteRecord,
  WrittenShare,
} from '../../core/write/records.ts';
import type { OpenIdentityPool } from '../clients/identity-pool.ts';
import type { PoolTable } from '../table/pool-table.ts';

/** What a write is for. */
export interface WriteRequest {
  /** ARN of the execution that asks. */
  execution: string;
  /** Everything that it asks for of this pool, in one write. */
  own: Allowed[];
  /** Whether the app client to link is known not to exist. Then nothing is written. */
  gone?: boolean;
  /** The key of the answer for its own next attempt. Without it, the request is judged again. */
  answerKey?: string;
  /** How the request waits for the next writer; absent if it does not wait. */
  pending?: Pending;
  quota: number;
  /** How many characters pools may take in the table and in states. */
  room: number;
}

/** What a write works with. */
export interface WriteTools {
  pool: OpenIdentityPool;
  table: PoolTable;
  /**
   * Compares the requests of others with links.yml. It leaves out those that are not allowed, and those that could
   * not be judged by a time, in epoch milliseconds.
   */
  allow(pending: Pending[], until: number): Promise<Allowed[]>;
  /** The parts of the execution's request that still apply, asked under the lease; all of it, if absent. */
  confirm?(own: Allowed[]): Promise<Allowed[]>;
  /** How many milliseconds the function has left. */
  left(): number;
}

/** The result of the request, no matter which execution wrote it. */
export interface Written {
  changes: ShownChange[];
  /** The changes that another request of the same write cancelled. The pool never showed them. */
  cancelled?: ShownChange[];
  /** Whether there is nothing to link, since the app client is known to be deleted. */
  gone?: boolean;
  before: WriteRecord['before'];
  after: WriteRecord['after'];
  /** The digest of the pool onto which the changes were merged. */
  base?: string;
  /** For a request that does not wait: what is refused, by key. */
  refused?: ReadonlyMap<string, Refused>;
  /** The execution that wrote, if it was another one, and its role session. */
  writtenBy?: string;
  assumedRoleArn?: string;
}

/** The result of a request that an earlier writer answered. */
export async function answered(
  { execution, answerKey }: WriteRequest,
  table: PoolTable,
): Promise<Written | undefined> {
  if (answerKey === undefined) return undefined;
  const answer = await table.requests.answerTo(answerKey);
  if (!answer) return undefined;
  if ('refused' in answer) {
    // A request that is made again is judged again, since there may be room by then.
    await table.requests.retract(answerKey);
    throw refusalOf(answer);
  }
  const record = await table.writes.recordOf(answer.write);
  return record && writtenOf(record, answer, execution);
}

/** The result of a request, from the record of the write that it was part of. */
export function writtenOf(
  { before, after, execution, assumedRoleArn }: WriteRecord,
  { changes, cancelled = [] }: Pick<WrittenShare, 'changes' | 'cancelled'>,
  own: string,
): Written {
  const another = execution !== own && { writtenBy: execution, assumedRoleArn };
  const unseen = cancelled.length > 0 && { cancelled };
  return { changes, before, after, ...unseen, ...another };
}
