import { AwsUnavailableError, PoolBusyError, VerificationError } from '../../core/errors.ts';
import { type Call, callsBetween } from '../../core/identity-pool/calls.ts';
import { diff } from '../../core/identity-pool/difference.ts';
import { digestOf } from '../../core/identity-pool/digest.ts';
import type { IdentityPool } from '../../core/identity-pool/identity-pool.ts';
import { sameSettings } from '../../core/identity-pool/same-settings.ts';
import {
  isDoubtful,
  LATER_MS,
  type LastWrite,
  type Lease,
  NEEDED_MS,
} from '../../core/write/lease.ts';
import type { WriteEnd } from '../../core/write/write-log.ts';
import { sleep } from '../pace/sleep.ts';
import { checkPause } from '../table/pause.ts';
import type { WriteTools } from './write-request.ts';

// How long a write may stay invisible before that counts as an error.
const READ_BACK = 4000;
// How old the last description may be at the write. What others write after it is lost.
const OLDEST_LOOK = 1000;

/** A write that may still take effect, so its lease must run out by itself. */
export class UnresolvedWriteError extends AwsUnavailableError {}

interface Fault {
  $metadata?: { httpStatusCode?: number };
  cause?: unknown;
}

/** Whether AWS refused, so that nothing was written. After any other error, it may have been. */
export function isRefusal(error: unknown): boolean {
  const { $metadata, cause } = (error ?? {}) as Fault;
  const status = $metadata?.httpStatusCode ?? 0;
  return (status >= 400 && status < 500) || (cause !== undefined && isRefusal(cause));
}

/** What is about to be written. */
interface Writing {
  /** ARN of the execution that writes. */
  execution: string;
  /** The names of the user pools that it is about. */
  providerNames: ReadonlySet<string>;
}

/** Describes and writes an identity pool, under a lease. */
export class PoolWriter {
  readonly #tools: WriteTools;
  /** It records what is written, for its next holder. */
  readonly #lease: Lease;
  readonly #writing: Writing;
  /** When the pool was last described, in epoch milliseconds. */
  #looked = 0;
  #end: WriteEnd | undefined = 'not made';
  /** Whether a call was made under the lease. */
  #hasWritten = false;

  constructor(tools: WriteTools, lease: Lease, writing: Writing) {
    this.#tools = tools;
    this.#lease = lease;
    this.#writing = writing;
  }

  /** How the last write ended; undefined if unknown. */
  get end(): WriteEnd | undefined {
    return this.#end;
  }

  /** The pool as it is now. A state that may be from before our last write is read again. */
  async describe(): Promise<IdentityPool> {
    const { pool, left } = this.#tools;
    for (;;) {
      const found = await pool.describe(this.#writing.providerNames);
      this.#looked = Date.now();
      const { last } = this.#lease;
      const digest = digestOf(found);
      if (!isDoubtful(last, digest, Date.now())) {
        if (last?.result === digest) last.seen = true;
        return found;
      }
      if (left() < NEEDED_MS) {
        throw new PoolBusyError(
          'Cognito still shows the identity pool as it was before the last write. The request is tried again.',
        );
      }
      await sleep(300, 600);
    }
  }

  /**
   * Makes the necessary calls, and checks that each is visible before the next. Whatever stops it, the lease names
   * the unsettled write, and `end` says how far it came.
   *
   * @param key of the write, as it was recorded before it.
   * @throws PoolBusyError, VerificationError, UnresolvedWriteError and what AWS refuses.
   */
  async write(base: IdentityPool, wanted: IdentityPool, key: string): Promise<void> {
    this.#end = 'not made';
    const { writing } = this.#lease;
    const { execution } = this.#writing;
    let now = base;
    for (const call of callsBetween(base, wanted)) {
      // A write that was begun under this lease goes on, even if writes are paused meanwhile.
      const check = this.#hasWritten
        ? undefined
        : () => checkPause(execution, writing !== undefined);
      await this.#make(call, now, key, check);
      now = call.to;
      this.#end = 'made in part';
    }
    this.#end = 'read back';
  }

  /** Makes one call, and checks that it is visible. */
  async #make(
    call: Call,
    from: IdentityPool,
    key: string,
    check: () => Promise<void> = async () => {},
  ): Promise<void> {
    const { table, pool, left } = this.#tools;
    const lease = this.#lease;
    const { last, writing } = lease;
    const write: LastWrite = { base: digestOf(from), result: digestOf(call.to), at: Date.now() };
    // The last checks of the lease and of the pause are made in parallel, since the description of the pool grows
    // old.
    await Promise.all([table.lease.intend(lease, key, write), check()]);
    if (Date.now() - this.#looked > OLDEST_LOOK) {
      throw new PoolBusyError(
        'The table was slow, and the identity pool may have changed meanwhile, so the next call was not made. The request is tried again.',
      );
    }
    // A call that is sent later could take effect after the next writer has described the pool.
    if (left() < (this.#end === 'not made' ? NEEDED_MS : LATER_MS)) {
      throw new PoolBusyError(
        'There is too little time left to make the next call safely. The request is tried again.',
      );
    }
    Object.assign(lease, { last: write, writing: key });
    const end = this.#end;
    this.#end = undefined;
    try {
      await pool.make(call);
    } catch (error) {
      if (!isRefusal(error)) {
        await this.#resolve(call.to, write, last, error);
        this.#hasWritten = true;
        return;
      }
      this.#end = end;
      // What was unsettled before the call is still unsettled.
      Object.assign(lease, { last, writing });
      throw error;
    }
    this.#hasWritten = true;
    write.seen = true;
    await this.#readBack(call.to, write);
  }

  /** Checks that the pool shows exactly what was sent. */
  async #readBack(wanted: IdentityPool, write: LastWrite): Promise<void> {
    const { pool, left } = this.#tools;
    const until = Date.now() + READ_BACK;
    for (;;) {
      const now = await pool.describe(this.#writing.providerNames);
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

  /**
   * Finds out by reading whether a call without an answer took effect. It never assumes that.
   *
   * @param earlier the write before it. A call that takes that back leads to a state that Cognito may still show
   *   from before it, so what shows while it is in doubt says nothing.
   */
  async #resolve(
    wanted: IdentityPool,
    write: LastWrite,
    earlier: LastWrite | undefined,
    cause: unknown,
  ): Promise<void> {
    const { pool, left } = this.#tools;
    const until = Date.now() + READ_BACK;
    let isShown = false;
    while ((isShown || Date.now() < until) && left() > 1000) {
      const now = await pool.describe(this.#writing.providerNames).catch(() => undefined);
      this.#looked = Date.now();
      isShown = now !== undefined && sameSettings(now, wanted);
      if (isShown && !isDoubtful(earlier, write.result, this.#looked)) {
        Object.assign(write, { at: this.#looked, seen: true });
        return;
      }
      await sleep(200, 400);
    }
    throw new UnresolvedWriteError(
      `AWS did not say whether it has updated ${wanted.IdentityPoolId}, and the pool does not show it yet. The request is tried again once the lease has run out.`,
      { cause },
    );
  }
}
