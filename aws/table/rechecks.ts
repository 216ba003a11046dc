import { UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { LONGEST_RECHECK_MS, QUIET_MS, type Recheck } from '../../core/reconcile/recheck.ts';
import type { PoolItems } from './pool-items.ts';
import { client, type Item, isRefused, N, numberOf, S, TableName, textOf, ttl } from './table.ts';

type Update = Pick<
  UpdateItemCommandInput,
  'ConditionExpression' | 'UpdateExpression' | 'ExpressionAttributeValues'
>;

// Begins a recheck that no event has followed yet.
const BEGIN = 'SET holder = :begun, asker = :asker, endsBy = :endsBy, again = :zero, #ttl = :ttl';

/**
 * The rechecks of one identity pool: which one runs, and whether another is to follow.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */
export class Rechecks {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  /**
   * Asks for a recheck.
   *
   * @param name of the execution, should it start now.
   * @param asker the event that asks. If it asks again, it gets the same recheck: the first answer may be lost, or the
   * function killed before it started the execution.
   * @returns the recheck to start; undefined if one runs, which another then follows.
   */
  async ask(name: string, asker: string): Promise<Recheck | undefined> {
    const now = Date.now();
    const isNoted = await this.#update({
      ConditionExpression: 'endsBy > :now AND (attribute_not_exists(asker) OR asker <> :asker)',
      UpdateExpression: 'SET again = :yes',
      ExpressionAttributeValues: { ':now': N(now), ':yes': N(1), ':asker': S(asker) },
    });
    if (isNoted) return undefined;
    const free = 'attribute_not_exists(endsBy) OR endsBy <= :now';
    const values = { ...this.#begin(name, asker, now), ':now': N(now) };
    const soon = await this.#update({
      ConditionExpression: `(${free}) AND endedAt > :quiet`,
      UpdateExpression: `${BEGIN}, round = if_not_exists(round, :zero) + :one`,
      ExpressionAttributeValues: { ...values, ':quiet': N(now - QUIET_MS), ':one': N(1) },
    });
    const begun =
      soon ??
      (await this.#update({
        ConditionExpression: free,
        UpdateExpression: `${BEGIN}, round = :zero`,
        ExpressionAttributeValues: values,
      }));
    if (begun) return { name, round: numberOf(begun, 'round') };
    // Otherwise another event was faster, and its recheck has not begun to look yet.
    return this.#begunFor(asker);
  }

  /** The recheck that runs, if it was begun for this asker. */
  async #begunFor(asker: string): Promise<Recheck | undefined> {
    const begun = await this.#update({
      ConditionExpression: 'asker = :asker AND attribute_exists(holder)',
      UpdateExpression: 'SET asker = :asker',
      ExpressionAttributeValues: { ':asker': S(asker) },
    });
    if (!begun) return undefined;
    return { name: textOf(begun, 'holder') ?? '', round: numberOf(begun, 'round') };
  }

  /**
   * Ends a recheck. A second call has the same result.
   *
   * @param next the name of the execution that follows it, should one be needed.
   * @param looksAgain whether one is needed in any case.
   * @returns the recheck to start; undefined if none is needed.
   */
  async end(name: string, next: string, looksAgain: boolean): Promise<Recheck | undefined> {
    const now = Date.now();
    const isOver = !looksAgain && (await this.#end(name, now));
    if (isOver) return undefined;
    const begun = await this.#update({
      ConditionExpression: 'holder = :name',
      UpdateExpression: `${BEGIN}, endedAt = :now, round = if_not_exists(round, :zero) + :one`,
      ExpressionAttributeValues: {
        ...this.#begin(next, name, now),
        ':name': S(name),
        ':now': N(now),
        ':one': N(1),
      },
    });
    if (begun) return { name: next, round: numberOf(begun, 'round') };
    return this.#begunFor(name);
  }

  /** Ends a recheck that nothing follows. @returns undefined if something does. */
  #end(name: string, now: number): Promise<Item | undefined> {
    return this.#update({
      ConditionExpression: 'holder = :name AND again = :zero',
      UpdateExpression: 'SET endedAt = :now REMOVE holder, endsBy',
      ExpressionAttributeValues: { ':name': S(name), ':zero': N(0), ':now': N(now) },
    });
  }

  /** Forgets a recheck that could not be started, so that the next event starts one. */
  async forget(name: string): Promise<void> {
    await this.#update({
      ConditionExpression: 'holder = :name',
      UpdateExpression: 'REMOVE holder, endsBy',
      ExpressionAttributeValues: { ':name': S(name) },
    });
  }

  #begin(name: string, asker: string, now: number): Item {
    return {
      ':begun': S(name),
      ':asker': S(asker),
      ':endsBy': N(now + LONGEST_RECHECK_MS),
      ':zero': N(0),
      ':ttl': ttl(1),
    };
  }

  /** Updates the item. @returns it; undefined if the condition does not hold. */
  async #update(update: Update): Promise<Item | undefined> {
    const named = update.UpdateExpression?.includes('#ttl');
    try {
      const { Attributes = {} } = await client.send(
        new UpdateItemCommand({
          TableName,
          Key: this.#items.key('recheck'),
          ReturnValues: 'ALL_NEW',
          ...update,
          ...(named && { ExpressionAttributeNames: { '#ttl': 'ttl' } }),
        }),
      );
      return Attributes;
    } catch (error) {
      if (isRefused(error)) return undefined;
      throw error;
    }
  }
}
