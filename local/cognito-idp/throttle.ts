import type { Call } from '../kernel/aws.ts';
import { AwsError } from '../kernel/errors.ts';

// https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
const PER_POOL_AND_OPERATION = 5;
const PER_ACCOUNT_AND_CATEGORY = 15;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * The request rates that AWS grants to the operations on app clients, as token buckets that hold
 * one second's worth. That AWS's own buckets are of this size is an assumption.
 */
export class Throttle {
  readonly #buckets = new Map<string, Bucket>();

  #filled(key: string, perSecond: number): Bucket {
    const now = Date.now();
    const { tokens, filledAt } = this.#buckets.get(key) ?? { tokens: perSecond, filledAt: now };
    const gained = ((now - filledAt) / 1000) * perSecond;
    const bucket = { tokens: Math.min(perSecond, tokens + gained), filledAt: now };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** @throws AwsError TooManyRequestsException */
  take({ account, region, operation }: Call, category: string, poolId: string): void {
    const buckets = [
      this.#filled(`${poolId} ${operation}`, PER_POOL_AND_OPERATION),
      this.#filled(`${account} ${region} ${category}`, PER_ACCOUNT_AND_CATEGORY),
    ];
    if (buckets.some(({ tokens }) => tokens < 1)) {
      throw new AwsError('TooManyRequestsException', 'Rate exceeded');
    }
    for (const bucket of buckets) bucket.tokens -= 1;
  }
}
