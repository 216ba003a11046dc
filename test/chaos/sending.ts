import type { Version } from './versions.ts';

/** What an invocation last saw of a pool. */
export interface Seen {
  version: Version;
  /** Whether the version was already out of date when it was shown. */
  stale: boolean;
  /** How long it had been out of date, in milliseconds. */
  age: number;
  at: number;
}

/** A call in progress. */
export interface Sending {
  /** What its invocation had last seen of the pool when the call was sent. */
  seen: Seen | undefined;
  /** When it was sent. */
  at: number;
  /** Whether its invocation had changed an identity pool before. */
  isLater: boolean;
  /** What the answer shows of the pool, if it arrives. */
  shown?: Seen;
}
