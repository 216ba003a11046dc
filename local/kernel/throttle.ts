import type { Call } from './aws.ts';
import { AwsError } from './errors.ts';
import { type Bucket, type RateName, type RequestRate, requestRates } from './request-rates.ts';

/** How a request over its rate is refused; in this way where nothing else is said. */
const refusals: Record<string, { code: string; status?: number }> = {
  // https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
  'cognito-identity': { code: 'TooManyRequestsException' },
  'cognito-idp': { code: 'TooManyRequestsException' },
  // https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
  lambda: { code: 'TooManyRequestsException', status: 429 },
  // The query protocol's name for it: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
  sts: { code: 'Throttling' },
};

const refused = (service: string): AwsError => {
  const { code, status } = refusals[service] ?? { code: 'ThrottlingException' };
  return new AwsError(code, 'Rate exceeded', status);
};

interface Filled {
  tokens: number;
  at: number;
}

// A clock that is set back by less is only skewed, and one cannot gain requests by it.
const SKEW_MS = 60_000;
// Tokens that arithmetic has rounded down count as whole.
const ONE = 1 - 1e-9;

/** Which user pool a call names, by id or by ARN. */
const userPoolOf = ({ UserPoolId, ResourceArn }: Record<string, unknown>): string =>
  String(
    UserPoolId ??
      String(ResourceArn ?? '')
        .split('/')
        .at(-1),
  );

/** What of a call decides which rates it counts for. */
type Counted = Pick<Call, 'service' | 'operation' | 'input' | 'region'>;

export interface ThrottleOptions {
  /** Published rates that do not hold. */
  unlimited?: readonly RateName[];
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

  /** @throws Error for an invented rate of an operation that has a published one. */
  constructor({ unlimited = [], rates = {} }: ThrottleOptions) {
    for (const rate of requestRates as readonly RequestRate[]) {
      const names: readonly string[] = unlimited;
      const { service, name, operations = [name] } = rate;
      if (names.includes(service) || names.includes(`${service}:${name}`)) continue;
      for (const operation of operations === 'others' ? [''] : operations) {
        this.#add(`${service}:${operation}`, rate);
      }
    }
    for (const [key, perSecond] of Object.entries(rates)) {
      if (this.#rates.has(key)) throw new Error(`AWS publishes a rate for ${key}.`);
      const [service = '', name = ''] = key.split(':');
      this.#add(key, { service, name, bucket: { size: perSecond, perSecond }, page: '' });
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
      .flatMap(({ name, bucket, regions, perUserPool }) => [
        this.#filled(`${where} ${name}`, regions?.[region] ?? bucket),
        ...(perUserPool
          ? [this.#filled(`${where} ${userPoolOf(input)} ${operation}`, perUserPool)]
          : []),
      ]);
    if (buckets.some(({ tokens }) => tokens < ONE)) throw refused(service);
    for (const bucket of buckets) bucket.tokens -= 1;
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
