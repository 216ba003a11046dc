import { isListOf, isNumber, isShape, isText } from '../shape.ts';
import type { LedgerEntry } from '../write/records.ts';

/** A write of ours in the ledger. */
type Write = Pick<LedgerEntry, 'execution' | 'sequence' | 'time'>;

/** The last restores of one entry that others removed. Each is noted before it is written. */
export interface Restore {
  providerName: string;
  clientId: string;
  /** When they were noted, in epoch milliseconds: the last ones, at most {@link MOST_RESTORES}. */
  times: number[];
  /** The execution of the last one. */
  execution: string;
  /** The write that added the entry before the last one. */
  replaces: Write;
}

/** After this many restores within an hour, an entry is not restored until a person links it again. */
export const MOST_RESTORES = 3;
const WITHIN_MS = 3_600_000;

/** Whether an item of the table can be what this service noted. */
export const isRestore = isShape<Restore>(
  {
    providerName: isText,
    clientId: isText,
    times: isListOf(isNumber),
    execution: isText,
    replaces: isShape<Write>({ execution: isText, sequence: isNumber, time: isNumber }, {}),
  },
  {},
);

const isReplaced = ({ replaces }: Restore, { execution, sequence }: Write): boolean =>
  replaces.execution === execution && replaces.sequence === sequence;

/** Whether no one else has linked the entry since the restore, whether or not the restore was written. */
const isLatest = (restore: Restore, ours: Write): boolean =>
  ours.execution === restore.execution || isReplaced(restore, ours);

/**
 * Whether an entry is not restored any more: it was restored too often, and no person has linked it since.
 *
 * @param lost its ledger entry.
 */
export function isBraked(restore: Restore | undefined, lost: Write): boolean {
  if (!restore || !isLatest(restore, lost)) return false;
  const [first = 0] = restore.times;
  const last = restore.times.at(-1) ?? 0;
  return restore.times.length >= MOST_RESTORES && last - first <= WITHIN_MS;
}

/**
 * The note of a restore, before it is written. A repeated attempt of the same execution counts once.
 *
 * @param before the last note on the entry.
 * @param now in epoch milliseconds.
 */
export function restoreOf(
  before: Restore | undefined,
  { providerName, clientId, execution: by, sequence, time }: LedgerEntry,
  { execution, now }: { execution: string; now: number },
): Restore {
  const replaces = { execution: by, sequence, time };
  const known = before && isLatest(before, replaces) ? before : undefined;
  const isRepeated = known?.execution === execution && isReplaced(known, replaces);
  const earlier = known?.times ?? [];
  const times = isRepeated ? earlier : [...earlier, now].slice(-MOST_RESTORES);
  return { providerName, clientId, times, execution, replaces };
}

/** Whether a restore was written. */
export const isMade = (restore: Restore, ours: LedgerEntry | undefined): boolean =>
  ours?.state === 'linked' && ours.execution === restore.execution && !isReplaced(restore, ours);
