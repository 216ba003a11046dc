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
import { isMet, shownChanges } from '../core/merge.ts';
import {
  type Allowed,
  ledgerEntriesOf,
  type WriteRecord,
  type WrittenShare,
} from '../core/records.ts';
import { gather } from './gathering.ts';
import { inParallel } from './in-parallel.ts';
import { logger } from './logger.ts';
import { sleep } from './sleep.ts';
import {
  answered,
  type WriteRequest,
  type WriteTools,
  type Written,
  writtenOf,
} from './write-request.ts';

// All in milliseconds.
// How long a write may remain unseen before that counts as an error.
const READ_BACK = 4000;
// What a write and its confirmation may need; with less left, the next attempt begins afresh.
const NEEDED = 11_000;
// For a last look at the pool before it.
const DESCRIBING = 500;
// How old that look may be when it is written: what others write after it is lost.
const OLDEST_LOOK = 1000;

/** A write of which nobody knows whether it will yet happen: its lease must run out by itself. */
class UnresolvedWriteError extends AwsUnavailableError {}

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
export class CriticalSection {
  readonly #request: WriteRequest;
  readonly #tools: WriteTools;
  /** As it was taken, and as it is given back. */
  readonly #lease: Lease;
  /** When the pool was last looked at, in epoch milliseconds. */
  #looked = 0;

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
    if (await this.#isDeleted()) return this.#nothing(base);
    try {
      return await this.#writeFor(base, asked);
    } catch (error) {
      // Together they may be more than AWS allows, where this one alone is not.
      const tooMany = error instanceof ProviderQuotaError && isRefusal(error);
      const own = asked.filter((each) => this.#isOwn(each));
      if (!tooMany || asked.length === own.length) throw error;
      return this.#writeFor(await this.#describe(), own);
    }
  }

  /** Its deletion may have been heard of before its creation: events come in any order. */
  async #isDeleted(): Promise<boolean> {
    const [own] = this.#request.own;
    if (!this.#request.pending || !own) return false;
    const { operation, providerName, clientId } = own.intent;
    if (operation === 'unlink' || clientId === undefined) return false;
    return this.#tools.table.isDeleted(providerName, clientId);
  }

  #nothing(base: IdentityPool): Written {
    const asItIs = shown(base, this.#request.room);
    return { changes: [], gone: true, before: asItIs, after: asItIs };
  }

  async #gather(): Promise<Allowed[]> {
    const { confirm, left } = this.#tools;
    const until = Date.now() + left() - NEEDED - DESCRIBING;
    const own = confirm ? await confirm(this.#request.own) : this.#request.own;
    const asked = await gather({ ...this.#request, own }, this.#tools, until);
    // Deletions come last: nothing can rightly be linked after them, whatever was heard of first.
    return [
      ...asked.filter(({ deleted }) => deleted !== true),
      ...asked.filter(({ deleted }) => deleted === true),
    ];
  }

  #isOwn({ key }: Pick<Allowed, 'key'>): boolean {
    return this.#request.own.some((own) => own.key === key);
  }

  /** The pool as it is now; a state that may be from before our last write is read again. */
  async #describe(): Promise<IdentityPool> {
    const { pool, left } = this.#tools;
    for (;;) {
      const found = await pool.describe();
      this.#looked = Date.now();
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
    const done = shares.filter(({ intent }) => isMet(base, intent));
    await this.#finish(write, record, done);
    // It may have landed only now: what is described after it is doubted from now on.
    if (this.#lease.last && done.length > 0) this.#lease.last.at = Date.now();
    delete this.#lease.writing;
    const own = done.find(({ key }) => key === this.#request.pending?.key);
    return own && writtenOf(record, own.changes, this.#request.execution);
  }

  async #writeFor(base: IdentityPool, asked: Allowed[]): Promise<Written> {
    const { execution, pending, quota, room } = this.#request;
    const { table, pool } = this.#tools;
    const { wanted, shares, write } = batch(base, asked, quota);
    const record: WriteRecord = {
      execution,
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
    const refused = new Map(
      shares.flatMap((share) =>
        'refused' in share && this.#isOwn(share) ? [[share.key, share.refused]] : [],
      ),
    );
    const [refusal] = refused.values();
    if (pending && refusal !== undefined) throw new ProviderQuotaError(refusal);
    const changes = written.flatMap((share) => (this.#isOwn(share) ? share.changes : []));
    return {
      ...writtenOf(record, changes, execution),
      base: digestOf(base),
      ...(refused.size > 0 && { refused }),
    };
  }

  /** Writes, and sees that it is written. */
  async #update(base: IdentityPool, wanted: IdentityPool, key: string): Promise<void> {
    const { table, pool, left } = this.#tools;
    if (left() < NEEDED) throw new PoolBusyError('There is too little time left to write safely.');
    const lease = this.#lease;
    const { last } = lease;
    const write: LastWrite = { base: digestOf(base), result: digestOf(wanted), at: Date.now() };
    // The last look at the lease and at the pause; side by side, since the pool's own grows old.
    await Promise.all([table.intend(lease, key, write), table.checkPause()]);
    if (Date.now() - this.#looked > OLDEST_LOOK) {
      throw new PoolBusyError(
        'The table was slow, and the identity pool may have changed meanwhile. It is looked at again in a while; nothing was written.',
      );
    }
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
    // Of several about one entry the last counts: they are entered side by side.
    const last = new Map(
      shares
        .flatMap((share) => ledgerEntriesOf(share, sequence, now))
        .map((entry) => [`${entry.providerName} ${entry.clientId}`, entry]),
    );
    const entries = [...last.values()];
    await inParallel(entries, (entry) => table.enter(entry));
    const waiting = this.#request.pending ? shares : shares.filter((each) => !this.#isOwn(each));
    await inParallel(waiting, ({ key, changes }) => table.answer(key, { write, changes }));
  }

  async #refuse(shares: Share[]): Promise<void> {
    const { table } = this.#tools;
    await inParallel(shares, async (share) => {
      if (!('refused' in share) || this.#isOwn(share)) return;
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
