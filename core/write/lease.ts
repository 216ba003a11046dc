import { isFlag, isNumber, isShape, isText } from '../shape.ts';

/** The last write of ours to an identity pool. */
export interface LastWrite {
  /** Digest of the state that it replaced. */
  base: string;
  /** Digest of the state that it made. */
  result: string;
  /** When it was sent or, if it was read back since, when it was last read back; in epoch milliseconds. */
  at: number;
  /** Whether it is known to be made: AWS confirmed it, or a description has shown its result since it was sent. */
  seen?: boolean;
}

export const isLastWrite = isShape<LastWrite>(
  { base: isText, result: isText, at: isNumber },
  { seen: isFlag },
);

/** The lease of an identity pool, as its holder has it. */
export interface Lease {
  /** Different for each acquisition. */
  nonce: string;
  /** Counts the acquisitions of the lease, so a later write has a higher one. */
  sequence: number;
  last?: LastWrite | undefined;
  /** The key of the unsettled write, if there is one. */
  writing?: string | undefined;
}

/** How long a function that takes the lease may run, in seconds. */
export const WRITER_SECONDS = 20;

/** By how much the clocks of two functions may differ, in milliseconds. */
export const CLOCKS_MS = 2000;

/**
 * How long a function waits for a lease, in milliseconds. It is short, since waiting in the state machine costs nothing.
 */
export const WAIT_MS = 2000;

/**
 * How long a write and its confirmation may take, in milliseconds. With less time left, the next attempt begins again.
 */
export const NEEDED_MS = 11_000;

/**
 * As {@link NEEDED_MS}, for the calls of a write after its first. With less time left, the write stays partial, and the
 * next attempt finishes it or takes it back.
 */
export const LATER_MS = 8000;

/**
 * How long a lease lasts, in milliseconds: longer than {@link WRITER_SECONDS} and {@link CLOCKS_MS} together, so
 * that no one writes after their lease has ended.
 */
export const LEASE_MS = 25_000;

/**
 * No lease of ours ends later than this from now, in milliseconds, even if a clock of Lambda is wrong by a minute.
 * A lease that does was forged, and is taken as if it had run out.
 */
export const LATEST_MS = LEASE_MS + 60_000;

// After a write of ours, a description that shows another state is read again for this long. AWS does not say how
// long Cognito may show an old state, so both times are assumptions. The replaced state is known to be old. Any
// other state may be old (made by someone else before our write, and not shown until after it) or new. A new one is
// believed after this wait. A state that equals the result may also be old, until the write is known to be made:
// the pool may have been so before.
/** How long the state that our last write replaced is doubted, in milliseconds. */
export const REPLACED_MS = 20_000;
/** As {@link REPLACED_MS}, for any other state. Clocks may differ, so an old state is doubted for 5 seconds at least. */
export const UNKNOWN_MS = 5000 + CLOCKS_MS;

/** Whether a description may show a state from before the last write of ours: it is read again. */
export function isDoubtful(last: LastWrite | undefined, digest: string, now: number): boolean {
  if (!last || (last.seen === true && digest === last.result)) return false;
  return now - last.at < (digest === last.base ? REPLACED_MS : UNKNOWN_MS);
}
