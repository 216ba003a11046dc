import { randomUUID } from 'node:crypto';
import { PoolBusyError } from '../../core/errors.ts';
import { sleep } from '../pace/sleep.ts';
import type { PoolTable } from '../table/pool-table.ts';
import { CriticalSection } from './critical-section.ts';
import { goesOn } from './pool-writer.ts';
import { answered, type WriteRequest, type WriteTools, type Written } from './write-request.ts';

// In milliseconds. Waiting inside the function is short: the state machine waits better.
const WAIT = 2000;

/** Waits until the lease is free or another's; whether that happens in time. */
async function changesHands(table: PoolTable, until: number): Promise<boolean> {
  const holder = await table.holder();
  for (let now = holder; now !== undefined && now === holder; now = await table.holder()) {
    if (Date.now() > until) return false;
    await sleep(200, 600);
  }
  return true;
}

/** The request, once it is written: under a lease of its own, or by the holder of the lease. */
async function written(request: WriteRequest, tools: WriteTools): Promise<Written> {
  const { execution, pending } = request;
  const { table } = tools;
  const until = Date.now() + WAIT;
  for (let waits = false; ; waits = true) {
    const answer = await answered(request, table);
    if (answer) return answer;
    const lease = await table.acquire(randomUUID(), execution);
    if (lease) return new CriticalSection(request, tools, lease).run();
    if (!waits && pending) await table.leave(pending);
    if (Date.now() > until || !(await changesHands(table, until))) {
      throw new PoolBusyError(
        'Others are writing to the identity pool; this request waits with theirs and is asked for again.',
      );
    }
  }
}

/**
 * Writes a request to its identity pool so that nothing is lost: one writer at a time, onto what is
 * there now, for everyone who waits, read back before anyone else may write.
 *
 * @throws PoolBusyError when the pool is somebody else's for longer than a function should wait.
 * @throws ProviderQuotaError, VerificationError, AwsUnavailableError and what Account-B refuses.
 */
export async function writeSafely(request: WriteRequest, tools: WriteTools): Promise<Written> {
  const { table } = tools;
  const { pending } = request;
  try {
    return await written(request, tools);
  } catch (error) {
    if (pending && !goesOn(error)) await table.forget(pending.key).catch(() => {});
    throw error;
  }
}
