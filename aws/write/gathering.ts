import type { Allowed, Pending } from '../../core/write/records.ts';
import { logger } from '../lambda/logger.ts';
import { inParallel } from '../pace/in-parallel.ts';
import { sleep } from '../pace/sleep.ts';
import type { PoolTable } from '../table/pool-table.ts';
import type { WriteRequest, WriteTools } from './write-request.ts';

// Where others wait already, a moment more lets those join who come at the same time; one after the
// other, as long as each brings more. In milliseconds.
const GATHER = 500;
const GATHER_LONGEST = 1500;
// As many as are judged, entered and answered while the lease lasts.
const TOGETHER = 200;

/** The waiting requests, once no other has joined them for a moment. */
async function waitingWith({ pending }: WriteRequest, table: PoolTable): Promise<Pending[]> {
  const until = Date.now() + GATHER_LONGEST;
  for (let waiting = await table.waiting(); ; ) {
    const others = waiting.filter(({ key }) => key !== pending?.key).length;
    if (others === 0 || others >= TOGETHER || Date.now() >= until) return waiting;
    await sleep(GATHER);
    const before = waiting.length;
    waiting = await table.waiting();
    if (waiting.length <= before) return waiting;
  }
}

/** A request may have been left while it was answered: it must not be done once more, and later. */
async function unanswered(pending: Pending[], table: PoolTable): Promise<Pending[]> {
  const answered = new Set<Pending>();
  await inParallel(pending, async (each) => {
    if (!(await table.answerTo(each.key))) return;
    answered.add(each);
    await table.forget(each.key);
  });
  return pending.filter((each) => !answered.has(each));
}

/**
 * The own request and those that wait and are allowed, in the order in which they came.
 *
 * @param until when the others must have been held against links.yml, in epoch milliseconds.
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
    if (pending.length === 0) return own;
    const allowed = new Map((await allow(pending, until)).map((each) => [each.key, each]));
    const inOrder = waiting.flatMap(({ key }) =>
      key === mine?.key ? own : (allowed.get(key) ?? []),
    );
    if (own.some((each) => inOrder.includes(each))) return inOrder;
    // A repair of reconcile is older than what is asked for meanwhile: it must not come after that.
    return answerKey === undefined ? [...own, ...inOrder] : [...inOrder, ...own];
  } catch (error) {
    logger.warn('others are left waiting', error as Error);
    return own;
  }
}
