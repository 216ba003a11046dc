import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  type Answer,
  isAnswer,
  isPending,
  PENDING_MS,
  type Pending,
} from '../../core/write/records.ts';
import type { PoolItems } from './pool-items.ts';
import { bodyOf, client, json, N, numberOf, parsed, TableName, textOf, ttl } from './table.ts';

// Pages of a megabyte. The requests that this service leaves fit into one. What others leave there must not take
// the time that a write needs.
const MOST_WAITING_PAGES = 10;

/** The requests that wait for one identity pool, and the answers to them. */
export class WaitingRequests {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  /** Leaves a request for the next writer, or extends the time of one that still waits. */
  async leave(pending: Pending): Promise<void> {
    const { Attributes = {} } = await client.send(
      new UpdateItemCommand({
        TableName,
        Key: this.#items.key('tickets'),
        UpdateExpression: 'ADD ticket :one',
        ExpressionAttributeValues: { ':one': N(1) },
        ReturnValues: 'ALL_NEW',
      }),
    );
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key: this.#items.key(`pending#${pending.key}`),
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
    const items = await this.#items.query('pending#', MOST_WAITING_PAGES);
    return items
      .filter((item) => numberOf(item, 'expiresAt') > now)
      .sort((a, b) => numberOf(a, 'ticket') - numberOf(b, 'ticket'))
      .flatMap((item) => {
        const pending = bodyOf(item, isPending);
        return pending && textOf(item, 'sk') === `pending#${pending.key}` ? pending : [];
      });
  }

  /**
   * Answers a request, so that it no longer waits. The answer stays for a day: if an attempt fails before it can
   * report, the next attempt finds the answer.
   */
  async answer(key: string, answer: Answer): Promise<void> {
    await this.#items.keep(`answer#${key}`, JSON.stringify(answer));
    await this.forget(key);
  }

  /** The answer to a request, if there is one. */
  async answerTo(key: string): Promise<Answer | undefined> {
    return parsed(await this.#items.kept(`answer#${key}`), isAnswer);
  }

  /** Removes an answer. */
  async retract(key: string): Promise<void> {
    await this.#items.delete(`answer#${key}`);
  }

  /** Removes a request that needs no answer any more. */
  async forget(key: string): Promise<void> {
    await this.#items.delete(`pending#${key}`);
  }
}
