import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { AwsUnavailableError, PoolBusyError } from '../../core/errors.ts';
import type { Provider } from '../../core/identity-pool/identity-pool.ts';
import { namesOfSame, originalName } from '../../core/user-pool.ts';
import {
  isLastWrite,
  LATEST_MS,
  type LastWrite,
  LEASE_MS,
  type Lease,
} from '../../core/write/lease.ts';
import { isPause, PAUSE, pausedError } from '../../core/write/pause.ts';
import {
  type Answer,
  EVERY_CLIENT,
  isAnswer,
  isLedgerEntry,
  isPending,
  isWriteRecord,
  type LedgerEntry,
  type Pending,
  type WriteRecord,
  type WrittenShare,
} from '../../core/write/records.ts';
import { sharesOfText, textOfShares } from '../../core/write/share-text.ts';
import { keepText, keptText } from './long-text.ts';
import {
  bodyOf,
  client,
  type Item,
  isRefused,
  itemsOf,
  json,
  N,
  numberOf,
  parsed,
  S,
  TableName,
  textOf,
  ttl,
} from './table.ts';

// A request whose execution has ended is written no more after this: longer than the state machine
// waits between two attempts of a step.
const PENDING_MS = 60_000;
const TOMBSTONE_DAYS = 400;
// A write may be unsettled for as long as no one writes or reconciles: far longer than that lasts.
const UNSETTLED_DAYS = 400;
// Of a megabyte each: what this service itself leaves waiting fills no more than one. What others leave
// there must not take up the time that a write needs.
const MOST_WAITING_PAGES = 10;

const entryKey = (providerName: string, clientId: string): string =>
  `entry#${providerName}#${clientId}`;

