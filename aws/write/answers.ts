import { shownChanges } from '../../core/identity-pool/changes.ts';
import { entryKey, type IdentityPool } from '../../core/identity-pool/identity-pool.ts';
import type { Intent } from '../../core/identity-pool/merge.ts';
import { short } from '../../core/identity-pool/roles.ts';
import type { Batch, Share } from '../../core/write/batch.ts';
import { turnsOf } from '../../core/write/order.ts';
import {
  type Allowed,
  type Answer,
  type LedgerEntry,
  ledgerEntriesOf,
  mayBeSettled,
  settledBy,
  type WriteRecord,
  type WrittenShare,
} from '../../core/write/records.ts';
import { inParallel } from '../pace/in-parallel.ts';
import type { PoolTable } from '../table/pool-table.ts';

/** A request and its answer. */
export interface Answering {
  key: string;
  intent: Intent;
  answer: Answer;
}

/** An intent with a digest in place of its role mapping, since the table has little room. */
const inShort = ({ roleMapping, ...intent }: Intent): Intent =>
  roleMapping ? { ...intent, roleMapping: short(roleMapping) } : intent;

/** The shares that are not refused, with their requests. */
export function sharesOf(
  asked: Allowed[],
  { shares, cancelled }: Batch,
  room: number,
): WrittenShare[] {
  return asked.flatMap((request, i): WrittenShare[] => {
    const share = shares[i];
    if (!share || 'refused' in share) return [];
    const intent = inShort(request.intent);
    const written = { ...request, intent, changes: shownChanges(share.changes, room) };
    const unseen = shownChanges(cancelled[i] ?? [], room);
    return [unseen.length > 0 ? { ...written, cancelled: unseen } : written];
  });
}

/** A request that was written, and its answer. */
export function answeringOf(write: string, share: WrittenShare): Answering {
  const { key, intent, changes, cancelled } = share;
  return { key, intent, answer: cancelled ? { write, changes, cancelled } : { write, changes } };
}

/** All requests of a write, in their order, with their answers: written or refused. */
export function answersOf(
  write: string,
  asked: Allowed[],
  shares: Share[],
  written: WrittenShare[],
): Answering[] {
  const made = new Map(written.map((share) => [share.key, answeringOf(write, share)]));
  return asked.flatMap(({ key, intent }, i) => {
    const share = shares[i];
    if (!share || !('refused' in share)) return made.get(key) ?? [];
    const { key: _, ...answer } = share;
    return { key, intent, answer };
  });
}

/** Gives answers. Those about one entry are given in the order of their requests. */
export async function giveAnswers(table: PoolTable, answers: Answering[]): Promise<void> {
  for (const turn of turnsOf(answers)) {
    await inParallel(turn, ({ key, answer }) => table.requests.answer(key, answer));
  }
}

/** Records a write in the ledger. */
export async function enter(
  table: PoolTable,
  { sequence }: WriteRecord,
  shares: WrittenShare[],
  gone: LedgerEntry[] = [],
): Promise<void> {
  const now = Date.now();
  // The entries are written in parallel, so keep only the last one about each entry.
  const last = new Map(
    [...gone, ...shares.flatMap((share) => ledgerEntriesOf(share, sequence, now))].map((entry) => [
      entryKey(entry),
      entry,
    ]),
  );
  const entries = [...last.values()];
  await inParallel(entries, (entry) => table.ledger.enter(entry));
}

/** The ledger entries of what was to be unlinked and others removed before. */
export async function goneAlready(
  table: PoolTable,
  { sequence }: WriteRecord,
  shares: WrittenShare[],
  after: IdentityPool,
): Promise<LedgerEntry[]> {
  const at = { sequence, time: Date.now() };
  const gone: LedgerEntry[] = [];
  for (const share of shares.filter(mayBeSettled)) {
    const ledger = await table.ledger.ofUserPool(share.intent.providerName);
    gone.push(...settledBy(share, after, ledger, at));
  }
  return gone;
}
