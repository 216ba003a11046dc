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

// A million app clients with the longest names; the item may be anyone's.
const MOST_PARTS = 20_000;

/** A complete listing of a user pool's app clients. Its number says when it began: see {@link take}. */
export interface Listing {
  number: number;
  /** In how many items it is; 0 where the user pool does not exist. */
  parts: number;
  /** The user pool's own, at the time of the listing; absent where the request did not ask for it. */
  issuer?: Issuer | 'unknown';
}

/** What the table says of the listings of a user pool. */
export interface Listings {
  /** How many have begun. */
  begun: number;
  /** Whether no one lists now, by this clock. */
  isFree: boolean;
  /** The last that was completed. */
  last?: Listing;
  /** When that was, in epoch milliseconds. */
  listedAt: number;
}

const isNames = isMapOf(isText);

const isIssuerTold = isOneOf('original', 'updated', 'unknown');

/**
 * The listings of one user pool's app clients, under the partition key `names#USER_POOL_ID`: the lease
 * of the lister, and the complete listings in items that never change.
 *
 * A counter of the listings that have begun says which listing answers which request: one with a number
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

  /** @returns undefined when the condition does not hold. */
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

  /** What is known now. */
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
   * Takes the lease to list, if no one has it or its time is over by this clock.
   *
   * @returns the number of the listing that begins now; undefined while another has the lease.
   */
  async take(nonce: string): Promise<number | undefined> {
    const now = Date.now();
    const taken = await this.#updateLease({
      // Its own nonce again: a first answer was lost, and the SDK has repeated the call.
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

  /** Keeps the lease for another while; whether it is still ours. */
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

  /** Keeps the parts of a listing for a day. Others see them once it is published. */
  async keep(number: number, parts: ClientNames[]): Promise<void> {
    for (const [i, part] of parts.entries()) {
      const key = this.#key(`listing#${number}#${i}`);
      const Item = { ...key, body: json(part), ttl: ttl(1) };
      await client.send(new PutItemCommand({ TableName, Item }));
    }
  }

  /**
   * Makes a listing known to all who wait for one, and gives the lease back.
   *
   * @returns false when the lease was another's, or gone: then nothing is known of it.
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
   * @throws AwsUnavailableError when it is not there, or is not what this service keeps.
   */
  async part({ number }: Listing, part: number): Promise<ClientNames> {
    const names = bodyOf(await this.#get(`listing#${number}#${part}`), isNames);
    if (names) return names;
    throw new AwsUnavailableError(
      `The table lacks a part of a listing of app clients (${this.#pk}). If this persists, look at who else writes to the table.`,
    );
  }
}
