import links from '#links';
import { type OpenIdentityPool, openIdentityPool } from '../aws/clients/identity-pool.ts';
import { step } from '../aws/lambda/step.ts';
import { sleep } from '../aws/pace/sleep.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import { VerificationError } from '../core/errors.ts';
import { executionOf } from '../core/execution.ts';
import { type Change, isEntryChange } from '../core/identity-pool/changes.ts';
import { digestOf } from '../core/identity-pool/digest.ts';
import type { IdentityPool } from '../core/identity-pool/identity-pool.ts';
import { merge } from '../core/identity-pool/merge.ts';
import { shown } from '../core/identity-pool/shown-pool.ts';
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

// How often a pool is read that does not show what it should, and how many milliseconds apart. One that Cognito may
// show in an old state is read more often: for longer than any state but the replaced one is doubted.
const READS = 4;
const DOUBTFUL_READS = 10;
const APART = 700;

/** The changes that the pool does not show yet; none for a client that is gone. */
const missingIn = (pool: IdentityPool, { intent }: Target, { outcome }: Result): Change[] =>
  intent.operation === 'link' && outcome === 'NOT_LINKED' ? [] : merge(pool, intent);

/** An identity pool as Cognito shows it. */
interface Shown {
  now: IdentityPool;
  /** Whether Cognito may still show the pool as it was before our last write. */
  isDoubtful: boolean;
}

/**
 * Reads the pool until it shows what it should, a limited number of times. A description that is not doubted takes
 * precedence.
 */
async function readUntilShown(
  pool: OpenIdentityPool,
  table: PoolTable,
  { intent }: Target,
  missing: (now: IdentityPool) => Change[],
): Promise<Shown> {
  let trusted: Shown | undefined;
  for (let reads = 1; ; reads++) {
    const now = await pool.describe(namesIn(intent));
    const { last } = await table.lease.written();
    const read: Shown = { now, isDoubtful: isDoubtful(last, digestOf(now), Date.now()) };
    if (!read.isDoubtful) trusted = read;
    if (trusted === read && missing(now).length === 0) return read;
    if (trusted && reads >= READS) return trusted;
    if (reads === DOUBTFUL_READS) return read;
    await sleep(APART);
  }
}

/**
 * Whether later requests have undone the missing changes. Only entries say so: role mappings and tags come and go
 * with them.
 */
async function areSuperseded(missing: Change[], table: PoolTable, execution: string) {
  const entries = missing.filter(isEntryChange);
  if (entries.length === 0) return false;
  for (const change of entries) {
    const entry = await table.ledger.entry(change.provider);
    if (!isSuperseded(change, entry, execution)) return false;
  }
  return true;
}

/** Whether this execution must settle an unsettled write that no one is working on. */
async function isLeftToSettle(
  { target, attempt, result }: TargetEvent & { result: Result },
  table: PoolTable,
): Promise<boolean> {
  if (attempt >= ROUNDS || !maySettle(target, result)) return false;
  const { unsettled } = await table.lease.written();
  return unsettled !== undefined && !unsettled.isHeld;
}

/** Reads the pool once more, later and with new credentials, and checks that our entry is there. */
export const handler = step(
  async (event: TargetEvent & { result: Result }): Promise<{ result: Result; again: boolean }> => {
    const { execution, target: resolved, attempt, shown: approved, result } = event;
    const target = asApproved(withBeside(links, resolved), approved);
    const { identityPoolId } = target;
    const access = accessTo(links, identityPoolId);
    const table = new PoolTable(identityPoolId);
    const pool = await openIdentityPool(executionOf(execution), identityPoolId, access, 'read');
    const read = await readUntilShown(pool, table, target, (shown) =>
      missingIn(shown, target, result),
    );
    const { now } = read;
    const missing = missingIn(now, target, result);
    // A later request can't have undone what this execution found to be there already.
    const done =
      missing.length === 0 ||
      (result.changes.length > 0 && (await areSuperseded(missing, table, execution)));
    // Only a limited number of times, since a foreign writer may have restored that very state. What a later request
    // has undone stays so: another round would make it again.
    if (missing.length === 0 && read.isDoubtful && attempt < ROUNDS) return { result, again: true };
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
      `The identity pool ${identityPoolId} does not keep what is written to it. It was gone again after ${ROUNDS} rounds. Look in Account-B's CloudTrail for who else writes to it. What is missing: ${JSON.stringify(missing).slice(0, 2000)}`,
    );
  },
);
