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

// A clock set back by less than this counts as skew, which adds no requests.
const SKEW_MS = 60_000;
// One token, with tolerance for rounding.
const ONE = 1 - 1e-9;

/** The members of a call that decide which rates it counts for. */
type Counted = Pick<Call, 'service' | 'operation' | 'input' | 'region'>;

export interface ThrottleOptions {
  /** Published rates to switch off, as `service:name`, or `service` for the whole service. */
  unlimited?: readonly string[];
  /** Rates for operations without a published rate, in requests per second. */
  rates?: Record<string, number>;
}

/**
 * Refuses requests over the rates that AWS publishes. Each rate is a token bucket.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export class Throttle {
  /** Set to false while a test or a benchmark creates its starting state. */
  enabled = true;
  /** By `service:Operation`; `service:` holds the rates of all other operations. */
  readonly #rates = new Map<string, RequestRate[]>();
  readonly #buckets = new Map<string, Filled>();
  readonly #services: ReadonlyMap<string, Limited>;

  /**
   * @throws Error if `unlimited` names an unknown rate, or `rates` names an operation with a published rate.
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
   * Counts a request, or refuses it without counting.
   *
   * @param account the account that the request counts for.
   * @throws AwsError the service's throttling error.
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
