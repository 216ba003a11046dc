import { entryKey } from '../../core/identity-pool/identity-pool.ts';
import type { Finding } from '../../core/reconcile/classify.ts';
import { isMade, type Restore, restoreOf } from '../../core/reconcile/restore.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import { logger } from '../lambda/logger.ts';
import { inParallel } from '../pace/in-parallel.ts';
import type { PoolTable } from '../table/pool-table.ts';

/**
 * The restores of one execution in an identity pool. Each is noted before the write, so that a write that is cut off
 * counts too. A note is withdrawn only if it is certain that nothing was written.
 */
export class Restoring {
  readonly #table: PoolTable;
  readonly #execution: string;
  /** The notes on entries as they were before, by key. */
  readonly #last: ReadonlyMap<string, Restore>;
  readonly #noted = new Map<string, Restore>();

  /** @param last the notes on entries, by key. */
  constructor(table: PoolTable, execution: string, last: ReadonlyMap<string, Restore>) {
    this.#table = table;
    this.#execution = execution;
    this.#last = last;
  }

  /**
   * Notes what is about to be restored.
   *
   * @returns the findings without the repairs that another execution has noted at the same time.
   */
  async note(findings: Finding[]): Promise<Finding[]> {
    const others = new Set<Finding>();
    const due = findings.flatMap((finding) => {
      const { lost, repair } = finding;
      return lost && repair ? [{ finding, lost }] : [];
    });
    await inParallel(due, async ({ finding, lost }) => {
      const key = entryKey(lost);
      const last = this.#last.get(key);
      const restore = restoreOf(last, lost, { execution: this.#execution, now: Date.now() });
      if (await this.#table.restores.note(restore, last)) this.#noted.set(key, restore);
      else others.add(finding);
    });
    return findings.map((finding) => {
      const { repair: _, ...left } = finding;
      return others.has(finding) ? left : finding;
    });
  }

  /**
   * Withdraws the notes on what was not written, unless the write is unsettled. A note that can't be withdrawn counts
   * as a restore.
   */
  async settle(): Promise<void> {
    try {
      if (this.#noted.size > 0) await this.#withdraw();
    } catch (error) {
      // Stryker disable next-line CallExpression: only the log changes.
      logger.warn('restores that were not made are counted', error as Error);
    }
  }

  async #withdraw(): Promise<void> {
    const { unsettled } = await this.#table.lease.written();
    const write = unsettled && (await this.#table.writes.recorded(unsettled.write));
    if (write?.record.execution === this.#execution) return;
    const ledger = await this.#table.ledger.all();
    const entries = new Map(ledger.map((entry) => [entryKey(entry), entry]));
    const unmade = [...this.#noted].filter(([key, restore]) => !isMade(restore, entries.get(key)));
    await inParallel(unmade, ([key, restore]) =>
      this.#table.restores.withdraw(restore, this.#last.get(key)),
    );
  }

  /** What this execution has restored, in earlier attempts too. */
  made(ledger: LedgerEntry[]): Restore[] {
    const entries = new Map(ledger.map((entry) => [entryKey(entry), entry]));
    const all = new Map([...this.#last, ...this.#noted]);
    return [...all.values()].filter(
      (restore) =>
        restore.execution === this.#execution && isMade(restore, entries.get(entryKey(restore))),
    );
  }
}
