import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { entryKey } from '../../core/identity-pool/identity-pool.ts';
import { isRestore, type Restore } from '../../core/reconcile/restore.ts';
import { KEPT_DAYS } from '../../core/write/records.ts';
import type { PoolItems } from './pool-items.ts';
import { bodyOf, client, isRefused, json, S, TableName, ttl } from './table.ts';

const sortKey = ({ providerName, clientId }: Restore): string =>
  `restore#${providerName}#${clientId}`;

/** Tells one note on an entry from another. */
const stampOf = ({ execution, times }: Restore): string => `${times.at(-1)} ${execution}`;

/** The last restores of each entry of one identity pool that others removed. They need no lease. */
export class Restores {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  /** All of them, by the keys of the entries. */
  async all(): Promise<ReadonlyMap<string, Restore>> {
    const items = await this.#items.query('restore#');
    const restores = items.flatMap((item) => bodyOf(item, isRestore) ?? []);
    return new Map(restores.map((restore) => [entryKey(restore), restore]));
  }

  /**
   * Notes a restore in place of the last one.
   *
   * @returns false if another execution has noted one in the meantime.
   */
  async note(restore: Restore, last: Restore | undefined): Promise<boolean> {
    const isLast = last ? 'stamp = :last' : 'attribute_not_exists(pk)';
    const stamp = S(stampOf(restore));
    const command = new PutItemCommand({
      TableName,
      Item: {
        ...this.#items.key(sortKey(restore)),
        body: json(restore),
        stamp,
        ttl: ttl(KEPT_DAYS),
      },
      // It may be noted already: the SDK repeats the call if the first answer was lost.
      ConditionExpression: `${isLast} OR stamp = :own`,
      ExpressionAttributeValues: {
        ':own': stamp,
        ...(last && { ':last': S(stampOf(last)) }),
      },
    });
    return isDone(client.send(command));
  }

  /** Puts the last note back in place of one whose restore was not made. */
  async withdraw(restore: Restore, last: Restore | undefined): Promise<void> {
    if (last) {
      await this.note(last, restore);
      return;
    }
    const command = new DeleteItemCommand({
      TableName,
      Key: this.#items.key(sortKey(restore)),
      ConditionExpression: 'stamp = :stamp',
      ExpressionAttributeValues: { ':stamp': S(stampOf(restore)) },
    });
    await isDone(client.send(command));
  }
}

/** Whether the condition of a write held. */
async function isDone(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isRefused(error)) return false;
    throw error;
  }
}
