import { randomUUID } from 'node:crypto';
import { batch, type Share } from '../core/batch.ts';
import { diff } from '../core/diff.ts';
import {
  AwsUnavailableError,
  PoolBusyError,
  ProviderQuotaError,
  VerificationError,
} from '../core/errors.ts';
import { digestOf, type IdentityPool, sameSettings, shown } from '../core/identity-pool.ts';
import { isDoubtful, type LastWrite, type Lease } from '../core/lease.ts';
import { merge, type ShownChange, shownChanges } from '../core/merge.ts';
import {
  type Allowed,
  ledgerEntriesOf,
  type Pending,
  type WriteRecord,
  type WrittenShare,
} from '../core/records.ts';
import type { OpenIdentityPool } from './identity-pool.ts';
import { logger } from './logger.ts';
import type { PoolTable } from './pool-table.ts';

// All in milliseconds. Waiting inside the function is short: the state machine waits better.
const WAIT = 2000;
// Where others wait already, a moment more lets those join who come at the same time; one after the
// other, as long as each brings more.
const GATHER = 500;
const GATHER_LONGEST = 1500;
// How long a write may remain unseen before that counts as an error.
const READ_BACK = 4000;
// What a write and its confirmation may need; with less left, the next attempt begins afresh.
const NEEDED = 11_000;
// For a last look at the pool before it.
const DESCRIBING = 500;

// As many as one item of DynamoDB has room for, which holds 400 KB; each takes about 1 KB, or 2 where
// it owes to twenty links with long names.
const TOGETHER = 200;

/** What the write is for. */
export interface WriteRequest {
  own: Allowed;
  pending: Pending;
  quota: number;
  /** How many characters pools may take in what is kept and handed on. */
  room: number;
}

/** What the write works with. */
export interface WriteTools {
  pool: OpenIdentityPool;
  table: PoolTable;
  /**
   * Holds the requests of others against links.yml; one that it does not allow is left out, and so is
   * one that has not been looked at by a time, in epoch milliseconds.
   */
  allow(pending: Pending[], until: number): Promise<Allowed[]>;
  /** How many milliseconds the function has left. */
  left(): number;
}

/** What came of the request, whoever wrote it. */
export interface Written {
  changes: ShownChange[];
  before: WriteRecord['before'];
  after: WriteRecord['after'];
  /** Digest of the pool onto which was written. */
  base?: string;
  /** The execution that wrote, if it was another, and its role session. */
  writtenBy?: string;
  assumedRoleArn?: string;
}

/** A write of which nobody knows whether it will yet happen: its lease must run out by itself. */
class UnresolvedWriteError extends AwsUnavailableError {}

const sleep = (from: number, to: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, from + Math.random() * (to - from)));

interface Fault {
  $metadata?: { httpStatusCode?: number };
  cause?: unknown;
}

/** Whether AWS has said no: then nothing was written. Anything else may have been. */
function isRefusal(error: unknown): boolean {
  const { $metadata, cause } = (error ?? {}) as Fault;
  const status = $metadata?.httpStatusCode ?? 0;
  return (status >= 400 && status < 500) || (cause !== undefined && isRefusal(cause));
}

/** One acquisition of the lease, and the write under it. */
class CriticalSection {
  readonly #request: WriteRequest;
  readonly #tools: WriteTools;
  /** As it was taken, and as it is given back. */
  readonly #lease: Lease;

  constructor(request: WriteRequest, tools: WriteTools, lease: Lease) {
    this.#request = request;
    this.#tools = tools;
    this.#lease = lease;
  }

  async run(): Promise<Written> {
    try {
      const written = await this.#write();
      await this.#giveBack();
      return written;
    } catch (error) {
      if (!(error instanceof UnresolvedWriteError)) await this.#giveBack();
      throw error;
    }
  }

