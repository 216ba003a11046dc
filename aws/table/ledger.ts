import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Provider } from '../../core/identity-pool/identity-pool.ts';
import { namesOfSame, originalName } from '../../core/user-pool.ts';
import {
  EVERY_CLIENT,
  isLedgerEntry,
  KEPT_DAYS,
  type LedgerEntry,
} from '../../core/write/records.ts';
import { PoolItems } from './pool-items.ts';
import { bodyOf, client, isRefused, json, N, TableName, ttl } from './table.ts';

const sortKey = (providerName: string, clientId: string): string =>
  `entry#${providerName}#${clientId}`;

/** The ledger of our entries in one identity pool. */
export class Ledger {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  /** Records a write of ours, unless a later write is there already. */
  async enter(entry: LedgerEntry): Promise<void> {
    const expiry = entry.state === 'unlinked' ? { ttl: ttl(KEPT_DAYS) } : {};
    const Item = {
      ...this.#items.key(sortKey(entry.providerName, entry.clientId)),
      body: json(entry),
      sequence: N(entry.sequence),
      ...expiry,
    };
    try {
      await client.send(
        new PutItemCommand({
          TableName,
          Item,
          ConditionExpression: 'attribute_not_exists(pk) OR #sequence <= :sequence',
          ExpressionAttributeNames: { '#sequence': 'sequence' },
          ExpressionAttributeValues: { ':sequence': N(entry.sequence) },
        }),
      );
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }

  /** The ledger entries of a user pool, under both of its names. */
  async ofUserPool(providerName: string): Promise<LedgerEntry[]> {
    const items = await Promise.all(
      namesOfSame(providerName).map((name) => this.#items.query(sortKey(name, ''))),
    );
    return items.flat().flatMap((item) => bodyOf(item, isLedgerEntry) ?? []);
  }

  /**
   * The marks of an app client and its user pool as deleted. They are recorded under the original name of the user
   * pool.
   */
  async marksOf(providerName: string, clientId: string): Promise<LedgerEntry[]> {
    const ProviderName = originalName(providerName);
    const entries = await Promise.all(
      [clientId, EVERY_CLIENT].map((ClientId) => this.entry({ ProviderName, ClientId })),
    );
    return entries.flatMap((entry) => (entry?.deleted === true ? entry : []));
  }

  /**
   * Removes the mark of an app client or a user pool that exists. It needs no lease: a mark that was made since has
   * another sequence, and stays.
   *
   * @returns whether it was removed.
   */
  async clearMark({ providerName, clientId, sequence }: LedgerEntry): Promise<boolean> {
    const command = new DeleteItemCommand({
      TableName,
      Key: this.#items.key(sortKey(providerName, clientId)),
      ConditionExpression: '#sequence = :sequence',
      ExpressionAttributeNames: { '#sequence': 'sequence' },
      ExpressionAttributeValues: { ':sequence': N(sequence) },
    });
    try {
      await client.send(command);
      return true;
    } catch (error) {
      if (isRefused(error)) return false;
      throw error;
    }
  }

  /** The whole ledger. With only a part of it, entries of ours would count as foreign. */
  async all(): Promise<LedgerEntry[]> {
    const items = await this.#items.query('entry#');
    return items.flatMap((item) => bodyOf(item, isLedgerEntry) ?? []);
  }

  /** The ledger entry of an entry, if there is one. */
  async entry({ ProviderName = '', ClientId = '' }: Provider) {
    return bodyOf(await this.#items.get(sortKey(ProviderName, ClientId)), isLedgerEntry);
  }
}

const ledgerOfPool = (identityPoolId: string): Ledger => new Ledger(new PoolItems(identityPoolId));

/** The name of a deleted app client, from the ledgers of these identity pools. */
export async function nameInLedgers(
  identityPoolIds: string[],
  ProviderName: string,
  ClientId: string,
): Promise<string | undefined> {
  for (const identityPoolId of identityPoolIds) {
    for (const name of namesOfSame(ProviderName)) {
      const provider = { ProviderName: name, ClientId };
      const entry = await ledgerOfPool(identityPoolId).entry(provider);
      if (entry?.clientName !== undefined) return entry.clientName;
    }
  }
  return undefined;
}

/** The links that linked app clients of a user pool to these identity pools. */
export async function linksInLedgers(
  identityPoolIds: string[],
  providerName: string,
): Promise<string[]> {
  const links = new Set<string>();
  for (const identityPoolId of identityPoolIds) {
    const entries = await ledgerOfPool(identityPoolId).ofUserPool(providerName);
    for (const name of entries.flatMap((entry) => entry.links)) links.add(name);
  }
  return [...links];
}
