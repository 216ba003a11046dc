import {
  ProviderQuotaError,
  ProviderRefusedError,
  RoleMappingError,
  TargetAccessDeniedError,
} from '../../core/errors.ts';
import { cancelledIn } from '../../core/identity-pool/cancelled.ts';
import { digestOf, type IdentityPool, shown } from '../../core/identity-pool/identity-pool.ts';
import { type Intent, shownChanges } from '../../core/identity-pool/merge.ts';
import { short } from '../../core/identity-pool/roles.ts';
import { namesIn } from '../../core/issuer.ts';
import { type Batch, batch, refusalOf, type Share } from '../../core/write/batch.ts';
import type { Lease } from '../../core/write/lease.ts';
import {
  type Allowed,
  type LedgerEntry,
  ledgerEntriesOf,
  mayBeSettled,
  settledBy,
  type WriteRecord,
  type WrittenShare,
} from '../../core/write/records.ts';
import {
  linesOf,
  seenIn,
  WRITE_BEGINS,
  WRITE_ENDED,
  type WriteEnd,
} from '../../core/write/write-log.ts';
import { logger } from '../lambda/logger.ts';
import { inParallel } from '../pace/in-parallel.ts';
import { gather } from './gathering.ts';
import { isRefusal, NEEDED, PoolWriter, UnresolvedWriteError } from './pool-writer.ts';
import {
  answered,
  type WriteRequest,
  type WriteTools,
  type Written,
  writtenOf,
} from './write-request.ts';

// For a last look at the pool before a write, in milliseconds.
const DESCRIBING = 500;

/** Whether a refusal may be of some requests of a write, and not of all. */
const isOfSome = (error: unknown): boolean =>
  isRefusal(error) &&
  [ProviderQuotaError, ProviderRefusedError, RoleMappingError, TargetAccessDeniedError].some(
    (name) => error instanceof name,
  );

/** A write of which nobody knows whether it was made, as it was put down before it. */
interface UnseenWrite {
  write: string;
  record: WriteRecord;
  shares: WrittenShare[];
}

