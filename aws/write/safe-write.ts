import { randomUUID } from 'node:crypto';
import { PoolBusyError } from '../../core/errors.ts';
import { WAIT_MS } from '../../core/write/lease.ts';
import { sleep } from '../pace/sleep.ts';
import type { PoolTable } from '../table/pool-table.ts';
import { CriticalSection } from './critical-section.ts';
import { isRetried } from './retried.ts';
import { answered, type WriteRequest, type WriteTools, type Written } from './write-request.ts';

/**
 * Waits until the lease is free or has another holder.
 *
 * @returns whether that happened in time.
 */
// Stryker disable next-line BlockStatement: it gives up at once, and the step is repeated.
async function changesHands(table: PoolTable, until: number): Promise<boolean> {
  const holder = await table.lease.holder();
  // Stryker disable next-line ConditionalExpression,EqualityOperator,LogicalOperator: the lease is tried sooner or later.
  for (let now = holder; now !== undefined && now === holder; now = await table.lease.holder()) {
    // Stryker disable next-line BooleanLiteral,ConditionalExpression,EqualityOperator: it gives up sooner or later, and the step is repeated.
    if (Date.now() > until) return false;
    await sleep(200, 600);
  }
  // Stryker disable next-line BooleanLiteral: the step is repeated a second later.
  return true;
}

/** Writes the request under a lease of its own, or waits until the holder of the lease has written it. */
async function written(request: WriteRequest, tools: WriteTools): Promise<Written> {
  const { execution, pending } = request;
  const { table } = tools;
  // Stryker disable next-line ArithmeticOperator: it gives up sooner, and the step is repeated.
  const until = Date.now() + WAIT_MS;
  for (let waits = false; ; waits = true) {
    const answer = await answered(request, table);
    if (answer) return answer;
    const lease = await table.lease.acquire(randomUUID(), execution);
    if (lease) return new CriticalSection(request, tools, lease).run();
    if (!waits && pending) await table.requests.leave(pending);
    // Stryker disable next-line BooleanLiteral,ConditionalExpression,EqualityOperator: it gives up sooner or later, and the step is repeated.
    if (Date.now() > until || !(await changesHands(table, until))) {
      throw new PoolBusyError(
        'Others are writing to the identity pool. This request waits with theirs and is tried again.',
      );
    }
  }
}

/**
 * Writes a request to its identity pool so that nothing is lost: one writer at a time, onto the pool as it is now,
 * for all requests that wait, and read back before anyone else may write.
 *
 * @throws PoolBusyError if others hold the lease for longer than a function should wait.
 * @throws ProviderQuotaError, VerificationError, AwsUnavailableError and what Account-B refuses.
 */
export async function writeSafely(request: WriteRequest, tools: WriteTools): Promise<Written> {
  const { table } = tools;
  const { pending } = request;
  try {
    return await written(request, tools);
  } catch (error) {
    if (pending && !isRetried(error)) await table.requests.forget(pending.key).catch(() => {});
    throw error;
  }
}
