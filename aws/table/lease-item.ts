import { UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { AwsUnavailableError, PoolBusyError } from '../../core/errors.ts';
import {
  isLastWrite,
  LATEST_MS,
  type LastWrite,
  LEASE_MS,
  type Lease,
} from '../../core/write/lease.ts';
import type { PoolItems } from './pool-items.ts';
import {
  bodyOf,
  client,
  type Item,
  isRefused,
  json,
  N,
  numberOf,
  S,
  TableName,
  textOf,
} from './table.ts';

/**
 * The lease of one identity pool, and what its last holder knew of the last write.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */
export class LeaseItem {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  async #updateLease(update: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>): Promise<Item> {
    const { Attributes = {} } = await client.send(
      new UpdateItemCommand({ TableName, Key: this.#items.key('lease'), ...update }),
    );
    return Attributes;
  }

  /**
   * Takes the lease if no one has it, if it has run out by this clock, or if no lease of ours could have its time.
   * It never ends by TTL.
   *
   * @returns undefined while another execution has it.
   */
  async acquire(nonce: string, execution: string): Promise<Lease | undefined> {
    try {
      return await this.#take(nonce, execution);
    } catch (error) {
      // DynamoDB answers this if the number to increase is missing or is not a number.
      if (!(error instanceof Error && error.name === 'ValidationException')) throw error;
      await this.#beginSequence();
      return this.#take(nonce, execution);
    }
  }

  /**
   * Continues the sequence from the ledger if the lease has none: in a new identity pool, or after the lease was
   * deleted. A sequence that began again would be lower than that of the ledger, which would then refuse all
   * writes.
   */
  async #beginSequence(): Promise<void> {
    const items = await this.#items.query('entry#');
    const last = items.reduce((most, item) => Math.max(most, numberOf(item, 'sequence')), 0);
    try {
      await this.#updateLease({
        ConditionExpression:
          'attribute_not_exists(#sequence) OR NOT attribute_type(#sequence, :number)',
        UpdateExpression: 'SET #sequence = :last',
        ExpressionAttributeNames: { '#sequence': 'sequence' },
        ExpressionAttributeValues: { ':last': N(last), ':number': S('N') },
      });
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }

  async #take(nonce: string, execution: string): Promise<Lease | undefined> {
    const now = Date.now();
    try {
      const taken = await this.#updateLease({
        // The nonce may be its own already: the SDK repeats the call if the first answer was lost.
        ConditionExpression:
          'attribute_not_exists(nonce) OR NOT attribute_type(expiresAt, :number) OR expiresAt < :now OR expiresAt > :latest OR nonce = :nonce',
        UpdateExpression:
          'SET nonce = :nonce, holder = :execution, expiresAt = :expiresAt, #sequence = #sequence + :one',
        ExpressionAttributeNames: { '#sequence': 'sequence' },
        ExpressionAttributeValues: {
          ':nonce': S(nonce),
          ':now': N(now),
          ':latest': N(now + LATEST_MS),
          ':number': S('N'),
          ':execution': S(execution),
          ':expiresAt': N(now + LEASE_MS),
          ':one': N(1),
        },
        ReturnValues: 'ALL_NEW',
      });
      if (textOf(taken, 'nonce') !== nonce) {
        throw new AwsUnavailableError('DynamoDB did not say whether the lease is taken.');
      }
      const writing = textOf(taken, 'writing');
      const last = bodyOf(taken, isLastWrite, 'lastWrite');
      return {
        nonce,
        sequence: numberOf(taken, 'sequence'),
        ...(last && { last }),
        ...(writing !== undefined && { writing }),
      };
    } catch (error) {
      if (isRefused(error)) return undefined;
      throw error;
    }
  }

  /** The nonce of the acquisition that holds the lease; undefined if the lease can be taken. */
  async holder(): Promise<string | undefined> {
    const lease = await this.#items.get('lease');
    const left = lease ? numberOf(lease, 'expiresAt') - Date.now() : -1;
    return left < 0 || left > LATEST_MS ? undefined : textOf(lease ?? {}, 'nonce');
  }

  /**
   * Records under the lease what is about to be written, so that its end can be found out in any case. This is the
   * last check of the lease before the write.
   *
   * @throws PoolBusyError if the lease is no longer ours.
   */
  async intend(lease: Lease, write: string, last: LastWrite): Promise<void> {
    try {
      await this.#updateLease({
        ConditionExpression: 'nonce = :nonce',
        UpdateExpression: 'SET writing = :write, lastWrite = :last',
        ExpressionAttributeValues: {
          ':nonce': S(lease.nonce),
          ':write': S(write),
          ':last': json(last),
        },
      });
    } catch (error) {
      if (!isRefused(error)) throw error;
      throw new PoolBusyError(
        'The lease of the identity pool has run out, so the next call was not made. The request is tried again.',
      );
    }
  }

  /**
   * Gives the lease back, with what is known about the last write. A lease that is no longer ours is left alone.
   */
  async release({ nonce, last, writing }: Lease): Promise<void> {
    const known = { lastWrite: last && json(last), writing: writing && S(writing) };
    const entries = Object.entries(known);
    const set = entries.flatMap(([name, value]) => (value ? `${name} = :${name}` : []));
    const gone = entries.flatMap(([name, value]) => (value ? [] : name));
    const values = entries.flatMap(([name, value]) => (value ? [[`:${name}`, value]] : []));
    try {
      await this.#updateLease({
        ConditionExpression: 'nonce = :nonce',
        UpdateExpression: `${set.length > 0 ? `SET ${set.join(', ')} ` : ''}REMOVE ${['nonce', 'holder', 'expiresAt', ...gone].join(', ')}`,
        ExpressionAttributeValues: { ':nonce': S(nonce), ...Object.fromEntries(values) },
      });
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }

  /** The last write of ours and the unsettled write, for those who only read. */
  async written(): Promise<{ last?: LastWrite; unsettled?: { write: string; isHeld: boolean } }> {
    const lease = await this.#items.get('lease');
    const last = bodyOf(lease, isLastWrite, 'lastWrite');
    const write = lease && textOf(lease, 'writing');
    const isHeld = lease !== undefined && numberOf(lease, 'expiresAt') >= Date.now();
    return {
      ...(last && { last }),
      ...(write !== undefined && { unsettled: { write, isHeld } }),
    };
  }
}
