import {
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type ClientNames, LISTING_LEASE_MS } from '../../core/app-client.ts';
import { AwsUnavailableError } from '../../core/errors.ts';
import { isMapOf, isOneOf, isText } from '../../core/shape.ts';
import type { Issuer } from '../../core/user-pool.ts';
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
  ttl,
} from './table.ts';

// Enough for a million app clients with the longest names. Others may have written the item.
const MOST_PARTS = 20_000;

/** A complete listing of a user pool's app clients. Its number says when it began (see {@link take}). */
export interface Listing {
  number: number;
  /** How many items it has; 0 if the user pool does not exist. */
  parts: number;
  /** The user pool's own issuer at the time of the listing; absent if the request did not ask for it. */
  issuer?: Issuer | 'unknown';
}

/** The listings of a user pool, as the table has them. */
export interface Listings {
  /** How many have begun. */
  begun: number;
  /** Whether no one is listing now, by this clock. */
  isFree: boolean;
  /** The last one that was completed. */
  last?: Listing;
  /** When it was completed, in epoch milliseconds. */
  listedAt: number;
}

const isNames = isMapOf(isText);

const isIssuerTold = isOneOf('original', 'updated', 'unknown');

/**
 * The listings of one user pool's app clients, under the partition key `names#USER_POOL_ID`: the lease of the
 * request that lists, and complete listings in items that never change.
 *
 * A counter of the listings that have begun decides which listing answers which request: a listing with a number
 * above the counter's value at some moment began after that moment. No clock decides this.
 */
export class ListingTable {
  readonly #pk: string;

  constructor(userPoolId: string) {
    this.#pk = `names#${userPoolId}`;
  }

  #key(sk: string): Item {
    return { pk: S(this.#pk), sk: S(sk) };
  }

  async #get(sk: string): Promise<Item> {
    const Key = this.#key(sk);
    const { Item = {} } = await client.send(
      new GetItemCommand({ TableName, Key, ConsistentRead: true }),
    );
    return Item;
  }

  /** @returns undefined if the condition does not hold. */
  async #updateLease(
    update: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>,
  ): Promise<Item | undefined> {
    try {
      const { Attributes = {} } = await client.send(
        new UpdateItemCommand({ TableName, Key: this.#key('lease'), ...update }),
      );
      return Attributes;
    } catch (error) {
      if (isRefused(error)) return undefined;
      throw error;
    }
  }

  /** Reads the current state. */
  async look(): Promise<Listings> {
    const item = await this.#get('lease');
    const number = numberOf(item, 'listed');
    const parts = numberOf(item, 'parts');
    const issuer = textOf(item, 'issuer');
    const isListing = number > 0 && Number.isInteger(parts) && parts >= 0 && parts <= MOST_PARTS;
    return {
      begun: numberOf(item, 'begun'),
      isFree: textOf(item, 'nonce') === undefined || numberOf(item, 'expiresAt') < Date.now(),
      ...(isListing && { last: { number, parts, ...(isIssuerTold(issuer) && { issuer }) } }),
      listedAt: numberOf(item, 'listedAt'),
    };
  }

  /**
   * Takes the lease to list, if no one has it or it has run out by this clock.
   *
   * @returns the number of the listing that begins now; undefined while another request has the lease.
   */
  async take(nonce: string): Promise<number | undefined> {
    const now = Date.now();
    const taken = await this.#updateLease({
      // The nonce may be its own already: the SDK repeats the call if the first answer was lost.
      ConditionExpression: 'attribute_not_exists(nonce) OR expiresAt < :now OR nonce = :nonce',
      UpdateExpression: 'SET nonce = :nonce, expiresAt = :expiresAt ADD begun :one',
      ExpressionAttributeValues: {
        ':nonce': S(nonce),
        ':now': N(now),
        ':expiresAt': N(now + LISTING_LEASE_MS),
        ':one': N(1),
      },
      ReturnValues: 'ALL_NEW',
    });
    if (!taken) return undefined;
    const number = numberOf(taken, 'begun');
    if (textOf(taken, 'nonce') === nonce && number > 0) return number;
    throw new AwsUnavailableError('DynamoDB did not say whether the lease of a listing is taken.');
  }

  /**
   * Extends the lease.
   *
   * @returns whether it is still ours.
   */
  async renew(nonce: string): Promise<boolean> {
    const renewed = await this.#updateLease({
      ConditionExpression: 'nonce = :nonce',
      UpdateExpression: 'SET expiresAt = :expiresAt',
      ExpressionAttributeValues: {
        ':nonce': S(nonce),
        ':expiresAt': N(Date.now() + LISTING_LEASE_MS),
      },
    });
    return renewed !== undefined;
  }

  /** Gives the lease back without a listing. */
  async release(nonce: string): Promise<void> {
    await this.#updateLease({
      ConditionExpression: 'nonce = :nonce',
      UpdateExpression: 'REMOVE nonce, expiresAt',
      ExpressionAttributeValues: { ':nonce': S(nonce) },
    });
  }

  /** Keeps the parts of a listing for a day. Others see them once the listing is published. */
  async keep(number: number, parts: ClientNames[]): Promise<void> {
    for (const [i, part] of parts.entries()) {
      const key = this.#key(`listing#${number}#${i}`);
      const Item = { ...key, body: json(part), ttl: ttl(1) };
      await client.send(new PutItemCommand({ TableName, Item }));
    }
  }

  /**
   * Publishes a listing for all requests that wait for one, and gives the lease back.
   *
   * @returns false if the lease was lost. Then no one sees the listing.
   */
  async publish({ number, parts, issuer }: Listing, nonce: string): Promise<boolean> {
    const published = await this.#updateLease({
      ConditionExpression: 'nonce = :nonce',
      UpdateExpression:
        'SET listed = :number, parts = :parts, issuer = :issuer, listedAt = :now REMOVE nonce, expiresAt',
      ExpressionAttributeValues: {
        ':nonce': S(nonce),
        ':number': N(number),
        ':parts': N(parts),
        ':issuer': S(issuer ?? ''),
        ':now': N(Date.now()),
      },
    });
    return published !== undefined;
  }

  /**
   * One part of a listing.
   *
   * @throws AwsUnavailableError if it is missing, or has another form.
   */
  async part({ number }: Listing, part: number): Promise<ClientNames> {
    const names = bodyOf(await this.#get(`listing#${number}#${part}`), isNames);
    if (names) return names;
    throw new AwsUnavailableError(
      `The table lacks a part of a listing of app clients (${this.#pk}). If this persists, look at who else writes to the table.`,
    );
  }
}
