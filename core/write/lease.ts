import { isFlag, isNumber, isShape, isText } from '../shape.ts';

/** The last write of ours to an identity pool. */
export interface LastWrite {
  /** Digest of the state that it replaced. */
  base: string;
  /** Digest of the state that it made. */
  result: string;
  /** When it was last known to have been sent or read back, in epoch milliseconds. */
  at: number;
  /** Whether a description has shown its result since it was sent. */
  seen?: boolean;
}

export const isLastWrite = isShape<LastWrite>(
  { base: isText, result: isText, at: isNumber },
  { seen: isFlag },
);

/** The lease of an identity pool, as its holder has it. */
export interface Lease {
  /** Of this acquisition, and no other. */
  nonce: string;
  /** Counts the acquisitions of the pool's lease: a later write has a higher one. */
  sequence: number;
  last?: LastWrite | undefined;
  /** The record of a write that no one has seen the end of. */
  writing?: string | undefined;
}

/**
 * How long a lease lasts, in milliseconds: longer than the function that takes it may run (20 s, in
 * serverless.yml) and the 2 s by which clocks may differ, so that no one writes without holding it.
 */
export const LEASE_MS = 25_000;

/**
 * No lease of ours ends later than this from now, in milliseconds, even if a clock of Lambda's is a minute
 * wrong. One that does was forged, and is taken like one whose time is over.
 */
export const LATEST_MS = LEASE_MS + 60_000;

// For how long after a write of ours a description that shows another state is read again. AWS says
// nothing of how long Cognito may show an old state; both are assumptions. The replaced state is
// known to be old. Any other may be old too, made by someone else before our write and not shown
// until after it, or new: then it costs this wait to believe it. So may one that is the same as the
// result, until the write is known to be made: the pool may have been so before.
const REPLACED_MS = 20_000;
// For 5 s, and the 2 s by which the clocks of two writers may differ.
const UNKNOWN_MS = 7000;

/** Whether a description may show a state from before the last write of ours: it is read again. */
export function isDoubtful(last: LastWrite | undefined, digest: string, now: number): boolean {
  if (!last || (last.seen === true && digest === last.result)) return false;
  return now - last.at < (digest === last.base ? REPLACED_MS : UNKNOWN_MS);
}
