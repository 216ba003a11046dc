/** A state of an identity pool that a write of ours has replaced. */
export interface Superseded {
  digest: string;
  /** When it was replaced, in epoch milliseconds. */
  at: number;
}

/** The lease of an identity pool, as whoever holds it has it. */
export interface Lease {
  /** Of this acquisition, and no other. */
  nonce: string;
  /** Counts the acquisitions of the pool's lease: a later write has a higher one. */
  sequence: number;
  superseded: Superseded[];
  /** The record of a write that nobody has seen the end of. */
  writing?: string;
}

/**
 * How long a lease lasts, in milliseconds: longer than the function that takes it may run (20 s, in
 * serverless.yml) and the 2 s by which clocks may differ, so that nobody writes without holding it.
 */
export const LEASE_MS = 25_000;

/**
 * For how long a description that equals a superseded state is taken for a stale one. Nothing is
 * known of how long Cognito may show an old state; an assumption.
 */
const STALE_MS = 20_000;

/** Whether a description shows a state that a write of ours has replaced not long ago. */
export const isStale = (superseded: Superseded[], digest: string, now: number): boolean =>
  superseded.some((state) => state.digest === digest && now - state.at < STALE_MS);

/** The superseded states after one more write; the state that it brought back is none of them. */
export const supersede = (
  superseded: Superseded[],
  { base, result }: { base: string; result: string },
  now: number,
): Superseded[] =>
  [...superseded, { digest: base, at: now }].filter(
    ({ digest, at }) => digest !== result && now - at < STALE_MS,
  );
