import { isDenied } from '../../cli/denied.ts';
import { entriesIn } from '../../cli/executions/entries.ts';
import { Machines } from '../../cli/executions/machines.ts';
import { Failure } from '../../cli/output/exit.ts';
import type { ReconcileReport } from '../../cli/output/reconcile-table.ts';
import type { Session } from '../../cli/session.ts';
import { Ledgers } from '../../cli/settings/ledgers.ts';
import type { PoolEntries } from './protocol.ts';

/** Reads every entry of an identity pool: a reconcile that repairs nothing lists them, and the ledger knows who wrote them. */
export class Entries {
  readonly #session: Session;
  readonly #stage: string;
  readonly #machines: Machines;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#stage = stage;
    this.#machines = new Machines(session, stage);
  }

  /**
   * The entries of the identity pool of a link.
   *
   * @throws Failure if the identity pool could not be read.
   */
  async of(link: string): Promise<PoolEntries> {
    const asOf = new Date().toISOString();
    const input = { link, repair: false, allEntries: true };
    const execution = await this.#machines.start('reconcile', input);
    const ending = await this.#machines.follow(execution);
    const { identityPools = [] }: ReconcileReport =
      'output' in ending ? ending.output : ending.report;
    const read = (ledgers: Ledgers | undefined) => entriesIn(execution, identityPools, {}, ledgers);
    let ledgerDenied: string | undefined;
    const [pool] = await read(new Ledgers(this.#session, this.#stage)).catch((error: Error) => {
      if (!isDenied(error)) throw error;
      ledgerDenied = error.message;
      return read(undefined);
    });
    // A user pool that can't be listed hides nothing of the others.
    if (pool?.total !== undefined) {
      const { total } = pool;
      return { ...pool, total, asOf, ...(ledgerDenied !== undefined && { ledgerDenied }) };
    }
    const { error, message } = pool?.failure ?? ('error' in ending ? ending : NO_REPORT);
    throw new Failure(error, message);
  }
}

const NO_REPORT = {
  error: 'BrokenAnswerError',
  message: 'The reconcile ended without a report. Look at its execution for the reason.',
};