  /** A lease that can't be given back runs out; that is no reason to lose what was written. */
  async #giveBack(): Promise<void> {
    try {
      await this.#tools.table.release(this.#lease);
    } catch (error) {
      logger.warn('the lease could not be given back', error as Error);
    }
  }

  async #write(): Promise<Written> {
    // Whoever had the lease before may have written for this request too.
    const answer = await answered(this.#request, this.#tools.table);
    if (answer) return answer;
    const asked = await this.#gather();
    const base = await this.#describe();
    const earlier = await this.#settle(base);
    if (earlier) return earlier;
    try {
      return await this.#writeFor(base, asked);
    } catch (error) {
      // Together they may be more than AWS allows, where this one alone is not.
      const tooMany = error instanceof ProviderQuotaError && isRefusal(error);
      if (!tooMany || asked.length === 1) throw error;
      return this.#writeFor(await this.#describe(), [this.#request.own]);
    }
  }

  /** Who waits, once nobody has joined them for a moment. */
  async #waiting(): Promise<Pending[]> {
    const { table } = this.#tools;
    const until = Date.now() + GATHER_LONGEST;
    for (let waiting = await table.waiting(); ; ) {
      const others = waiting.filter((each) => this.#isOther(each)).length;
      if (others === 0 || others >= TOGETHER || Date.now() >= until) return waiting;
      await sleep(GATHER, GATHER);
      const before = waiting.length;
      waiting = await table.waiting();
      if (waiting.length <= before) return waiting;
    }
  }

  /** A request may have been left while it was answered: it must not be done once more, and later. */
  async #unanswered(pending: Pending[]): Promise<Pending[]> {
    const { table } = this.#tools;
    const answered = new Set<Pending>();
    await inParallel(pending, async (each) => {
      if (!(await table.answerTo(each.key))) return;
      answered.add(each);
      await table.forget(each.key);
    });
    return pending.filter((each) => !answered.has(each));
  }

  #isOther({ key }: Pending): boolean {
    return key !== this.#request.own.key;
  }

  /** The own request and those that wait, in the order in which they came. */
  async #gather(): Promise<Allowed[]> {
    const { own } = this.#request;
    const { allow, left } = this.#tools;
    const waiting = (await this.#waiting()).slice(0, TOGETHER);
    try {
      const pending = await this.#unanswered(waiting.filter((each) => this.#isOther(each)));
      if (pending.length === 0) return [own];
      const others = await allow(pending, Date.now() + left() - NEEDED - DESCRIBING);
      const allowed = new Map(others.map((each) => [each.key, each]));
      const inOrder = waiting.flatMap(({ key }) =>
        key === own.key ? own : (allowed.get(key) ?? []),
      );
      return inOrder.includes(own) ? inOrder : [...inOrder, own];
    } catch (error) {
      logger.warn('others are left waiting', error as Error);
      return [own];
    }
  }

  /** The pool as it is now; a state that may be from before our last write is read again. */
  async #describe(): Promise<IdentityPool> {
    const { pool, left } = this.#tools;
    for (;;) {
      const found = await pool.describe();
      if (!isDoubtful(this.#lease.last, digestOf(found), Date.now())) return found;
      if (left() < NEEDED) {
        throw new PoolBusyError(
          'Cognito still shows the identity pool as it was before the last write. It is asked again in a while.',
        );
      }
      await sleep(300, 600);
    }
  }

  /** Finds out what became of a write that nobody saw the end of, and answers its requests. */
  async #settle(base: IdentityPool): Promise<Written | undefined> {
    const { table } = this.#tools;
    const write = this.#lease.writing;
    const record = write === undefined ? undefined : await table.writeRecord(write);
    if (write === undefined || !record) return undefined;
    const shares = await table.sharesOf(write);
    const done = shares.filter(({ intent }) => merge(base, intent).length === 0);
    await this.#finish(write, record, done);
    // It may have landed only now: what is described after it is doubted from now on.
    if (this.#lease.last && done.length > 0) this.#lease.last.at = Date.now();
    delete this.#lease.writing;
    const own = done.find(({ key }) => key === this.#request.own.key);
    return own && writtenOf(record, own.changes, this.#request.own.execution);
  }

  async #writeFor(base: IdentityPool, asked: Allowed[]): Promise<Written> {
    const { own, quota, room } = this.#request;
    const { table, pool } = this.#tools;
    const { wanted, shares, write } = batch(base, asked, quota);
    const record: WriteRecord = {
      execution: own.execution,
      assumedRoleArn: pool.assumedRoleArn,
      sequence: this.#lease.sequence,
      before: shown(base, room),
      after: shown(wanted, room),
    };
    const written = sharesOf(asked, shares);
    const key = `${this.#lease.sequence}-${this.#lease.nonce}`;
    await table.recordWrite(key, record, written);
    if (write) {
      await this.#update(base, wanted, key);
      logger.info('identity pool updated', { shares: written });
    }
    await this.#finish(key, record, written);
    delete this.#lease.writing;
    await this.#refuse(shares);
    const share = written.find((each) => each.key === own.key);
    const refusal = shares.find((each) => each.key === own.key);
    if (refusal && 'refused' in refusal) throw new ProviderQuotaError(refusal.refused);
    if (!share) throw new Error('The own request is missing from its own write.');
    return { ...writtenOf(record, share.changes, own.execution), base: digestOf(base) };
  }

  /** Writes, and sees that it is written. */
  async #update(base: IdentityPool, wanted: IdentityPool, key: string): Promise<void> {
    const { table, pool, left } = this.#tools;
    if (left() < NEEDED) throw new PoolBusyError('There is too little time left to write safely.');
    const lease = this.#lease;
    const { last } = lease;
    const write: LastWrite = { base: digestOf(base), result: digestOf(wanted), at: Date.now() };
    await table.intend(lease, key, write);
    Object.assign(lease, { last: write, writing: key });
    try {
      await pool.update(wanted);
    } catch (error) {
      if (!isRefusal(error)) return this.#resolve(wanted, write, error);
      lease.last = last;
      delete lease.writing;
      throw error;
    }
    return this.#readBack(wanted, write);
  }

  /** Exactly what was sent must be there. */
  async #readBack(wanted: IdentityPool, write: LastWrite): Promise<void> {
    const { pool, left } = this.#tools;
    const until = Date.now() + READ_BACK;
    for (;;) {
      const now = await pool.describe();
      if (sameSettings(now, wanted)) {
        write.at = Date.now();
        return;
      }
      if (Date.now() > until || left() < 1000) {
        throw new VerificationError(
          `The identity pool ${wanted.IdentityPoolId} does not read back as it was written, and nothing further was written. Look at who else writes to it in Account-B's CloudTrail, then ask again. The difference: ${JSON.stringify(diff(wanted, now)).slice(0, 2000)}`,
        );
      }
      await sleep(200, 400);
    }
  }

  /** No answer: whether it was written is found out by reading, and never assumed. */
  async #resolve(wanted: IdentityPool, write: LastWrite, cause: unknown): Promise<void> {
    const { pool, left } = this.#tools;
    const until = Date.now() + READ_BACK;
    while (Date.now() < until && left() > 1000) {
      const now = await pool.describe().catch(() => undefined);
      if (now && sameSettings(now, wanted)) {
        write.at = Date.now();
        return;
      }
      await sleep(200, 400);
    }
    throw new UnresolvedWriteError(
      `AWS did not say whether it has updated ${wanted.IdentityPoolId}, and the pool does not show it yet. It is looked at again once the lease has run out.`,
      { cause },
    );
  }

  /** Enters a write into the ledger and answers the requests that it was for. */
  async #finish(write: string, { sequence }: WriteRecord, shares: WrittenShare[]): Promise<void> {
    const { table } = this.#tools;
    const now = Date.now();
    const entries = shares.flatMap((share) => ledgerEntriesOf(share, sequence, now));
    await inParallel(entries, (entry) => table.enter(entry));
    await inParallel(shares, ({ key, changes }) => table.answer(key, { write, changes }));
  }

  async #refuse(shares: Share[]): Promise<void> {
    const { table } = this.#tools;
    await inParallel(shares, async (share) => {
      if (!('refused' in share) || share.key === this.#request.own.key) return;
      await table.answer(share.key, { refused: share.refused });
    });
  }
}

