import assert from 'node:assert/strict';
import type { Execution } from 'embedded-aws/services/states/machines.ts';
import {
  CLOCKS_MS,
  LATER_MS,
  LEASE_MS,
  NEEDED_MS,
  REPLACED_MS,
  UNKNOWN_MS,
  WRITER_SECONDS,
} from '../../core/write/lease.ts';
import { MAPPED, POOLS, USER_POOLS } from './accounts.ts';
import type { Script } from './script.ts';
import type { Stage } from './stage.ts';
import type { Outcome } from './suite.ts';

/** A delay of the network or of Cognito, and how long it may be. All times are in milliseconds. */
export interface Bound {
  name: string;
  /** By the times in the code, no write of ours is lost while the delay is at most this long. */
  derived: number;
  /** The smallest delay that was found to lose a write of ours. */
  found: number;
  /** The situation in which the smallest delay loses a write of ours. */
  play(stage: Stage, delay: number): Promise<void>;
}

const step = 'UpdateIdentityPool';
const describing = { step, call: 'cognito-identity:DescribeIdentityPool' };
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };
// The last check before a call that changes the identity pool.
const announcing = { step, call: 'dynamodb:UpdateItem', about: 'lastWrite' };

const WRITER_MS = 1000 * WRITER_SECONDS;
// A call of the table takes at most this long.
const TABLE = 10;
// An execution describes the identity pool within this time.
const UNTIL_DESCRIBED = 2000;

/**
 * Lets a call of a write be sent at the last moment at which it may be.
 *
 * @param looks how many descriptions of the identity pool to let through first, and how many calls.
 */
function sentLast(
  stage: Stage,
  by: Execution,
  { looks, calls, needed }: { looks: number; calls: number; needed: number },
) {
  const until = (time: number) => () => stage.sleep(stage.began(by, step) + time - stage.now());
  const last = WRITER_MS - needed - TABLE;
  stage.before({ ...describing, by, after: looks }, until(last - 900));
  stage.before({ ...announcing, by, after: calls }, until(last));
}

/** What takes effect late, and who writes after it. */
interface Late {
  cut: Execution;
  /** The app client that is linked next. */
  other: string;
  userPoolId: string;
  poolId: string;
}

/** An update that is cut off and takes effect late, and a write as soon as its lease can be taken. */
async function lateUpdate(stage: Stage, { cut, other, ...at }: Late, delay: number) {
  const { userPoolId, poolId } = at;
  stage.setClock(cut, -CLOCKS_MS / 2);
  stage.failing({ ...updating, by: cut }, () => {
    // Otherwise the next writer would doubt the state that the late update replaces.
    void stage.sleep(200).then(() => stage.rename('renamed', poolId));
    return { arrivesAfter: delay };
  });
  await stage.thrown(cut, 'AwsUnavailableError');
  assert.equal(stage.attempts(cut, step), 1, 'the update was sent by a later attempt');
  stage.stop(cut);
  const free = (await stage.leaseExpiry(poolId)) - CLOCKS_MS / 2;
  await stage.sleep(free - stage.now() - UNTIL_DESCRIBED);
  const next = await stage.tell('link', other, userPoolId);
  stage.setClock(next, CLOCKS_MS / 2);
  // Its first call of the table comes right before it takes the lease.
  stage.before({ step, call: 'dynamodb:GetItem', by: next }, () => stage.sleep(free - stage.now()));
  await stage.said(next);
  await stage.sleep(delay);
}

/**
 * A write, and one after it to which Cognito shows the identity pool as it was some time ago.
 *
 * @param before what happens before the first write.
 * @param doubt how long the first write's predecessor is doubted.
 */
async function oldState(
  stage: Stage,
  { doubt, before }: { doubt: number; before: () => void },
  delay: number,
) {
  const [one, other] = [await stage.createClient(), await stage.createClient()];
  const written = await stage.tell('link', one);
  stage.before({ ...describing, by: written }, before);
  await stage.said(written);
  const believed = (await stage.lastWrite()).at + doubt - CLOCKS_MS;
  await stage.sleep(believed - stage.now() - UNTIL_DESCRIBED);
  const next = await stage.tell('link', other);
  stage.setClock(next, CLOCKS_MS);
  stage.before({ ...describing, by: next }, async () => {
    await stage.sleep(believed - stage.now());
    stage.showPast(delay);
  });
  stage.before({ ...updating, by: next }, () => stage.showOld(0));
  await stage.said(next);
}

