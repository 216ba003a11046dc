import { UndoConflictError } from '../../core/errors.ts';
import { executionOf } from '../../core/execution.ts';
import { isFaulty, type TargetReport } from '../../core/request/outcome.ts';
import {
  checkLedger,
  type Done,
  doneBy,
  undoOperation,
  userPoolOf,
} from '../../core/request/undo.ts';
import type { Session } from '../session.ts';
import { Ledgers } from '../settings/ledgers.ts';
import type { Ending } from './ending.ts';
import { Executions } from './executions.ts';

/** What an undo is made of. */
interface Undo {
  /** ARN of the execution that is undone. */
  undoes: string;
  done: Done[];
  userPoolId: string;
}

/** The result that the undo itself would have in an identity pool. */
async function judged(
  result: TargetReport,
  { undoes, done, userPoolId }: Undo,
  { execution, ledgers }: { execution: string; ledgers: Ledgers },
): Promise<TargetReport> {
  const { identityPoolId, links } = result;
  const { changes } = done.find((each) => each.identityPoolId === identityPoolId) ?? {};
  if (isFaulty(result) || result.changes.length === 0 || !changes) return result;
  const ledger = await ledgers.readable(identityPoolId);
  // The write will tell.
  if (!ledger) return result;
  try {
    const intent = { operation: undoOperation(changes), takeBack: changes };
    checkLedger([...ledger.values()], { identityPoolId, userPoolId, undoes, intent }, execution);
    return result;
  } catch (error) {
    if (error instanceof UndoConflictError) {
      const { name, message } = error;
      const wouldFail = { error: name, message };
      return { identityPoolId, links, outcome: 'PLANNED', changes: [], wouldFail };
    }
    throw error;
  }
}

/**
 * The end of a dry run of an undo, with the identity pools where the undo itself would be refused: only the write reads
 * what others have written since.
 *
 * @param undoes ARN of the execution that is undone.
 */
export async function withUndoConflicts(
  ending: Ending,
  undoes: string,
  session: Session,
  stage: string,
): Promise<Ending> {
  if (!('output' in ending) || !Array.isArray(ending.output['results'])) return ending;
  const { execution, output } = ending;
  const done = doneBy(undoes, await new Executions(session, stage).read(undoes));
  const undo = { undoes, done, userPoolId: userPoolOf(done, executionOf(undoes).partition) };
  const where = { execution, ledgers: new Ledgers(session, stage) };
  const results: TargetReport[] = [];
  for (const each of ending.output['results'] as TargetReport[]) {
    results.push(await judged(each, undo, where));
  }
  return { ...ending, output: { ...output, results } };
}