/** The shares that have changes or nothing to change, with what is known of their requests. */
function sharesOf(asked: Allowed[], shares: Share[]): WrittenShare[] {
  return asked.flatMap((request, i) => {
    const share = shares[i];
    if (!share || 'refused' in share) return [];
    return [{ ...request, changes: shownChanges(share.changes) }];
  });
}

function writtenOf(
  { before, after, execution, assumedRoleArn }: WriteRecord,
  changes: ShownChange[],
  own: string,
): Written {
  const another = execution !== own && { writtenBy: execution, assumedRoleArn };
  return { changes, before, after, ...another };
}

/** Does something for each, a good many at a time. */
async function inParallel<T>(items: T[], action: (item: T) => Promise<void>): Promise<void> {
  const todo = [...items];
  const worker = async () => {
    for (let item = todo.shift(); item !== undefined; item = todo.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(25, todo.length) }, worker));
}

/** What an earlier writer has left as the answer to a request. */
async function answered({ own }: WriteRequest, table: PoolTable): Promise<Written | undefined> {
  const answer = await table.answerTo(own.key);
  if (!answer) return undefined;
  if ('refused' in answer) {
    // Who asks once more is judged once more: there may be room by then.
    await table.retract(own.key);
    throw new ProviderQuotaError(answer.refused);
  }
  const record = await table.writeRecord(answer.write);
  return record && writtenOf(record, answer.changes, own.execution);
}