/** How late an update may take effect and how old a shown state may be, each with the situation that finds it. */
export const bounds = {
  late: {
    name: 'an update takes effect after it was sent',
    derived: LEASE_MS - (WRITER_MS - NEEDED_MS) - CLOCKS_MS,
    found: 14_150,
    async play(stage, delay) {
      const [late, other] = [await stage.createClient(), await stage.createClient()];
      const cut = await stage.tell('link', late);
      sentLast(stage, cut, { looks: 0, calls: 0, needed: NEEDED_MS });
      await lateUpdate(stage, { cut, other, userPoolId: USER_POOLS[0], poolId: POOLS[0] }, delay);
    },
  },
  later: {
    name: 'an update after other calls of its write takes effect after it was sent',
    derived: LEASE_MS - (WRITER_MS - LATER_MS) - CLOCKS_MS,
    found: 11_180,
    async play(stage, delay) {
      const { userPool: userPoolId, pool: poolId } = MAPPED;
      const create = () => stage.createClient(userPoolId);
      const [late, other] = [await create(), await create()];
      await stage.said(await stage.tell('link', late, userPoolId));
      // The principal tags and the role mapping are removed before the entry.
      const cut = await stage.ask('unlink', late, userPoolId);
      stage.before({ ...describing, by: cut }, () => stage.sleep(8000));
      sentLast(stage, cut, { looks: 1, calls: 2, needed: LATER_MS });
      await lateUpdate(stage, { cut, other, userPoolId, poolId }, delay);
    },
  },
  old: {
    name: 'Cognito shows a state that is no more',
    derived: UNKNOWN_MS - CLOCKS_MS,
    found: 5520,
    play: (stage, delay) =>
      oldState(stage, { doubt: UNKNOWN_MS, before: () => stage.rename('renamed') }, delay),
  },
  replaced: {
    name: 'Cognito shows the state before our last write',
    derived: REPLACED_MS - CLOCKS_MS,
    found: 18_230,
    play: (stage, delay) => oldState(stage, { doubt: REPLACED_MS, before: () => {} }, delay),
  },
} satisfies Record<string, Bound>;

/** A bound's situation with a delay, as a script. */
export const scriptOf = ({ name, play }: Bound, delay: number): Script => ({
  name: `${name}, ${delay} ms`,
  mistakes: [],
  play: (stage) => play(stage, delay),
});

// In milliseconds: the search first tries delays this far apart, and ends when it knows the bound this exactly.
const APART = 1000;
const EXACT = 10;
// In milliseconds: an update that takes effect sooner is read back, and the longest delay to try.
const SHORTEST = 5000;
const LONGEST = 40_000;

/**
 * Finds the smallest delay that loses a write of ours: first in large steps, since a longer delay need not lose one
 * too, and then by bisection.
 *
 * @param run plays a bound's situation with a delay.
 * @returns undefined if none of the delays that it tried does.
 * @throws Error if the situation does not come about.
 */
export async function smallestLoss(
  run: (delay: number) => Promise<Pick<Outcome, 'lost' | 'violations'>>,
): Promise<number | undefined> {
  const loses = async (delay: number) => {
    const { lost, violations } = await run(delay);
    if (lost === 0 && violations.length > 0) throw new Error(`${delay}: ${violations.join('; ')}`);
    return lost > 0;
  };
  let lost = SHORTEST;
  while (!(await loses(lost))) {
    lost += APART;
    if (lost > LONGEST) return undefined;
  }
  let kept = lost - APART;
  while (lost - kept > EXACT) {
    const middle = Math.round((kept + lost) / 2);
    if (await loses(middle)) lost = middle;
    else kept = middle;
  }
  return lost;
}