/** One acquisition of the lease, and the write under it. */
export class CriticalSection {
  readonly #request: WriteRequest;
  readonly #tools: WriteTools;
  /** As it was taken, and as it is given back. */
  readonly #lease: Lease;
  /** How many writes were put down under it. */
  #writes = 0;

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
    const unseen = await this.#unseen();
    const intents = [...asked, ...(unseen?.shares ?? [])].map(({ intent }) => intent);
    const providerNames = new Set(intents.flatMap(namesIn));
    const writer = new PoolWriter(this.#tools, this.#lease, providerNames);
    const base = await writer.describe();
    const earlier = unseen && (await this.#settle(base, unseen));
    if (earlier) return earlier;
    if (await this.#isDeleted()) return this.#nothing(base);
    try {
      return await this.#writeFor(base, asked, writer);
    } catch (error) {
      // Together they may be what AWS does not allow, where this one alone is not.
      const own = asked.filter((each) => this.#isOwn(each));
      if (!isOfSome(error) || asked.length === own.length) throw error;
      return this.#writeFor(await writer.describe(), own, writer);
    }
  }

  /** The event of its deletion may have come before that of its creation: events come in any order. */
  async #isDeleted(): Promise<boolean> {
    if (this.#request.gone) return true;
    const [own] = this.#request.own;
    return this.#request.pending !== undefined && own !== undefined && this.#isMarked(own);
  }

  /** Whether a request links what the ledger has as deleted. */
  async #isMarked({ intent }: Pick<Allowed, 'intent'>): Promise<boolean> {
    const { operation, providerName, clientId } = intent;
    if (operation === 'unlink' || clientId === undefined) return false;
    const marks = await this.#tools.table.marksOf(providerName, clientId);
    return marks.length > 0;
  }

  #nothing(base: IdentityPool): Written {
    const asItIs = shown(base, this.#request.room);
    return { changes: [], gone: true, before: asItIs, after: asItIs };
  }

  async #gather(): Promise<Allowed[]> {
    const { confirm, left } = this.#tools;
    const until = Date.now() + left() - NEEDED - DESCRIBING;
    const own = confirm ? await confirm(this.#request.own) : this.#request.own;
    const gathered = await gather({ ...this.#request, own }, this.#tools, until);
    // What the ledger has as deleted is left to its own execution, which can look it up.
    const marked = new Set<Allowed>();
    await inParallel(gathered, async (each) => {
      if (!this.#isOwn(each) && (await this.#isMarked(each))) marked.add(each);
    });
    const asked = gathered.filter((each) => !marked.has(each));
    // Deletions come last: nothing may be linked after them, whichever event came first.
    return [
      ...asked.filter(({ deleted }) => deleted !== true),
      ...asked.filter(({ deleted }) => deleted === true),
    ];
  }

  #isOwn({ key }: Pick<Allowed, 'key'>): boolean {
    return this.#request.own.some((own) => own.key === key);
  }

  /** The write that nobody saw the end of, if there is one. */
  async #unseen(): Promise<UnseenWrite | undefined> {
    const { table } = this.#tools;
    const write = this.#lease.writing;
    const record = write === undefined ? undefined : await table.writeRecord(write);
    if (write === undefined || !record) return undefined;
    return { write, record, shares: await table.sharesOf(write) };
  }

  /** Finds out what became of a write that nobody saw the end of, and answers its requests. */
  async #settle(
    base: IdentityPool,
    { write, record, shares }: UnseenWrite,
  ): Promise<Written | undefined> {
    const seen = seenIn(base, shares);
    const done = shares.filter(({ key }) => seen.made.includes(key));
    await this.#finish(write, record, done);
    logger.info(WRITE_ENDED, { write, end: 'seen later' satisfies WriteEnd, ...seen });
    // It may have landed only now: what is described after it is doubted from now on.
    if (this.#lease.last && done.length > 0) this.#lease.last.at = Date.now();
    delete this.#lease.writing;
    const own = done.find(({ key }) => key === this.#request.pending?.key);
    return own && writtenOf(record, own, this.#request.execution);
  }

  async #writeFor(base: IdentityPool, asked: Allowed[], writer: PoolWriter): Promise<Written> {
    const { execution, pending, quota, room } = this.#request;
    const { table, pool } = this.#tools;
    const together = batch(base, asked, quota);
    const { wanted, shares } = together;
    const record: WriteRecord = {
      execution,
      assumedRoleArn: pool.assumedRoleArn,
      sequence: this.#lease.sequence,
      before: shown(base, room),
      after: shown(wanted, room),
    };
    const written = sharesOf(asked, shares, room);
    const key = `${this.#lease.sequence}.${++this.#writes}-${this.#lease.nonce}`;
    await table.recordWrite(key, record, written);
    const about = { write: key, identityPoolId: base.IdentityPoolId };
    const lines = linesOf(record, about, asked, shares);
    for (const line of lines) logger.info(WRITE_BEGINS, { ...line });
    try {
      await this.#make(base, together, writer, key);
    } finally {
      const end = together.write ? writer.end : 'needless';
      if (end && lines.length > 0) logger.info(WRITE_ENDED, { ...about, end });
    }
    await this.#finish(key, record, written, await this.#settled(written, wanted));
    delete this.#lease.writing;
    await this.#refuse(shares);
    const refused = new Map(
      shares.flatMap((share) =>
        'refused' in share && this.#isOwn(share) ? [[share.key, share]] : [],
      ),
    );
    const [refusal] = refused.values();
    if (pending && refusal) throw refusalOf(refusal);
    const own = written.filter((share) => this.#isOwn(share));
    const changes = own.flatMap((share) => share.changes);
    const cancelled = own.flatMap((share) => share.cancelled ?? []);
    return {
      ...writtenOf(record, { changes, cancelled }, execution),
      base: digestOf(base),
      ...(refused.size > 0 && { refused }),
    };
  }

  async #make(
    base: IdentityPool,
    { wanted, shares, write }: Batch,
    writer: PoolWriter,
    key: string,
  ): Promise<void> {
    if (!write) return;
    const changes = shares.flatMap((share) => ('refused' in share ? [] : share.changes));
    await writer.write(base, wanted, { key, changes });
  }

  /** Enters a write into the ledger and answers the requests that it was for. */
  async #finish(
    write: string,
    { sequence }: WriteRecord,
    shares: WrittenShare[],
    settled: LedgerEntry[] = [],
  ): Promise<void> {
    const { table } = this.#tools;
    const now = Date.now();
    // Of several about one entry the last counts: they are entered side by side.
    const last = new Map(
      [...settled, ...shares.flatMap((share) => ledgerEntriesOf(share, sequence, now))].map(
        (entry) => [`${entry.providerName} ${entry.clientId}`, entry],
      ),
    );
    const entries = [...last.values()];
    await inParallel(entries, (entry) => table.enter(entry));
    const waiting = this.#request.pending ? shares : shares.filter((each) => !this.#isOwn(each));
    await inParallel(waiting, ({ key, changes, cancelled }) =>
      table.answer(key, cancelled ? { write, changes, cancelled } : { write, changes }),
    );
  }

  /** The entries that were to be unlinked and that others have removed, as the ledger is to have them. */
  async #settled(shares: WrittenShare[], after: IdentityPool): Promise<LedgerEntry[]> {
    const { table } = this.#tools;
    const at = { sequence: this.#lease.sequence, time: Date.now() };
    const settled: LedgerEntry[] = [];
    for (const share of shares.filter(mayBeSettled)) {
      const ledger = await table.ledgerOf(share.intent.providerName);
      settled.push(...settledBy(share, after, ledger, at));
    }
    return settled;
  }

  async #refuse(shares: Share[]): Promise<void> {
    const { table } = this.#tools;
    await inParallel(shares, async (share) => {
      if (!('refused' in share) || this.#isOwn(share)) return;
      const { key, ...refused } = share;
      await table.answer(key, refused);
    });
  }
}

/** An intent as there is room for it in the table: that there is a role mapping is enough to know. */
const inShort = ({ roleMapping, ...intent }: Intent): Intent =>
  roleMapping ? { ...intent, roleMapping: short(roleMapping) } : intent;

/** The shares that have changes or nothing to change, with what is known of their requests. */
function sharesOf(asked: Allowed[], shares: Share[], room: number): WrittenShare[] {
  const cancelled = cancelledIn(shares.map((share) => ('refused' in share ? [] : share.changes)));
  return asked.flatMap((request, i): WrittenShare[] => {
    const share = shares[i];
    if (!share || 'refused' in share) return [];
    const intent = inShort(request.intent);
    const written = { ...request, intent, changes: shownChanges(share.changes, room) };
    const unseen = shownChanges(cancelled[i] ?? [], room);
    return [unseen.length > 0 ? { ...written, cancelled: unseen } : written];
  });
}
