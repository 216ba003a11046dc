import { AwsError } from '../../kernel/errors.ts';

type Kind = 'read' | 'write';

/**
 * What the items of one partition key take in a second, however a table is paid for.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
const UNITS: Record<Kind, number> = { read: 3000, write: 1000 };

// As users of tables that are paid for by request report it for a hot key. AWS's pages name it beside
// ProvisionedThroughputExceededException, which is that of provisioned tables.
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
 * Refuses requests for a partition key that is busier than DynamoDB allows. What a request consumes is known
 * only after it, so it may overdraw, and the next waits.
 */
export class KeyThroughput {
  readonly #filled = new Map<string, Filled>();

  /**
   * @param key of the partition, with its table, account and Region.
   * @throws AwsError where the partition is overdrawn.
   */
  admit(key: string, kind: Kind): void {
    if (this.#now(key, kind).units > 0) return;
    throw new AwsError(CODE, MESSAGE);
  }

  /** Counts what a request has consumed. */
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
