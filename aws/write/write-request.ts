import type { ShownChange } from '../../core/identity-pool/changes.ts';
import { type Refused, refusalOf } from '../../core/write/batch.ts';
import type { Allowed, Pending, WriteRecord, WrittenShare } from '../../core/write/records.ts';
import type { OpenIdentityPool } from '../clients/identity-pool.ts';
import type { PoolTable } from '../table/pool-table.ts';

/** What the write is for. */
export interface WriteRequest {
  /** ARN of the execution that asks. */
  execution: string;
  /** All that it asks for of this pool, in one write. */
  own: Allowed[];
  /** Whether the app client that it links is known not to exist: then nothing is written. */
  gone?: boolean;
  /** Under which its answer is kept for its own next attempt. Without it, it is judged anew. */
  answerKey?: string;
  /** How the request waits for the next writer; absent if it does not wait. */
  pending?: Pending;
  quota: number;
  /** How many characters pools may take in what is kept and handed on. */
  room: number;
}

/** What the write works with. */
export interface WriteTools {
  pool: OpenIdentityPool;
  table: PoolTable;
  /**
   * Holds the requests of others against links.yml; one that it does not allow is left out, and so is
   * one that has not been looked at by a time, in epoch milliseconds.
   */
  allow(pending: Pending[], until: number): Promise<Allowed[]>;
  /** What still holds of the execution's request, asked under the lease; all of it, if absent. */
  confirm?(own: Allowed[]): Promise<Allowed[]>;
  /** How many milliseconds the function has left. */
  left(): number;
}

/** The result of the request, no matter which execution wrote it. */
export interface Written {
  changes: ShownChange[];
  /** Those of the changes that another request of the same write cancelled: the pool never showed them. */
  cancelled?: ShownChange[];
  /** Whether there is nothing to link, since the app client is known to be deleted. */
  gone?: boolean;
  before: WriteRecord['before'];
  after: WriteRecord['after'];
  /** Digest of the pool onto which was written. */
  base?: string;
  /** Of a request that does not wait, what is refused, by their keys. */
  refused?: ReadonlyMap<string, Refused>;
  /** The execution that wrote, if it was another, and its role session. */
  writtenBy?: string;
  assumedRoleArn?: string;
}

/** What an earlier writer has left as the answer to a request. */
export async function answered(
  { execution, answerKey }: WriteRequest,
  table: PoolTable,
): Promise<Written | undefined> {
  if (answerKey === undefined) return undefined;
  const answer = await table.answerTo(answerKey);
  if (!answer) return undefined;
  if ('refused' in answer) {
    // Who asks once more is judged once more: there may be room by then.
    await table.retract(answerKey);
    throw refusalOf(answer);
  }
  const record = await table.writeRecord(answer.write);
  return record && writtenOf(record, answer, execution);
}

/** What came of a request, by the record of the write that it was part of. */
export function writtenOf(
  { before, after, execution, assumedRoleArn }: WriteRecord,
  { changes, cancelled = [] }: Pick<WrittenShare, 'changes' | 'cancelled'>,
  own: string,
): Written {
  const another = execution !== own && { writtenBy: execution, assumedRoleArn };
  const unseen = cancelled.length > 0 && { cancelled };
  return { changes, before, after, ...unseen, ...another };
}
