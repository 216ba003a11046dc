import type { Allowed, Pending } from '../../core/write/records.ts';
import { logger } from '../lambda/logger.ts';
import { inParallel } from '../pace/in-parallel.ts';
import { sleep } from '../pace/sleep.ts';
import type { PoolTable } from '../table/pool-table.ts';
import type { WriteRequest, WriteTools } from './write-request.ts';

// In milliseconds. If others wait already, a moment more lets those join that come at the same time, as long as
// each wait brings more.
const GATHER = 500;
const GATHER_LONGEST = 1500;
// As many as can be judged, recorded and answered while the lease lasts.
const TOGETHER = 200;

/** The waiting requests, after a moment in which no other has joined them. */
async function waitingWith({ pending }: WriteRequest, table: PoolTable): Promise<Pending[]> {
  const until = Date.now() + GATHER_LONGEST;
  for (let waiting = await table.requests.waiting(); ; ) {
    // Stryker disable next-line ConditionalExpression,MethodExpression: it waits a moment more, or less.
    const others = waiting.filter(({ key }) => key !== pending?.key).length;
    // Stryker disable next-line ConditionalExpression,EqualityOperator: it waits a moment more, or less.
    if (others === 0 || others >= TOGETHER || Date.now() >= until) return waiting;
    await sleep(GATHER);
    const before = waiting.length;
    waiting = await table.requests.waiting();
    // Stryker disable next-line ConditionalExpression,EqualityOperator: it waits a moment more, or less.
    if (waiting.length <= before) return waiting;
  }
}

/**
 * The requests without an answer. A request may have been left while it was answered. It must not be done again,
 * and later.
 */
async function unanswered(pending: Pending[], table: PoolTable): Promise<Pending[]> {
  const answered = new Set<Pending>();
  await inParallel(pending, async (each) => {
    if (!(await table.requests.answerTo(each.key))) return;
    answered.add(each);
    // Stryker disable next-line CallExpression: it is left out again each time, until it expires.
    await table.requests.forget(each.key);
  });
  return pending.filter((each) => !answered.has(each));
}

/**
 * This request and the allowed ones that wait, in the order in which they came.
 *
 * @param until when the others must have been compared with links.yml, in epoch milliseconds.
 */
export async function gather(
  request: WriteRequest,
  { table, allow }: WriteTools,
  until: number,
): Promise<Allowed[]> {
  const { own, answerKey, pending: mine } = request;
  const waiting = (await waitingWith(request, table)).slice(0, TOGETHER);
  try {
    const others = waiting.filter(({ key }) => key !== mine?.key);
    const pending = await unanswered(others, table);
    const allowed = new Map((await allow(pending, until)).map((each) => [each.key, each]));
    const inOrder = waiting.flatMap(({ key }) =>
      key === mine?.key ? own : (allowed.get(key) ?? []),
    );
    if (own.some((each) => inOrder.includes(each))) return inOrder;
    // A repair of reconcile is older than requests that were made in the meantime, so it must not come after them.
    return answerKey === undefined ? [...own, ...inOrder] : [...inOrder, ...own];
  } catch (error) {
    // Stryker disable next-line CallExpression: only the log changes.
    logger.warn('others are left waiting', error as Error);
    return own;
  }
}
