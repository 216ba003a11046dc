import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateQuery,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { PoolBusyError } from '../core/errors.ts';
import type { Provider } from '../core/identity-pool.ts';
import { LEASE_MS, type Lease, type Superseded } from '../core/lease.ts';
import type { Answer, LedgerEntry, Pending, WriteRecord, WrittenShare } from '../core/records.ts';
import { requestHandler } from './request-handler.ts';

const client = new DynamoDBClient({ requestHandler });
const TableName = process.env['TABLE_NAME'] ?? '';

// A request whose execution has ended is written no more after this: longer than the state machine
// waits between two attempts of a step.
const PENDING_MS = 60_000;
// Then DynamoDB may remove what nobody will read again; nothing relies on when it does.
const DAY_SECONDS = 24 * 60 * 60;
const TOMBSTONE_DAYS = 400;

type Item = Record<string, AttributeValue>;

const S = (value: string): AttributeValue => ({ S: value });
const N = (value: number): AttributeValue => ({ N: String(value) });
const json = (value: unknown): AttributeValue => S(JSON.stringify(value));
const ttl = (days: number): AttributeValue => N(Math.floor(Date.now() / 1000) + days * DAY_SECONDS);

const textOf = (item: Item, name: string): string | undefined => item[name]?.S;
const numberOf = (item: Item, name: string): number => Number(item[name]?.N ?? 0);
/** What this module itself has written. */
const bodyOf = <T>(item: Item, name = 'body'): T => JSON.parse(textOf(item, name) ?? 'null');

const isRefused = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ConditionalCheckFailedException';

const entryKey = (providerName: string, clientId: string): string =>
  `entry#${providerName}#${clientId}`;

/**
 * What is kept of one identity pool: its lease, the requests that wait for it, the writes, and the
 * ledger of our entries. One table, keyed by identity pool.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */
export class PoolTable {
  readonly #pool: string;

  constructor(identityPoolId: string) {
    this.#pool = identityPoolId;
  }

