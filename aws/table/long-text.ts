import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { sha256 } from '../../core/sha256.ts';
import { inParallel } from '../pace/in-parallel.ts';
import { client, type Item, N, numberOf, S, TableName, textOf } from './table.ts';

// An item holds 400 KB, with its keys and the names of its attributes. A part of this size is read as fast as the
// many small items beside it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items
const PART_BYTES = 350_000;
// No text of this service is longer than 35 MB. Others may have written the item.
const MOST_PARTS = 100;

/** The key of an item. */
export interface Key {
  pk: string;
  sk: string;
}

const itemKey = ({ pk, sk }: Key): Item => ({ pk: S(pk), sk: S(sk) });

const digestOf = (bytes: Buffer): string => sha256(bytes).slice(0, 32);

const partKeys = ({ pk, sk }: Key, digest: string, count: number): Key[] =>
  Array.from({ length: count }, (_, i) => ({ pk, sk: `${sk}#${digest}#${i}` }));

/**
 * Keeps a text in the table, in as many items as it needs. The parts of a long text have its digest in their keys
 * and are written before the item that names them. So a reader never sees half of a text, or parts of two.
 *
 * @param more further attributes of every item.
 * @returns the sort keys of all the items.
 */
export async function keepText(key: Key, text: string, more: Item): Promise<string[]> {
  const put = async (Item: Item): Promise<void> => {
    await client.send(new PutItemCommand({ TableName, Item }));
  };
  const bytes = Buffer.from(text);
  if (bytes.length <= PART_BYTES) {
    await put({ ...itemKey(key), body: S(text), ...more });
    return [key.sk];
  }
  const digest = digestOf(bytes);
  const keys = partKeys(key, digest, Math.ceil(bytes.length / PART_BYTES));
  await inParallel([...keys.entries()], async ([i, each]) => {
    const part = bytes.subarray(i * PART_BYTES, (i + 1) * PART_BYTES);
    await put({ ...itemKey(each), part: { B: part }, ...more });
  });
  await put({ ...itemKey(key), parts: N(keys.length), digest: S(digest), ...more });
  return [key.sk, ...keys.map(({ sk }) => sk)];
}

async function itemAt(key: Key): Promise<Item | undefined> {
  const get = new GetItemCommand({ TableName, Key: itemKey(key), ConsistentRead: true });
  return (await client.send(get)).Item;
}

/** The text under a key; undefined if there is none, or not all of it. */
export async function keptText(key: Key): Promise<string | undefined> {
  const item = await itemAt(key);
  if (!item) return undefined;
  const digest = textOf(item, 'digest');
  const count = numberOf(item, 'parts');
  if (digest === undefined) return textOf(item, 'body');
  if (!Number.isInteger(count) || count < 1 || count > MOST_PARTS) return undefined;
  const parts: Uint8Array[] = [];
  await inParallel([...partKeys(key, digest, count).entries()], async ([i, each]) => {
    parts[i] = (await itemAt(each))?.['part']?.B ?? new Uint8Array();
  });
  const bytes = Buffer.concat(parts);
  return digestOf(bytes) === digest ? bytes.toString() : undefined;
}
