import { AdaptiveRetryStrategy } from '@smithy/core/retry';
import { sleep } from './sleep.ts';

/**
 * Limits calls to a rate, as the token buckets of AWS do. The function that it returns waits until the next call
 * may be made.
 *
 * @param perSecond how many calls a second.
 * @param burst how many calls may be made at once after a pause.
 */
export function pace(perSecond: number, burst = 1): () => Promise<void> {
  const interval = 1000 / perSecond;
  let next = 0;
  return async () => {
    const now = Date.now();
    next = Math.max(next, now - (burst - 1) * interval);
    const wait = next - now;
    next += interval;
    if (wait > 0) await sleep(wait);
  };
}

// A throttled call waits for up to 1, 2, 4, … and at most 20 seconds before each further attempt. With this many
// attempts, ten clients that share two calls a second all succeed. With half as many, some fail.
const THROTTLED_ATTEMPTS = 12;
// As many as the SDK makes by default, for calls that are not answered.
const OTHER_ATTEMPTS = 3;

type Refresh = AdaptiveRetryStrategy['refreshRetryTokenForRetry'];
type Token = Awaited<ReturnType<Refresh>>;

class PatientRetryStrategy extends AdaptiveRetryStrategy {
  /** How often a call failed for another reason than throttling. */
  readonly #failures = new WeakMap<Token, number>();

  constructor() {
    super(THROTTLED_ATTEMPTS);
  }

  override async refreshRetryTokenForRetry(...[token, info]: Parameters<Refresh>): Promise<Token> {
    const before = this.#failures.get(token) ?? 0;
    const failures = info.errorType === 'THROTTLING' ? before : before + 1;
    if (failures === OTHER_ATTEMPTS) throw new Error(`no answer after ${failures} attempts`);
    const next = await super.refreshRetryTokenForRetry(token, info);
    this.#failures.set(next, failures);
    return next;
  }
}

/**
 * The settings of a client that may read more than AWS grants at once. It starts at full speed, which uses up the
 * burst that AWS grants. Once AWS throttles a call, the client finds the rate at which AWS answers and keeps to it,
 * no matter what else in the account uses the same rate. Each client has its own.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export const patient = () => ({
  retryStrategy: new PatientRetryStrategy(),
  maxAttempts: THROTTLED_ATTEMPTS,
});

// Between two attempts of a call that AWS throttles, in milliseconds.
const FIRST_WAIT = 500;
const LONGEST_WAIT = 4000;

/**
 * Makes a call, and repeats it while AWS throttles it. Use it for a call with a deadline, or one that must do
 * something before each attempt: a {@link patient} client does neither.
 *
 * @param until when to give up, in epoch milliseconds.
 * @throws what the call throws; TooManyRequestsException if the time is up.
 */
export async function whileThrottled<T>(call: () => Promise<T>, until: number): Promise<T> {
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      return await call();
    } catch (error) {
      const isThrottled = error instanceof Error && error.name === 'TooManyRequestsException';
      if (!isThrottled || Date.now() + wait > until) throw error;
    }
    await sleep(wait / 2, wait);
  }
}