  #key(sk: string): Item {
    return { pk: S(this.#pool), sk: S(sk) };
  }

  async #get(sk: string): Promise<Item | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName, Key: this.#key(sk), ConsistentRead: true }),
    );
    return Item;
  }

  /** Keeps something for a day. */
  async #put(sk: string, body: unknown): Promise<void> {
    const Item = { ...this.#key(sk), body: json(body), ttl: ttl(1) };
    await client.send(new PutItemCommand({ TableName, Item }));
  }

  async #query(prefix: string): Promise<Item[]> {
    const pages = paginateQuery(
      { client },
      {
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pool AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pool': S(this.#pool), ':prefix': S(prefix) },
      },
    );
    const items: Item[] = [];
    for await (const { Items = [] } of pages) items.push(...Items);
    return items;
  }

  async #updateLease(update: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>): Promise<Item> {
    const { Attributes = {} } = await client.send(
      new UpdateItemCommand({ TableName, Key: this.#key('lease'), ...update }),
    );
    return Attributes;
  }

  /**
   * Takes the lease if nobody has it, or its time is over by this clock; it never goes by TTL.
   *
   * @returns undefined while somebody else has it.
   */
  async acquire(nonce: string, execution: string): Promise<Lease | undefined> {
    const now = Date.now();
    try {
      const taken = await this.#updateLease({
        // Its own nonce again: a first answer was lost, and the call repeated by the SDK.
        ConditionExpression: 'attribute_not_exists(nonce) OR expiresAt < :now OR nonce = :nonce',
        UpdateExpression:
          'SET nonce = :nonce, holder = :execution, expiresAt = :expiresAt ADD #sequence :one',
        ExpressionAttributeNames: { '#sequence': 'sequence' },
        ExpressionAttributeValues: {
          ':nonce': S(nonce),
          ':now': N(now),
          ':execution': S(execution),
          ':expiresAt': N(now + LEASE_MS),
          ':one': N(1),
        },
        ReturnValues: 'ALL_NEW',
      });
      const writing = textOf(taken, 'writing');
      return {
        nonce,
        sequence: numberOf(taken, 'sequence'),
        superseded: bodyOf<Superseded[] | null>(taken, 'superseded') ?? [],
        ...(writing !== undefined && { writing }),
      };
    } catch (error) {
      if (isRefused(error)) return undefined;
      throw error;
    }
  }

  /** Whose the lease is, by the nonce of its acquisition; nobody's, when it can be taken. */
  async holder(): Promise<string | undefined> {
    const lease = await this.#get('lease');
    const over = !lease || numberOf(lease, 'expiresAt') < Date.now();
    return over ? undefined : textOf(lease, 'nonce');
  }

  /**
   * Says under the lease what is about to be written, so that its end can be found out whatever
   * happens. It is the last look at the lease before the write.
   *
   * @throws PoolBusyError when the lease is no longer ours.
   */
  async intend(lease: Lease, write: string, superseded: Superseded[]): Promise<void> {
    try {
      await this.#updateLease({
        ConditionExpression: 'nonce = :nonce',
        UpdateExpression: 'SET writing = :write, superseded = :superseded',
        ExpressionAttributeValues: {
          ':nonce': S(lease.nonce),
          ':write': S(write),
          ':superseded': json(superseded),
        },
      });
    } catch (error) {
      if (!isRefused(error)) throw error;
      throw new PoolBusyError('The lease of the identity pool has run out; nothing was written.');
    }
  }

  /** Gives the lease back, with what is known now. One that is no longer ours is left alone. */
  async release({ nonce }: Lease, superseded: Superseded[], writing?: string): Promise<void> {
    try {
      await this.#updateLease({
        ConditionExpression: 'nonce = :nonce',
        UpdateExpression: `SET superseded = :superseded${writing === undefined ? '' : ', writing = :write'} REMOVE nonce, holder, expiresAt${writing === undefined ? ', writing' : ''}`,
        ExpressionAttributeValues: {
          ':nonce': S(nonce),
          ':superseded': json(superseded),
          ...(writing !== undefined && { ':write': S(writing) }),
        },
      });
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }

  /** The states that writes of ours have replaced, for those who only read. */
  async superseded(): Promise<Superseded[]> {
    const lease = await this.#get('lease');
    return (lease && bodyOf<Superseded[] | null>(lease, 'superseded')) ?? [];
  }

  /** Leaves a request for whoever writes next, or says that it still waits. */
  async leave(pending: Pending): Promise<void> {
    const { Attributes = {} } = await client.send(
      new UpdateItemCommand({
        TableName,
        Key: this.#key('tickets'),
        UpdateExpression: 'ADD ticket :one',
        ExpressionAttributeValues: { ':one': N(1) },
        ReturnValues: 'ALL_NEW',
      }),
    );
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key: this.#key(`pending#${pending.key}`),
        UpdateExpression:
          'SET body = :body, expiresAt = :expiresAt, #ttl = :ttl, ticket = if_not_exists(ticket, :ticket)',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
        ExpressionAttributeValues: {
          ':body': json(pending),
          ':expiresAt': N(Date.now() + PENDING_MS),
          ':ttl': ttl(1),
          ':ticket': N(numberOf(Attributes, 'ticket')),
        },
      }),
    );
  }

  /** The requests that wait now, in the order in which they came. */
  async waiting(): Promise<Pending[]> {
    const now = Date.now();
    const items = await this.#query('pending#');
    return items
      .filter((item) => numberOf(item, 'expiresAt') > now)
      .sort((a, b) => numberOf(a, 'ticket') - numberOf(b, 'ticket'))
      .map((item) => bodyOf<Pending>(item));
  }

  /**
   * Answers a request, so that it waits no more. The answer stays for a day: an attempt that did not
   * live to tell is followed by one that finds it.
   */
  async answer(key: string, answer: Answer): Promise<void> {
    await this.#put(`answer#${key}`, answer);
    await this.forget(key);
  }

  /** The answer to a request, if it has one. */
  async answerTo(key: string): Promise<Answer | undefined> {
    const item = await this.#get(`answer#${key}`);
    return item && bodyOf<Answer>(item);
  }

  /** Takes a request back that needs no answer any more. */
  async forget(key: string): Promise<void> {
    await client.send(new DeleteItemCommand({ TableName, Key: this.#key(`pending#${key}`) }));
  }

  /** Puts a write down before it is made, with the requests that it is for. */
  async recordWrite(write: string, record: WriteRecord, shares: WrittenShare[]): Promise<void> {
    await this.#put(`shares#${write}`, shares);
    await this.#put(`write#${write}`, record);
  }

  /** A write, without its shares: of those each request has its own in its answer. */
  async writeRecord(write: string): Promise<WriteRecord | undefined> {
    const item = await this.#get(`write#${write}`);
    return item && bodyOf<WriteRecord>(item);
  }

  /** The requests that a write is for. */
  async sharesOf(write: string): Promise<WrittenShare[]> {
    const item = await this.#get(`shares#${write}`);
    return item ? bodyOf<WrittenShare[]>(item) : [];
  }

  /** Enters a write of ours into the ledger, unless a later write is there already. */
  async enter(entry: LedgerEntry): Promise<void> {
    const expiry = entry.state === 'unlinked' ? { ttl: ttl(TOMBSTONE_DAYS) } : {};
    const Item = {
      ...this.#key(entryKey(entry.providerName, entry.clientId)),
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

  /** What the ledger says of an entry. */
  async ledgerEntry({ ProviderName = '', ClientId = '' }: Provider) {
    const item = await this.#get(entryKey(ProviderName, ClientId));
    return item && bodyOf<LedgerEntry>(item);
  }
}
