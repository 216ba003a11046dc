import {
  AwsUnavailableError,
  PausedError,
  ProviderQuotaError,
  ProviderRefusedError,
  RoleMappingError,
  TargetAccessDeniedError,
  VerificationError,
} from '../../core/errors.ts';
import { digestOf } from '../../core/identity-pool/digest.ts';
import type { IdentityPool } from '../../core/identity-pool/identity-pool.ts';
import { sameSettings } from '../../core/identity-pool/same-settings.ts';
import { shown } from '../../core/identity-pool/shown-pool.ts';
import { namesIn } from '../../core/issuer.ts';
import { batch, refusalOf } from '../../core/write/batch.ts';
import { type Lease, NEEDED_MS } from '../../core/write/lease.ts';
import { withEarlier } from '../../core/write/order.ts';
import type { Allowed, WriteRecord } from '../../core/write/records.ts';
import { settlementOf } from '../../core/write/settlement.ts';
import {
  linesOf,
  type Seen,
  WRITE_BEGINS,
  WRITE_ENDED,
  type WriteEnd,
} from '../../core/write/write-log.ts';
import { logger } from '../lambda/logger.ts';
import { inParallel } from '../pace/in-parallel.ts';
import type { RecordedWrite } from '../table/writes.ts';
import {
  type Answering,
  answeringOf,
  answersOf,
  enter,
  giveAnswers,
  goneAlready,
  sharesOf,
} from './answers.ts';
import { gather } from './gathering.ts';
import { isRefusal, PoolWriter, UnresolvedWriteError } from './pool-writer.ts';
import { isRetried } from './retried.ts';
import {
  answered,
  type WriteRequest,
  type WriteTools,
  type Written,
  writtenOf,
} from './write-request.ts';

// In milliseconds: the last description of the pool before a write may need this long.
const DESCRIBING = 500;

/** Whether AWS may have refused only some requests of a write. */
const isOfSome = (error: unknown): boolean =>
  isRefusal(error) &&
  [ProviderQuotaError, ProviderRefusedError, RoleMappingError, TargetAccessDeniedError].some(
    (name) => error instanceof name,
  );

/** Whether nothing more may be written now after a failure. */
const isToBeLeft = (error: unknown): boolean =>
  [UnresolvedWriteError, VerificationError, PausedError].some((name) => error instanceof name);

/** An identity pool after its unsettled write is settled. */
interface Settled {
  pool: IdentityPool;
  /** The pool without the parts of links that are resumed. The requests are merged onto it. */
  start: IdentityPool;
  /** The result of this request, if the settled write was for it. */
  own?: Written;
}

/** One acquisition of the lease, with the write under it. */
export class CriticalSection {
  readonly #request: WriteRequest;
  readonly #tools: WriteTools;
  /** As it was taken, and as it will be given back. */
  readonly #lease: Lease;
  /** How many writes were recorded under the lease. */
  #writes = 0;
  /** The unsettled write, if the lease names one. */
  #unsettled: RecordedWrite | undefined;
  /**
   * The keys of the requests that were settled under the lease. A second answer would say that nothing was changed
   * for them.
   */
  readonly #done = new Set<string>();

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

