import type { Aws } from '../../kernel/aws.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { MessageAttribute } from '../sqs/queue.ts';
import { type Delivery, type Forward, onBehalfOf, send, sendToQueue } from './targets.ts';

interface Failure {
  code: string;
  message: string;
  retryable: boolean;
}

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html lists the codes, but not their causes.
// This mapping is inferred from their names.
const codes: [RegExp, string][] = [
  [/^[A-Z_]+$/, ''],
  [/AccessDenied|NotAuthorized|Unauthorized/, 'NO_PERMISSIONS'],
  [/DoesNotExist|NotFound|StateMachineDeleting/, 'NO_RESOURCE'],
  [/Throttl|TooManyRequests|LimitExceeded|OverLimit|SlowDown/, 'THROTTLING'],
  [/Invalid|Validation|Missing|Serialization/, 'INVALID_PARAMETER'],
];

const errnoOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** Classifies a failed attempt: whether to retry, and the error in the dead letter. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof AwsError)) {
    const network = errnoOf(error) !== undefined;
    // Print a failure of the embedded AWS itself, so that it is not hidden by the retries.
    if (!network) console.error(error);
    const code = network ? 'CONNECTION_FAILURE' : 'INTERNAL_ERROR';
    return { code, message: String(error), retryable: true };
  }
  const { message, status } = error;
  if (error instanceof UnsupportedError) {
    return { code: 'SDK_CLIENT_ERROR', message, retryable: false };
  }
  if (status >= 500) return { code: 'ERROR_FROM_TARGET', message, retryable: true };
  const [, found] = codes.find(([pattern]) => pattern.test(error.code)) ?? [];
  const code = found === '' ? error.code : (found ?? 'ERROR_FROM_TARGET');
  return { code, message, retryable: code === 'THROTTLING' || status === 429 };
}

type Condition = 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';

// EventBridge publishes neither value. With these, 185 attempts take most of its 24 hours.
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 600_000;

/** Exponential backoff with jitter. */
const waitBefore = (retries: number): number =>
  Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** retries) * (0.5 + Math.random() / 2);

const text = (value: string): MessageAttribute => ({ DataType: 'String', StringValue: value });

/** Delivers events to targets, with retries and dead letters. Tests can disturb it. */
export class Deliveries {
  readonly #aws: Aws;
  readonly #forward: Forward;
  readonly #underWay = new Set<Promise<void>>();
  #duplicates = 0;
  #losses = 0;
  #held: Delivery[] | undefined;
  #stopped = false;

  constructor(aws: Aws, forward: Forward) {
    this.#aws = aws;
    this.#forward = forward;
  }

  /** Starts a delivery, unless it is to be dropped, held or duplicated. */
  start(delivery: Delivery): void {
    if (this.#losses > 0) {
      this.#losses -= 1;
      return;
    }
    const times = this.#duplicates > 0 ? 2 : 1;
    this.#duplicates = Math.max(0, this.#duplicates - 1);
    const copies = Array.from({ length: times }, () => delivery);
    if (this.#held) this.#held.push(...copies);
    else for (const copy of copies) this.#attempt(copy);
  }

  duplicate(count: number): void {
    this.#duplicates += count;
  }

  drop(count: number): void {
    this.#losses += count;
  }

  hold(): void {
    this.#held ??= [];
  }

  get held(): number {
    return this.#held?.length ?? 0;
  }

  release(order: (held: readonly Delivery[]) => readonly Delivery[]): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const delivery of order(held)) this.#attempt(delivery);
  }

  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Prevents further attempts, including retries. */
  stop(): void {
    this.#stopped = true;
  }

  #attempt(delivery: Delivery): void {
    if (this.#stopped) return;
    const attempt = Promise.resolve()
      .then(() => send(this.#aws, delivery, this.#forward))
      .catch((error) => this.#failed(delivery, failureOf(error)))
      .finally(() => this.#underWay.delete(attempt));
    this.#underWay.add(attempt);
  }

  /** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html */
  async #failed(delivery: Delivery, failure: Failure): Promise<void> {
    const { target, ingested, retries } = delivery;
    const { MaximumRetryAttempts: attempts = 185, MaximumEventAgeInSeconds: age = 86_400 } =
      target.RetryPolicy ?? {};
    if (!failure.retryable) return this.#bury(delivery, failure);
    if (retries >= attempts) return this.#bury(delivery, failure, 'MaximumRetryAttempts');
    const wait = waitBefore(retries);
    if (Date.now() + wait > ingested + age * 1000) {
      return this.#bury(delivery, failure, 'MaximumEventAgeInSeconds');
    }
    setTimeout(() => this.#attempt({ ...delivery, retries: retries + 1 }), wait).unref();
  }

  /** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
  async #bury(delivery: Delivery, { code, message }: Failure, exhausted?: Condition) {
    const { event, rule, target, retries } = delivery;
    const queue = target.DeadLetterConfig?.Arn;
    if (queue === undefined) return;
    const attributes = {
      RULE_ARN: text(rule.arn),
      TARGET_ARN: text(target.Arn),
      ERROR_CODE: text(code),
      ERROR_MESSAGE: text(message || code),
      RETRY_ATTEMPTS: text(String(retries)),
      ...(exhausted && { EXHAUSTED_RETRY_CONDITION: text(exhausted) }),
    };
    try {
      await sendToQueue(this.#aws, queue, onBehalfOf(rule), JSON.stringify(event), attributes);
    } catch (error) {
      // If the queue's policy does not allow it, the event is lost, as in AWS.
      if (!(error instanceof AwsError)) console.error(error);
    }
  }
}
