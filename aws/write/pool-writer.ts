import { AwsUnavailableError, PoolBusyError, VerificationError } from '../../core/errors.ts';
import { type Call, callsBetween } from '../../core/identity-pool/calls.ts';
import { diff } from '../../core/identity-pool/difference.ts';
import {
  digestOf,
  type IdentityPool,
  sameSettings,
} from '../../core/identity-pool/identity-pool.ts';
import { isDoubtful, type LastWrite, type Lease } from '../../core/write/lease.ts';
import type { WriteEnd } from '../../core/write/write-log.ts';
import { sleep } from '../pace/sleep.ts';
import type { WriteTools } from './write-request.ts';

// All in milliseconds.
// How long a write may remain unseen before that counts as an error.
const READ_BACK = 4000;
// What a write and its confirmation may need; with less left, the next attempt begins afresh.
export const NEEDED = 11_000;
// How old that look may be when it is written: what others write after it is lost.
const OLDEST_LOOK = 1000;

/** A write that may still happen: its lease must run out by itself. */
export class UnresolvedWriteError extends AwsUnavailableError {}

interface Fault {
  $metadata?: { httpStatusCode?: number };
  cause?: unknown;
}

/** Whether AWS has said no: then nothing was written. Anything else may have been. */
export function isRefusal(error: unknown): boolean {
  const { $metadata, cause } = (error ?? {}) as Fault;
  const status = $metadata?.httpStatusCode ?? 0;
  return (status >= 400 && status < 500) || (cause !== undefined && isRefusal(cause));
}

// As AWS's services name it when they ask for patience or have failed themselves.
const passing =
  /Throttl|TooManyRequests|RequestLimit|ThroughputExceeded|ConcurrentModification|ServiceUnavailable|^Internal/;

/** Whether the state machine asks again: then the request goes on waiting, and keeps its place. */
export const goesOn = (error: unknown): boolean =>
  error instanceof PoolBusyError ||
  error instanceof AwsUnavailableError ||
  (error instanceof Error && passing.test(error.name));

/** Looks at an identity pool and writes to it, under a lease. */
export class PoolWriter {
  readonly #tools: WriteTools;
  /** Records what is written, for the next holder of the lease. */
  readonly #lease: Lease;
  /** The user pools that the write is about. */
  readonly #providerNames: ReadonlySet<string>;
  /** When the pool was last looked at, in epoch milliseconds. */
  #looked = 0;
  #end: WriteEnd | undefined = 'not made';
  /** Whether a call was made under this lease. */
  #hasWritten = false;

  constructor(tools: WriteTools, lease: Lease, providerNames: ReadonlySet<string>) {
    this.#tools = tools;
    this.#lease = lease;
    this.#providerNames = providerNames;
  }

  /** How the last write ended; undefined if unknown. */
  get end(): WriteEnd | undefined {
    return this.#end;
  }

  /** The pool as it is now; a state that may be from before our last write is read again. */
  async describe(): Promise<IdentityPool> {
    const { pool, left } = this.#tools;
    for (;;) {
      const found = await pool.describe(this.#providerNames);
      this.#looked = Date.now();
      const { last } = this.#lease;
      const digest = digestOf(found);
      if (!isDoubtful(last, digest, Date.now())) {
        if (last?.result === digest) last.seen = true;
        return found;
      }
      if (left() < NEEDED) {
        throw new PoolBusyError(
          'Cognito still shows the identity pool as it was before the last write. It is asked again in a while.',
        );
      }
      await sleep(300, 600);
    }
  }

  /**
   * Makes the calls that it takes, and sees each made before the next. Whatever stops it, the lease
   * says which write is unsettled; `end` says how far it came.
   *
   * @param key of the write, as it was put down before it.
   * @throws PoolBusyError, VerificationError, UnresolvedWriteError and what AWS refuses.
   */
  async write(base: IdentityPool, wanted: IdentityPool, key: string): Promise<void> {
    const { table, left } = this.#tools;
    this.#end = 'not made';
    if (left() < NEEDED) throw new PoolBusyError('There is too little time left to write safely.');
    const { writing } = this.#lease;
    let now = base;
    for (const call of callsBetween(base, wanted)) {
      // What is begun under this lease goes on, whether or not writes are paused meanwhile.
      const check = this.#hasWritten ? undefined : () => table.checkPause(writing !== undefined);
      await this.#make(call, now, key, check);
      now = call.to;
      this.#end = 'made in part';
    }
    this.#end = 'read back';
  }

  /** Makes one call, and sees that it is made. */
  async #make(
    call: Call,
    from: IdentityPool,
    key: string,
    check: () => Promise<void> = async () => {},
  ): Promise<void> {
    const { table, pool } = this.#tools;
    const lease = this.#lease;
    const { last, writing } = lease;
    const write: LastWrite = { base: digestOf(from), result: digestOf(call.to), at: Date.now() };
    // The last look at the lease and at the pause; side by side, since the pool's own grows old.
    await Promise.all([table.intend(lease, key, write), check()]);
    if (Date.now() - this.#looked > OLDEST_LOOK) {
      throw new PoolBusyError(
        'The table was slow, and the identity pool may have changed meanwhile, so the next call was not made. The identity pool is looked at again in a while.',
      );
    }
    Object.assign(lease, { last: write, writing: key });
    const end = this.#end;
    this.#end = undefined;
    try {
      await pool.make(call);
    } catch (error) {
      if (!isRefusal(error)) {
        await this.#resolve(call.to, write, error);
        this.#hasWritten = true;
        return;
      }
      this.#end = end;
      // What was unsettled before the call still is.
      Object.assign(lease, { last, writing });
      throw error;
    }
    this.#hasWritten = true;
    await this.#readBack(call.to, write);
  }

  /** Exactly what was sent must be there. */
  async #readBack(wanted: IdentityPool, write: LastWrite): Promise<void> {
    const { pool, left } = this.#tools;
    const until = Date.now() + READ_BACK;
    for (;;) {
      const now = await pool.describe(this.#providerNames);
      this.#looked = Date.now();
      if (sameSettings(now, wanted)) {
        Object.assign(write, { at: this.#looked, seen: true });
        return;
      }
      if (Date.now() > until || left() < 1000) {
        this.#end = 'not read back';
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
      const now = await pool.describe(this.#providerNames).catch(() => undefined);
      this.#looked = Date.now();
      if (now && sameSettings(now, wanted)) {
        Object.assign(write, { at: this.#looked, seen: true });
        return;
      }
      await sleep(200, 400);
    }
    throw new UnresolvedWriteError(
      `AWS did not say whether it has updated ${wanted.IdentityPoolId}, and the pool does not show it yet. It is looked at again once the lease has run out.`,
      { cause },
    );
  }
}
