import { type ShownChange, shownChanges } from '../identity-pool/changes.ts';
import type { Intent } from '../identity-pool/merge.ts';
import { isListOf, isNumber, isObject, isOneOf, isShape, isText } from '../shape.ts';
import type { Share } from './batch.ts';
import { type Allowed, isShownChange, type WriteRecord } from './records.ts';

/** The log messages of a write that is about to be made and of its end, and a pattern that finds both. */
export const WRITE_BEGINS = 'identity pool update begins';
export const WRITE_ENDED = 'identity pool update ended';
export const WRITES = '{ $.message = "identity pool update *" }';

/** One request's share of a write, as the log has it. */
interface LoggedShare {
  /** The key of the request. */
  key: string;
  execution: string;
  operation: Intent['operation'];
  /** The links that allow it. */
  links: string[];
  changes: ShownChange[];
}

/** A write that is about to be made. It is logged first, since the function may be killed after it. */
interface LoggedWrite extends Pick<WriteRecord, 'execution' | 'assumedRoleArn' | 'sequence'> {
  /** Different for each write. */
  write: string;
  identityPoolId: string;
  /** The index of its first share in this line, if it takes several lines. */
  from: number;
  shares: LoggedShare[];
}

/**
 * How a write ended:
 * - `read back`: it was made, and seen to be made under the lease;
 * - `not made`: it was refused, or given up before;
 * - `taken back`: a later part of it failed, and nothing that was made is left;
 * - `made in part`: a later part of it failed; how it ends is found out and logged later;
 * - `not read back`: it was made, and the pool then showed something else;
 * - `seen later`: a later look at the pool has shown what was made of it, and that stays;
 * - `needless`: its shares cancel each other out, so that nothing had to be sent.
 */
const ENDS = [
  ...(['read back', 'not made', 'taken back', 'made in part', 'not read back'] as const),
  ...(['seen later', 'needless'] as const),
] as const;

export type WriteEnd = (typeof ENDS)[number];

const isEnd = isOneOf(...ENDS);

// In characters. A line fits into one event of Lambda and CloudWatch Logs, 256 KB, in every script.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_InputLogEvent.html
const LINE_ROOM = 60_000;
const MAPPINGS_ROOM = 30_000;

/** The shares with changes, as they are logged. */
function loggedShares(asked: Allowed[], shares: Share[]): LoggedShare[] {
  return asked.flatMap(({ key, execution, links, intent: { operation } }, i) => {
    const share = shares[i];
    if (!share || 'refused' in share || share.changes.length === 0) return [];
    const changes = shownChanges(share.changes, MAPPINGS_ROOM);
    return [{ key, execution, operation, links, changes }];
  });
}

/** A write as it is logged before it is made, in as many lines as it takes; none if nothing changes. */
export function linesOf(
  { execution, assumedRoleArn, sequence }: WriteRecord,
  about: Pick<LoggedWrite, 'write' | 'identityPoolId'>,
  asked: Allowed[],
  shares: Share[],
): LoggedWrite[] {
  const lines: LoggedWrite[] = [];
  let room = 0;
  for (const [from, share] of loggedShares(asked, shares).entries()) {
    const size = JSON.stringify(share).length;
    const last = lines.at(-1);
    room -= size;
    if (last && room >= 0) {
      last.shares.push(share);
      continue;
    }
    lines.push({ ...about, execution, assumedRoleArn, sequence, from, shares: [share] });
    room = LINE_ROOM - size;
  }
  return lines;
}

/** What a later look showed of a write, by the keys of its requests. */
export interface Seen {
  /** The shares that were made completely. */
  made: string[];
  /** What was made of other shares, and stays. */
  parts: Pick<LoggedShare, 'key' | 'changes'>[];
}

/** The changes of one execution in an identity pool by one write, no matter which execution made it. */
export interface MadeShare extends Omit<LoggedShare, 'key'> {
  identityPoolId: string;
  /** The execution that wrote, and its role session. */
  writtenBy: string;
  assumedRoleArn: string;
  /** The sequence of the lease. It gives the order of the writes to an identity pool. */
  sequence: number;
  /** The index of the share. It gives the order of the shares of one write. */
  share: number;
  /** When it was about to be made, as ISO 8601. */
  time: string;
  /** Absent if unknown. */
  end?: WriteEnd;
}

const isLoggedShare = isShape<LoggedShare>(
  {
    key: isText,
    execution: isText,
    operation: isOneOf('link', 'unlink'),
    links: isListOf(isText),
    changes: isListOf(isShownChange),
  },
  {},
);
const isShares = isListOf(isLoggedShare);
const isKeys = isListOf(isText);
const areParts = isListOf(
  isShape<Seen['parts'][number]>({ key: isText, changes: isListOf(isShownChange) }, {}),
);

type Line = Record<string, unknown>;

/** The beginning of a write in a line; undefined for any other line. */
function beginningIn(line: Line): (LoggedWrite & { time: string }) | undefined {
  const { message, write, identityPoolId, execution, assumedRoleArn, timestamp: time } = line;
  const { sequence, from, shares } = line;
  const isWhole =
    [write, identityPoolId, execution, assumedRoleArn, time].every(isText) &&
    [sequence, from].every(isNumber) &&
    isShares(shares);
  if (message !== WRITE_BEGINS || !isWhole) return undefined;
  return {
    write,
    identityPoolId,
    execution,
    assumedRoleArn,
    time,
    sequence,
    from,
    shares,
  } as LoggedWrite & { time: string };
}

interface Ended extends Partial<Seen> {
  end: WriteEnd;
}

/** How the writes ended. What a later look showed takes precedence. */
function endsIn(lines: Line[]): ReadonlyMap<unknown, Ended> {
  const ends = new Map<unknown, Ended>();
  for (const { message, write, end: said, made, parts } of lines) {
    const end = isEnd(said) ? said : undefined;
    if (message !== WRITE_ENDED || !end || ends.get(write)?.end === 'seen later') continue;
    ends.set(write, { end, ...(isKeys(made) && areParts(parts) && { made, parts }) });
  }
  return ends;
}

/** The changes of a share that were made, or may have been. */
function madeOf({ key, changes }: LoggedShare, ended: Ended | undefined): ShownChange[] {
  if (!ended) return changes;
  const { end, made, parts = [] } = ended;
  if (end === 'not made' || end === 'taken back') return [];
  if (made?.includes(key) !== false) return changes;
  return parts.flatMap((part) => (part.key === key ? part.changes : []));
}

/**
 * The changes that were made, or may have been, from the log lines of the functions that write, by execution and
 * share.
 */
export function sharesIn(logged: unknown[]): MadeShare[] {
  const lines = logged.filter(isObject);
  const ends = endsIn(lines);
  return lines.flatMap((line): MadeShare[] => {
    const beginning = beginningIn(line);
    if (!beginning) return [];
    const { write, execution: writtenBy, from, shares, ...common } = beginning;
    const ended = ends.get(write);
    return shares.flatMap((share, i) => {
      const { key: _, ...asked } = share;
      const changes = madeOf(share, ended);
      const end = ended?.end && { end: ended.end };
      const made = { ...common, ...asked, changes, writtenBy, share: from + i, ...end };
      return changes.length > 0 ? [made] : [];
    });
  });
}
