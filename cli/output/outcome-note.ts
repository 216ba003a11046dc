import { type AuditRecord, isDryRun } from '../../core/audit/audit.ts';
import { parseRequest } from '../../core/request/request.ts';
import { sentence } from '../../core/sentence.ts';
import { isObject, parsedJson } from '../../core/shape.ts';

type Ended = Pick<AuditRecord, 'machine' | 'outcome' | 'status' | 'identityPoolId' | 'changes'>;

const ENDED_EARLY =
  'The execution ended before it wrote, so nothing was changed. Ask again if it is still needed.';

const REPAIR_ENDED_EARLY =
  'The reconcile ended before its report. The audit has what it had repaired by then, and status shows what is left.';

const LOOK_ENDED_EARLY =
  'The reconcile ended before its report, and wrote nothing. Ask again if it is still needed.';

const KEPT_AWAY =
  'There was no entry to remove. If others had removed it and its links require no approval, the ledger now records that it stays away: no repair links it.';

const ABSENT =
  'Cognito had no such app client by then, so it was not linked. If it exists now, ask again.';

const NOTHING_UNDONE = 'Nothing is left to take back here.';

/** What a request leaves where its outcome says only that it found nothing to do. */
function requestNote({ outcome, changes }: Ended, input: string): string | undefined {
  try {
    const request = parseRequest(parsedJson(input));
    if (request.operation === 'undo') {
      const isDone = ['ALREADY_LINKED', 'NOT_LINKED'].includes(outcome);
      return isDone && changes.length === 0 ? NOTHING_UNDONE : undefined;
    }
    const { operation, clientId, leftBehind, requestedBy } = request;
    if (operation === 'link') return outcome === 'NOT_LINKED' ? ABSENT : undefined;
    const isKept = clientId !== undefined && !leftBehind;
    // What was deleted is not linked again in any case.
    const isDeletion = requestedBy.via === 'cloudtrail';
    return isKept && !isDeletion && outcome === 'NOT_LINKED' && !isDryRun(input)
      ? KEPT_AWAY
      : undefined;
  } catch {
    return undefined;
  }
}

/** What an execution that was ended from outside has done, if its states do not show it. */
function endedEarly({ machine }: Ended, input: string): string {
  if (machine === 'link') return ENDED_EARLY;
  const asked = parsedJson(input);
  const isRepair = isObject(asked) && asked['repair'] === true;
  return isRepair ? REPAIR_ENDED_EARLY : LOOK_ENDED_EARLY;
}

/**
 * What an execution did in an identity pool that its outcome does not say.
 *
 * @param input of the execution, as JSON.
 */
export function outcomeNote(ended: Ended, input: string): string | undefined {
  if (ended.identityPoolId === undefined) {
    return ['ABORTED', 'TIMED_OUT'].includes(ended.status) ? endedEarly(ended, input) : undefined;
  }
  return requestNote(ended, input);
}

/** The message of a record, with what its outcome does not say: who stopped an execution may have given a cause. */
export function messageOf(
  { message, ...ended }: Ended & { message?: string | undefined },
  input: string,
): string | undefined {
  const note = outcomeNote(ended, input);
  return message === undefined || note === undefined
    ? (message ?? note)
    : `${sentence(message)} ${note}`;
}
