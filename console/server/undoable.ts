import type { Executions } from '../../cli/executions/executions.ts';
import { summaryOf } from '../../cli/executions/summary.ts';
import type { Ledgers } from '../../cli/settings/ledgers.ts';
import type { AuditRecord, DescribedExecution } from '../../core/audit/audit.ts';
import { type Done, doneBy, overtaken } from '../../core/request/undo.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import type { ExecutionView } from './protocol.ts';

type Undoable = Pick<ExecutionView, 'isUndoable' | 'notUndoable'>;

const NOTHING: Undoable = { isUndoable: false };

/** What an execution says that it changed; undefined if it does not say. */
function doneIn({ execution, ...end }: DescribedExecution): Done[] | undefined {
  try {
    return doneBy(execution, end);
  } catch {
    return undefined;
  }
}

const didWrite = ({ outcome, changes }: AuditRecord): boolean =>
  (outcome === 'LINKED' || outcome === 'UNLINKED') && changes.length > 0;

type Later = LedgerEntry | 'unknown';

/** What has been written since about what an execution changed in an identity pool; none if that is not known. */
async function laterIn(
  { identityPoolId, changes }: Done,
  execution: string,
  ledgers: Ledgers,
): Promise<Later[]> {
  const ledger = await ledgers.readable(identityPoolId);
  return ledger ? overtaken(changes, ledger, [execution]).map((each) => each.ledger) : [];
}

/** Why an execution can't be undone whose every identity pool has been written to since. */
async function overtakenBy(
  later: Later[],
  execution: string,
  executions: Executions,
): Promise<Undoable> {
  const [last] = later
    .flatMap((each) => (each === 'unknown' ? [] : [each]))
    .sort((a, b) => b.time - a.time);
  if (!last) {
    const sentence = "The ledger no longer has what it changed, so it can't be undone.";
    return { isUndoable: false, notUndoable: { sentence } };
  }
  const { execution: by } = last;
  const undoes = await executions.read(by).then(
    (described) => summaryOf(described).undoes,
    () => undefined,
  );
  const sentence =
    undoes === execution
      ? 'It has been undone.'
      : "Another execution has since changed the same entries, so it can't be undone.";
  return { isUndoable: false, notUndoable: { sentence, execution: by } };
}

/**
 * Whether an undo of an execution that has ended would have anything to take back and, if it has not, why.
 *
 * @param records what the execution did.
 */
export async function undoableOf(
  described: DescribedExecution,
  records: AuditRecord[],
  { executions, ledgers }: { executions: Executions; ledgers: Ledgers },
): Promise<Undoable> {
  const { machine, stopped, execution, status } = described;
  if (machine !== 'link' || stopped === undefined || !records.some(didWrite)) return NOTHING;
  const done = doneIn(described);
  if (!done) {
    const how = status === 'ABORTED' ? 'was aborted' : 'ended early';
    const sentence = `It ${how} and does not say itself what it changed, so it can't be undone. Link or unlink by hand.`;
    return { isUndoable: false, notUndoable: { sentence } };
  }
  const later: Later[][] = [];
  for (const each of done) later.push(await laterIn(each, execution, ledgers));
  if (later.some((each) => each.length === 0)) return { isUndoable: true };
  return overtakenBy(later.flat(), execution, executions);
}