/** Waits until the lease is free or another's; whether that happens in time. */
async function changesHands(table: PoolTable, until: number): Promise<boolean> {
  const holder = await table.holder();
  for (let now = holder; now !== undefined && now === holder; now = await table.holder()) {
    if (Date.now() > until) return false;
    await sleep(200, 600);
  }
  return true;
}

/** The request, once it is written: under a lease of its own, or by whoever has the lease. */
async function written(request: WriteRequest, tools: WriteTools): Promise<Written> {
  const { own, pending } = request;
  const { table } = tools;
  const until = Date.now() + WAIT;
  for (let waits = false; ; waits = true) {
    const answer = await answered(request, table);
    if (answer) return answer;
    const lease = await table.acquire(randomUUID(), own.execution);
    if (lease) return new CriticalSection(request, tools, lease).run();
    if (!waits) await table.leave(pending);
    if (Date.now() > until || !(await changesHands(table, until))) {
      throw new PoolBusyError(
        'Others are writing to the identity pool; this request waits with theirs and is asked for again.',
      );
    }
  }
}

// As AWS's services name it when they ask for patience or have failed themselves.
const passing =
  /Throttl|TooManyRequests|RequestLimit|ThroughputExceeded|ConcurrentModification|ServiceUnavailable|^Internal/;

/** Whether the state machine asks again: then the request goes on waiting, and keeps its place. */
const goesOn = (error: unknown): boolean =>
  error instanceof PoolBusyError ||
  error instanceof AwsUnavailableError ||
  (error instanceof Error && passing.test(error.name));

/**
 * Writes a request to its identity pool so that nothing is lost: one writer at a time, onto what is
 * there now, for everyone who waits, read back before anyone else may write.
 *
 * @throws PoolBusyError when the pool is somebody else's for longer than a function should wait.
 * @throws ProviderQuotaError, VerificationError, AwsUnavailableError and what Account-B refuses.
 */
export async function writeSafely(request: WriteRequest, tools: WriteTools): Promise<Written> {
  const { table } = tools;
  const { key } = request.own;
  try {
    return await written(request, tools);
  } catch (error) {
    if (!goesOn(error)) await table.forget(key).catch(() => {});
    throw error;
  }
}
