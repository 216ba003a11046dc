import { AwsError } from './errors.ts';

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * Request rates as AWS grants them: token buckets. That each holds one second's worth is an
 * assumption.
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

  /**
   * Takes a token from each bucket, or none.
   *
   * @param rates how many requests a second each bucket grants, by its name.
   * @throws AwsError TooManyRequestsException
   */
  take(rates: Record<string, number>): void {
    const buckets = Object.entries(rates).map(([key, perSecond]) => this.#filled(key, perSecond));
    if (buckets.some(({ tokens }) => tokens < 1)) {
      throw new AwsError('TooManyRequestsException', 'Rate exceeded');
    }
    for (const bucket of buckets) bucket.tokens -= 1;
  }
}
