import type { Call } from './call.ts';
import { AwsError } from './errors.ts';
import {
  type Bucket,
  each,
  type Limited,
  type RequestRate,
  requestRates,
} from './request-rates.ts';

interface Filled {
  tokens: number;
  at: number;
}

// A clock that is set back by less is only skewed, and one cannot gain requests by it.
const SKEW_MS = 60_000;
// Tokens that arithmetic has rounded down count as whole.
const ONE = 1 - 1e-9;

/** What of a call decides which rates it counts for. */
type Counted = Pick<Call, 'service' | 'operation' | 'input' | 'region'>;

export interface ThrottleOptions {
  /** Published rates that do not hold, as `service:name`, or as `service` for all of it. */
  unlimited?: readonly string[];
  /** Invented rates, in requests a second, of operations without a published one. */
  rates?: Record<string, number>;
}

/**
 * Refuses requests beyond the rates that AWS publishes, which are token buckets.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export class Throttle {
  /** Off while a test or a benchmark makes what is there before it begins. */
  enabled = true;
  /** By `service:Operation`, and by `service:` for all others. */
  readonly #rates = new Map<string, RequestRate[]>();
  readonly #buckets = new Map<string, Filled>();
  readonly #services: ReadonlyMap<string, Limited>;

  /**
   * @throws Error for an unlimited rate that there is none of, or an invented rate of an operation that has a
   *   published one.
   */
  constructor(services: readonly Limited[], { unlimited = [], rates = {} }: ThrottleOptions = {}) {
    this.#services = new Map(services.map((service) => [service.name, service]));
    const published = requestRates(services);
    const known = published.flatMap(({ service, name }) => [service, `${service}:${name}`]);
    const unknown = unlimited.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Error(`AWS publishes no rate ${unknown}.`);
    for (const rate of published) {
      const { service, name, operations = [name] } = rate;
      if (unlimited.includes(service) || unlimited.includes(`${service}:${name}`)) continue;
      for (const operation of operations === 'others' ? [''] : operations) {
        this.#add(`${service}:${operation}`, rate);
      }
    }
    for (const [key, perSecond] of Object.entries(rates)) {
      if (this.#rates.has(key)) throw new Error(`AWS publishes a rate for ${key}.`);
      this.#add(key, { name: key, bucket: each(perSecond), page: '' });
    }
  }

  #add(key: string, rate: RequestRate): void {
    this.#rates.set(key, [...(this.#rates.get(key) ?? []), rate]);
  }

  /**
   * Counts a request, or refuses it without counting it.
   *
   * @param account whose request it counts as.
   * @throws AwsError as the service throttles.
   */
  admit({ service, operation, input, region }: Counted, account: string): void {
    if (!this.enabled) return;
    const found = this.#rates.get(`${service}:${operation}`) ?? this.#rates.get(`${service}:`);
    const where = `${service} ${account} ${region}`;
    const buckets = (found ?? [])
      .filter(({ counts }) => counts?.(input) ?? true)
      .flatMap(({ name, bucket, regions, perResource }) => [
        this.#filled(`${where} ${name}`, regions?.[region] ?? bucket),
        ...(perResource
          ? [this.#filled(`${where} ${perResource.idOf(input)} ${operation}`, perResource.bucket)]
          : []),
      ]);
    if (buckets.some(({ tokens }) => tokens < ONE)) throw this.#refusal(service);
    for (const bucket of buckets) bucket.tokens -= 1;
  }

  #refusal(service: string): AwsError {
    const { code = 'ThrottlingException', status } = this.#services.get(service)?.throttled ?? {};
    return new AwsError(code, 'Rate exceeded', status);
  }

  #filled(key: string, { size, perSecond }: Bucket): Filled {
    const now = Date.now();
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: size, at: now };
    const last = at - now > SKEW_MS ? now : at;
    const gained = (Math.max(0, now - last) / 1000) * perSecond;
    const filled = { tokens: Math.min(size, tokens + gained), at: Math.max(now, last) };
    this.#buckets.set(key, filled);
    return filled;
  }
}
