import { AwsError } from '../../kernel/errors.ts';

type Kind = 'read' | 'write';

/**
 * The capacity units per second of one partition key, in both billing modes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
const UNITS: Record<Kind, number> = { read: 3000, write: 1000 };

// Users of on-demand tables report this error for a hot key. AWS documents it beside
// ProvisionedThroughputExceededException, the error of provisioned tables.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-diagnosing-workflow.html
// https://github.com/cowinapi/developer.cowin/issues/151
const CODE = 'ThrottlingException';
const MESSAGE =
  'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html';

interface Filled {
  units: number;
  at: number;
}

/**
 * Refuses requests over the throughput of a partition key. The consumed units of a request are known only after it,
 * so one request can exceed the limit and the next one is refused.
 */
export class KeyThroughput {
  readonly #filled = new Map<string, Filled>();

  /**
   * @param key the partition key with its table, account and Region.
   * @throws AwsError ThrottlingException if no units are left.
   */
  admit(key: string, kind: Kind): void {
    if (this.#now(key, kind).units > 0) return;
    throw new AwsError(CODE, MESSAGE);
  }

  /** Counts the units that a request consumed. */
  consume(key: string, kind: Kind, units: number): void {
    this.#now(key, kind).units -= units;
  }

  #now(key: string, kind: Kind): Filled {
    const now = Date.now();
    const { units, at } = this.#filled.get(`${kind} ${key}`) ?? { units: UNITS[kind], at: now };
    const gained = (Math.max(0, now - at) / 1000) * UNITS[kind];
    const filled = { units: Math.min(UNITS[kind], units + gained), at: Math.max(now, at) };
    this.#filled.set(`${kind} ${key}`, filled);
    return filled;
  }
}
