import links from '#links';
import { type OpenIdentityPool, openIdentityPool } from '../aws/clients/identity-pool.ts';
import { step } from '../aws/lambda/step.ts';
import { sleep } from '../aws/pace/sleep.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import { VerificationError } from '../core/errors.ts';
import { executionOf } from '../core/execution.ts';
import { type Change, isEntryChange } from '../core/identity-pool/changes.ts';
import { digestOf, type IdentityPool, shown } from '../core/identity-pool/identity-pool.ts';
import { merge } from '../core/identity-pool/merge.ts';
import { namesIn } from '../core/issuer.ts';
import { accessTo } from '../core/links/coverage.ts';
import {
  isSuperseded,
  maySettle,
  type Result,
  ROUNDS,
  roomOf,
  type Target,
  type TargetEvent,
  withBeside,
  withChangesSince,
} from '../core/request/target.ts';
import { asApproved, linkedSince } from '../core/request/target-now.ts';
import { isDoubtful } from '../core/write/lease.ts';

// How often, and how many milliseconds apart, a pool is read that does not show what it should; and how often
// one that may be shown as it was, which is longer than any state but the replaced one is doubted.
const READS = 4;
const DOUBTFUL_READS = 10;
const APART = 700;

/** What the pool would need to show what the result says; of a client that is gone, nothing. */
const missingIn = (pool: IdentityPool, { intent }: Target, { outcome }: Result): Change[] =>
  intent.operation === 'link' && outcome === 'NOT_LINKED' ? [] : merge(pool, intent);

/** An identity pool as Cognito shows it. */
interface Shown {
  now: IdentityPool;
  /** Whether Cognito may still show it as it was before the last write of ours. */
  isDoubtful: boolean;
}

/** The pool as it is, read again where it may be shown as it was; what is not doubted counts more. */
async function readPool(
  pool: OpenIdentityPool,
  table: PoolTable,
  { intent }: Target,
  missing: (now: IdentityPool) => Change[],
): Promise<Shown> {
  let trusted: Shown | undefined;
  for (let reads = 1; ; reads++) {
    const now = await pool.describe(namesIn(intent));
    const { last } = await table.written();
    const read: Shown = { now, isDoubtful: isDoubtful(last, digestOf(now), Date.now()) };
    if (!read.isDoubtful) trusted = read;
    if (trusted === read && missing(now).length === 0) return read;
    if (trusted && reads >= READS) return trusted;
    if (reads === DOUBTFUL_READS) return read;
    await sleep(APART);
  }
}

/** What is beside an entry goes and comes with it, so the entries alone say whose later word counts. */
async function areSuperseded(missing: Change[], table: PoolTable, execution: string) {
  const entries = missing.filter(isEntryChange);
  if (entries.length === 0) return false;
  for (const change of entries) {
    const entry = await table.ledgerEntry(change.provider);
    if (!isSuperseded(change, entry, execution)) return false;
  }
  return true;
}

/** Whether a write that no one has seen the end of, and that no one works on, is left to this execution. */
async function isLeftToSettle(
  { target, attempt, result }: TargetEvent & { result: Result },
  table: PoolTable,
): Promise<boolean> {
  if (attempt >= ROUNDS || !maySettle(target, result)) return false;
  const { unsettled } = await table.written();
  return unsettled !== undefined && !unsettled.isHeld;
}

/** Reads the pool once more, later and with new credentials: is our entry there? */
export const handler = step(
  async (event: TargetEvent & { result: Result }): Promise<{ result: Result; again: boolean }> => {
    const { execution, target: resolved, attempt, shown: approved, result } = event;
    const target = asApproved(withBeside(links, resolved), approved);
    const { identityPoolId } = target;
    const access = accessTo(links, identityPoolId);
    const table = new PoolTable(identityPoolId);
    const pool = await openIdentityPool(executionOf(execution), identityPoolId, access, 'read');
    const read = await readPool(pool, table, target, (shown) => missingIn(shown, target, result));
    const { now } = read;
    const missing = missingIn(now, target, result);
    // What this execution found to be there already, it can't have had undone by a later request.
    const done =
      missing.length === 0 ||
      (result.changes.length > 0 && (await areSuperseded(missing, table, execution)));
    // Only so often: a foreign writer may have brought that very state back.
    if (done && read.isDoubtful && attempt < ROUNDS) return { result, again: true };
    if (done && (await isLeftToSettle(event, table))) {
      return { result: { ...result, unsettled: true }, again: true };
    }
    if (done) {
      const since = linkedSince(now, target);
      const verified = withChangesSince(result, shown(now, roomOf(target)));
      return {
        result: since.length > 0 ? { ...verified, linkedSince: since } : verified,
        again: false,
      };
    }
    if (attempt < ROUNDS) return { result, again: true };
    throw new VerificationError(
      `The identity pool ${identityPoolId} does not keep what is written to it: after ${ROUNDS} rounds it is gone again. Look in Account-B's CloudTrail for who else writes to it. What is missing: ${JSON.stringify(missing).slice(0, 2000)}`,
    );
  },
);