/** A write as it was put down before it was made. */
export interface RecordedWrite {
  write: string;
  record: WriteRecord;
  shares: WrittenShare[];
}

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

  /** Keeps a text for some days, however long it is; returns the sort keys of its items. */
  #keep(sk: string, text: string, days = 1): Promise<string[]> {
    return keepText({ pk: this.#pool, sk }, text, { ttl: ttl(days) });
  }

  #kept(sk: string): Promise<string | undefined> {
    return keptText({ pk: this.#pool, sk });
  }

  #query(prefix: string, mostPages?: number): Promise<Item[]> {
    return itemsOf(this.#pool, prefix, mostPages);
  }

  async #updateLease(update: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>): Promise<Item> {
    const { Attributes = {} } = await client.send(
      new UpdateItemCommand({ TableName, Key: this.#key('lease'), ...update }),
    );
    return Attributes;
  }

  /**
   * Takes the lease if no one has it, or its time is over by this clock, or no lease of ours could have
   * such a time; it never goes by TTL.
   *
   * @returns undefined while another has it.
   */
  async acquire(nonce: string, execution: string): Promise<Lease | undefined> {
    try {
      return await this.#take(nonce, execution);
    } catch (error) {
      // DynamoDB's answer where a number is to be increased that is not there, or is none.
      if (!(error instanceof Error && error.name === 'ValidationException')) throw error;
      await this.#beginSequence();
      return this.#take(nonce, execution);
    }
  }

  /**
   * Counts on from the ledger where the lease has no sequence: in a new identity pool, or after the lease was
   * deleted. A sequence that began again would be lower than the ledger's, which then refuses all writes.
   */
  async #beginSequence(): Promise<void> {
    const items = await this.#query('entry#');
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
        // Its own nonce again: a first answer was lost, and the SDK has repeated the call.
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

  /** Whose the lease is, by the nonce of its acquisition; undefined when it can be taken. */
  async holder(): Promise<string | undefined> {
    const lease = await this.#get('lease');
    const left = lease ? numberOf(lease, 'expiresAt') - Date.now() : -1;
    return left < 0 || left > LATEST_MS ? undefined : textOf(lease ?? {}, 'nonce');
  }

  /**
   * Says under the lease what is about to be written, so that its end can be found out whatever
   * happens. It is the last look at the lease before the write.
   *
   * @throws PoolBusyError when the lease is no longer ours.
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
        'The lease of the identity pool has run out, so the next call was not made. It is asked for again.',
      );
    }
  }

  /**
   * Asks whether writes go on, in this stage as a whole.
   *
   * @param begun whether an earlier write was made in part: then the error says that it waits too.
   * @throws PausedError while somebody has paused them, in whatever shape that was left.
   */
  async checkPause(begun: boolean): Promise<void> {
    const Key = { pk: S(PAUSE), sk: S(PAUSE) };
    const { Item } = await client.send(
      new GetItemCommand({ TableName, Key, ConsistentRead: true }),
    );
    if (Item) throw pausedError(bodyOf(Item, isPause), begun);
  }

  /** Gives the lease back, with what is known now. One that is no longer ours is left alone. */
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

  /** The last write of ours, and one that no one has seen the end of, for those who only read. */
  async written(): Promise<{ last?: LastWrite; unsettled?: { write: string; isHeld: boolean } }> {
    const lease = await this.#get('lease');
    const last = bodyOf(lease, isLastWrite, 'lastWrite');
    const write = lease && textOf(lease, 'writing');
    const isHeld = lease !== undefined && numberOf(lease, 'expiresAt') >= Date.now();
    return {
      ...(last && { last }),
      ...(write !== undefined && { unsettled: { write, isHeld } }),
    };
  }

  /** Leaves a request for the next writer, or says that it still waits. */
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
    const items = await this.#query('pending#', MOST_WAITING_PAGES);
    return items
      .filter((item) => numberOf(item, 'expiresAt') > now)
      .sort((a, b) => numberOf(a, 'ticket') - numberOf(b, 'ticket'))
      .flatMap((item) => {
        const pending = bodyOf(item, isPending);
        return pending && textOf(item, 'sk') === `pending#${pending.key}` ? pending : [];
      });
  }

  /**
   * Answers a request, so that it waits no more. The answer stays for a day: an attempt that did not
   * live to tell is followed by one that finds it.
   */
  async answer(key: string, answer: Answer): Promise<void> {
    await this.#keep(`answer#${key}`, JSON.stringify(answer));
    await this.forget(key);
  }

  /** The answer to a request, if it has one. */
  async answerTo(key: string): Promise<Answer | undefined> {
    return parsed(await this.#kept(`answer#${key}`), isAnswer);
  }

  async #delete(sk: string): Promise<void> {
    await client.send(new DeleteItemCommand({ TableName, Key: this.#key(sk) }));
  }

  /** Takes an answer back. */
  async retract(key: string): Promise<void> {
    await this.#delete(`answer#${key}`);
  }

  /** Takes a request back that needs no answer any more. */
  async forget(key: string): Promise<void> {
    await this.#delete(`pending#${key}`);
  }

  /** Puts a write down before it is made, with the requests that it is for. */
  async recordWrite(write: string, record: WriteRecord, shares: WrittenShare[]): Promise<void> {
    await this.#keep(`shares#${write}`, textOfShares(shares), UNSETTLED_DAYS);
    await this.#keep(`write#${write}`, JSON.stringify(record), UNSETTLED_DAYS);
  }

  /** A write, without its shares: of those each request has its own in its answer. */
  async writeRecord(write: string): Promise<WriteRecord | undefined> {
    return parsed(await this.#kept(`write#${write}`), isWriteRecord);
  }

  /** A write with all requests that it is for, as it was put down before it. */
  async recordedWrite(write: string): Promise<RecordedWrite | undefined> {
    const [record, text] = await Promise.all([
      this.writeRecord(write),
      this.#kept(`shares#${write}`),
    ]);
    if (!record) return undefined;
    return { write, record, shares: (text !== undefined && sharesOfText(text)) || [] };
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

  /** What the ledger says of the entries of a user pool, under either of its names. */
  async ledgerOf(providerName: string): Promise<LedgerEntry[]> {
    const items = await Promise.all(
      namesOfSame(providerName).map((name) => this.#query(entryKey(name, ''))),
    );
    return items.flat().flatMap((item) => bodyOf(item, isLedgerEntry) ?? []);
  }

  /**
   * What the ledger has as deleted: an app client or its user pool. That is entered under the user pool's
   * original name.
   */
  async marksOf(providerName: string, clientId: string): Promise<LedgerEntry[]> {
    const ProviderName = originalName(providerName);
    const entries = await Promise.all(
      [clientId, EVERY_CLIENT].map((ClientId) => this.ledgerEntry({ ProviderName, ClientId })),
    );
    return entries.flatMap((entry) => (entry?.deleted === true ? entry : []));
  }

  /**
   * Takes the mark away of an app client or a user pool that exists. It needs no lease: a mark that was
   * entered since has another sequence, and stays.
   *
   * @returns whether it was taken away.
   */
  async clearMark({ providerName, clientId, sequence }: LedgerEntry): Promise<boolean> {
    const command = new DeleteItemCommand({
      TableName,
      Key: this.#key(entryKey(providerName, clientId)),
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

  /** The whole ledger: half of it would make ours foreign. */
  async ledger(): Promise<LedgerEntry[]> {
    const items = await this.#query('entry#');
    return items.flatMap((item) => bodyOf(item, isLedgerEntry) ?? []);
  }

  /** What the ledger says of an entry. */
  async ledgerEntry({ ProviderName = '', ClientId = '' }: Provider) {
    return bodyOf(await this.#get(entryKey(ProviderName, ClientId)), isLedgerEntry);
  }
}