  /** If the lease can't be given back, it runs out. What was written must not be lost for that reason. */
  async #giveBack(): Promise<void> {
    try {
      await this.#tools.table.lease.release(this.#lease);
    } catch (error) {
      // Stryker disable next-line CallExpression: only the log changes.
      logger.warn('the lease could not be given back', error as Error);
    }
  }

  async #write(): Promise<Written> {
    // The previous holder of the lease may have written for this request too.
    const answer = await answered(this.#request, this.#tools.table);
    if (answer) return answer;
    const asked = await this.#gather();
    await this.#findUnsettled();
    const intents = [...asked, ...(this.#unsettled?.shares ?? [])].map(({ intent }) => intent);
    const providerNames = new Set(intents.flatMap(namesIn));
    const { execution } = this.#request;
    const writer = new PoolWriter(this.#tools, this.#lease, { execution, providerNames });
    const base = await writer.describe();
    const isDeleted = await this.#isDeleted();
    const settled = await this.#settle(base, writer, isDeleted ? [] : asked);
    if (settled.own) return settled.own;
    const left = this.#left(asked);
    if (isDeleted || left.length === 0) return this.#nothing(settled.pool, isDeleted);
    try {
      return await this.#writeOrSettle(settled, left, writer);
    } catch (error) {
      // AWS may refuse the requests together, but not this one alone. Requests about the same entry that must be
      // done before it go with it.
      const still = this.#left(left);
      const own = withEarlier(still, (each) => this.#isOwn(each));
      if (!isOfSome(error) || own.length === still.length) throw error;
      const pool = await writer.describe();
      return this.#writeOrSettle({ pool, start: pool }, own, writer);
    }
  }

  #left(asked: Allowed[]): Allowed[] {
    return asked.filter(({ key }) => !this.#done.has(key));
  }

  /**
   * Whether the app client is known to be deleted. Events come in any order, so that of the deletion may come
   * first.
   */
  async #isDeleted(): Promise<boolean> {
    if (this.#request.gone) return true;
    const [own] = this.#request.own;
    return this.#request.pending !== undefined && own !== undefined && this.#isMarked(own);
  }

  /** Whether a request links what the ledger has as deleted. */
  async #isMarked({ intent }: Pick<Allowed, 'intent'>): Promise<boolean> {
    const { operation, providerName, clientId } = intent;
    if (operation === 'unlink' || clientId === undefined) return false;
    const marks = await this.#tools.table.ledger.marksOf(providerName, clientId);
    return marks.length > 0;
  }

  #nothing(base: IdentityPool, gone: boolean): Written {
    const asItIs = shown(base, this.#request.room);
    return { changes: [], ...(gone && { gone }), before: asItIs, after: asItIs };
  }

  async #gather(): Promise<Allowed[]> {
    const { confirm, left } = this.#tools;
    const until = Date.now() + left() - NEEDED_MS - DESCRIBING;
    const own = confirm ? await confirm(this.#request.own) : this.#request.own;
    const gathered = await gather({ ...this.#request, own }, this.#tools, until);
    // Leave what the ledger has as deleted to its own execution, which can look it up.
    const marked = new Set<Allowed>();
    await inParallel(gathered, async (each) => {
      if (!this.#isOwn(each) && (await this.#isMarked(each))) marked.add(each);
    });
    const asked = gathered.filter((each) => !marked.has(each));
    // Deletions come last, since nothing may be linked after them, no matter which event came first.
    return [
      ...asked.filter(({ deleted }) => deleted !== true),
      ...asked.filter(({ deleted }) => deleted === true),
    ];
  }

  #isOwn({ key }: Pick<Allowed, 'key'>): boolean {
    return this.#request.own.some((own) => own.key === key);
  }

  /** Reads the unsettled write that the lease names. If it was never recorded, it was never begun. */
  async #findUnsettled(): Promise<void> {
    const { writing } = this.#lease;
    if (writing === undefined) return;
    this.#unsettled = await this.#tools.table.writes.recorded(writing);
    if (!this.#unsettled) this.#lease.writing = undefined;
  }

  /**
   * Settles the unsettled write: finds out how much of it was made, finishes it or takes it back, and answers its
   * requests. The lease names it until all of that is done.
   *
   * @param asked what is written next. Begun links among them are not taken back.
   * @returns the pool after it, the pool onto which the next requests are merged, and the result of this request if
   * it is settled.
   */
  async #settle(base: IdentityPool, writer: PoolWriter, asked: Allowed[]): Promise<Settled> {
    const unsettled = this.#unsettled;
    if (!unsettled) return { pool: base, start: base };
    const { write, record, shares } = unsettled;
    const settlement = settlementOf(base, shares, asked, this.#request.quota);
    const { done, wanted, start, seen } = settlement;
    // The write may have taken effect only now, so what is described later is doubted from now on.
    if (this.#lease.last && settlement.shown > 0) this.#lease.last.at = Date.now();
    if (!sameSettings(base, wanted)) {
      // Stryker disable next-line CallExpression,ObjectLiteral: only the log changes.
      logger.warn('a write that was made in part is finished or taken back', { write, ...seen });
      await writer.write(base, wanted, write);
    }
    await enter(this.#tools.table, record, done);
    for (const { key } of done) this.#done.add(key);
    await this.#answer(done.map((share) => answeringOf(write, share)));
    if (sameSettings(wanted, start)) {
      logEnd(write, seen);
      this.#settled();
    }
    const own = done.find(({ key }) => key === this.#request.answerKey);
    return {
      pool: wanted,
      start,
      ...(own && { own: writtenOf(record, own, this.#request.execution) }),
    };
  }

  /** Notes that nothing is unsettled any more. */
  #settled(): void {
    this.#unsettled = undefined;
    this.#lease.writing = undefined;
  }

  /** Writes. If that is made only in part, finishes it or takes it back. */
  async #writeOrSettle(onto: Settled, asked: Allowed[], writer: PoolWriter): Promise<Written> {
    try {
      return await this.#writeFor(onto, asked, writer);
    } catch (error) {
      const own = await this.#settleAfter(error, writer);
      if (own) return own;
      throw error;
    }
  }

  /**
   * Finishes or takes back what was made before a failure, so that no entry stays without the role mapping of its
   * link.
   *
   * @returns the result of this request, if it was made nevertheless.
   * @throws AwsUnavailableError if that can't be done now. The next attempt tries again.
   */
  async #settleAfter(error: unknown, writer: PoolWriter): Promise<Written | undefined> {
    if (!this.#unsettled || isToBeLeft(error)) return undefined;
    try {
      const { own } = await this.#settle(await writer.describe(), writer, []);
      return own;
    } catch (failure) {
      if (failure instanceof UnresolvedWriteError) throw failure;
      // Stryker disable next-line CallExpression: only the log changes.
      logger.error('what was written could not be taken back', failure as Error);
      if (isRetried(error)) return undefined;
      const [why, whyNot] = [error, failure].map((each) =>
        each instanceof Error ? each.message : String(each),
      );
      throw new AwsUnavailableError(
        `A part of a write is made and could not be taken back yet (${whyNot}), so entries may be in the identity pool without their role mappings. It is tried again. If that fails too, the next write to the identity pool or the next reconcile with repair takes it back. The write failed because: ${why}`,
        { cause: error },
      );
    }
  }

  async #writeFor(
    { pool, start }: Settled,
    asked: Allowed[],
    writer: PoolWriter,
  ): Promise<Written> {
    const { execution, answerKey, quota, room } = this.#request;
    const { table } = this.#tools;
    const together = batch(start, asked, quota, pool);
    const { wanted, shares } = together;
    const record: WriteRecord = {
      execution,
      assumedRoleArn: this.#tools.pool.assumedRoleArn,
      sequence: this.#lease.sequence,
      before: shown(start, room),
      after: shown(wanted, room),
    };
    const written = sharesOf(asked, together, room);
    // Stryker disable next-line UpdateOperator: it is only to be another number each time.
    const write = `${this.#lease.sequence}.${++this.#writes}-${this.#lease.nonce}`;
    await table.writes.record(write, record, written);
    const earlier = this.#unsettled;
    const about = { write, identityPoolId: pool.IdentityPoolId };
    const lines = linesOf(record, about, asked, shares);
    for (const line of lines) logger.info(WRITE_BEGINS, { ...line });
    try {
      if (together.write) await writer.write(pool, wanted, write);
    } finally {
      if (this.#lease.writing === write) this.#unsettled = { write, record, shares: written };
      const end = together.write ? writer.end : 'needless';
      if (end && lines.length > 0) logger.info(WRITE_ENDED, { ...about, end });
    }
    await enter(table, record, written, await goneAlready(table, record, written, wanted));
    await this.#answer(answersOf(write, asked, shares, written));
    // What an earlier attempt began is now a part of this write.
    if (earlier) logEnd(earlier.write, { made: [], parts: [] });
    this.#settled();
    const refused = new Map(
      shares.flatMap((share) =>
        'refused' in share && this.#isOwn(share) ? [[share.key, share]] : [],
      ),
    );
    const [refusal] = refused.values();
    if (answerKey !== undefined && refusal) {
      // Only the order of the answers needs this one. A request that is made again is judged again.
      await table.requests.retract(answerKey);
      throw refusalOf(refusal);
    }
    const own = written.filter((share) => this.#isOwn(share));
    const changes = own.flatMap((share) => share.changes);
    const cancelled = own.flatMap((share) => share.cancelled ?? []);
    const made = { ...writtenOf(record, { changes, cancelled }, execution), base: digestOf(start) };
    return answerKey === undefined ? { ...made, refused } : made;
  }

  /** Answers requests, except those that are judged again when they are made again. */
  async #answer(answers: Answering[]): Promise<void> {
    const { answerKey } = this.#request;
    const asking = answers.filter((each) => answerKey !== undefined || !this.#isOwn(each));
    await giveAnswers(this.#tools.table, asking);
  }
}

/** Logs the end of a write that was settled. */
function logEnd(write: string, seen: Seen): void {
  const isAnything = seen.made.length + seen.parts.length > 0;
  const end: WriteEnd = isAnything ? 'seen later' : 'taken back';
  logger.info(WRITE_ENDED, { write, end, ...seen });
}
