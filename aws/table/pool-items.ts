import { DeleteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { keepText, keptText } from './long-text.ts';
import { client, type Item, itemsOf, S, TableName, ttl } from './table.ts';

/** The items of one identity pool, by their sort keys. */
export class PoolItems {
  readonly #pool: string;

  constructor(identityPoolId: string) {
    this.#pool = identityPoolId;
  }

  key(sk: string): Item {
    return { pk: S(this.#pool), sk: S(sk) };
  }

  async get(sk: string): Promise<Item | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName, Key: this.key(sk), ConsistentRead: true }),
    );
    return Item;
  }

  /** The items whose sort keys begin with a prefix, as {@link itemsOf}. */
  query(prefix: string, mostPages?: number): Promise<Item[]> {
    return itemsOf(this.#pool, prefix, mostPages);
  }

  async delete(sk: string): Promise<void> {
    await client.send(new DeleteItemCommand({ TableName, Key: this.key(sk) }));
  }

  /** Keeps a text of any length for some days. */
  async keep(sk: string, text: string, days = 1): Promise<void> {
    await keepText({ pk: this.#pool, sk }, text, { ttl: ttl(days) });
  }

  kept(sk: string): Promise<string | undefined> {
    return keptText({ pk: this.#pool, sk });
  }
}
