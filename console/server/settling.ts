import { withUndoConflicts } from '../../cli/executions/undo-conflicts.ts';
import type { Session } from '../../cli/session.ts';
import { Ledgers } from '../../cli/settings/ledgers.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { isObject, parsedJson } from '../../core/shape.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import type { ResultView } from './protocol.ts';

/** What an unlink does where others have removed the entry already. */
export const SETTLES =
  'An identity pool that shows no change has no entry of this app client. If others removed it, the ledger then records that it stays away: no repair links it, and a person can link it again.';

const NOT_KEPT_AWAY =
  'There is no entry to take back. If others removed it, an undo does not keep it away: a repair links it again if its link says onRemoved: restore. To keep it away, unlink the app client.';

/**
 * Whether the ledger of an identity pool has an entry as linked that the identity pool does not hold; also if the caller
 * may not read the ledger.
 *
 * @param result that a request would have there.
 * @param isMeant whether the request is about an entry of the ledger.
 */
async function isKeptAsLinked(
  ledgers: Ledgers,
  { identityPoolId, outcome }: ResultView,
  isMeant: (entry: LedgerEntry) => boolean,
): Promise<boolean> {
  if (outcome !== 'NOT_LINKED' || identityPoolId === undefined) return false;
  const ledger = await ledgers.readable(identityPoolId);
  if (!ledger) return true;
  return [...ledger.values()].some((entry) => entry.state === 'linked' && isMeant(entry));
}

/**
 * Whether an unlink changes the ledger of an identity pool that does not hold the entry.
 *
 * @param results those that the unlink would have.
 */
export async function maySettle(
  session: Session,
  stage: string,
  results: ResultView[],
  isMeant: (entry: LedgerEntry) => boolean,
): Promise<boolean> {
  const ledgers = new Ledgers(session, stage);
  for (const result of results) {
    if (await isKeptAsLinked(ledgers, result, isMeant)) return true;
  }
  return false;
}

/** The results of an undo. Those without an entry to take back say that a repair may link it again. */
export async function undoResults(
  session: Session,
  stage: string,
  results: ResultView[],
  undone: string,
): Promise<ResultView[]> {
  const ledgers = new Ledgers(session, stage);
  const all: ResultView[] = [];
  for (const result of results) {
    const isKept = await isKeptAsLinked(ledgers, result, (entry) => entry.execution === undone);
    all.push(isKept ? { ...result, message: NOT_KEPT_AWAY } : result);
  }
  return all;
}

/**
 * The end of the dry run of an undo, with what has been changed since by other executions: only the write itself reads
 * that.
 */
export async function withConflicts(
  session: Session,
  stage: string,
  described: DescribedExecution,
  undone: string,
): Promise<DescribedExecution> {
  const output = parsedJson(described.output ?? '');
  if (!isObject(output)) return described;
  const ending = { execution: described.execution, status: described.status, output };
  const judged = await withUndoConflicts(ending, undone, session, stage);
  return 'output' in judged ? { ...described, output: JSON.stringify(judged.output) } : described;
}
