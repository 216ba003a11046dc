/**
 * A recheck is a reconcile of one identity pool that an event has started. At most one runs at a time for each
 * identity pool. What happens meanwhile is followed by one more.
 */

/** A recheck that is about to start. */
export interface Recheck {
  /** The name of its execution. */
  name: string;
  /** How many rechecks of the identity pool went before it without a quiet hour. */
  round: number;
}

// In seconds.
const LONGEST_WAIT = 300;

/** A pool that no recheck was asked for since then starts again with the first wait. In milliseconds. */
export const QUIET_MS = 3_600_000;

/**
 * When a recheck that has not ended counts as lost, in milliseconds. Longer ones are harmless, since each write takes
 * the lease.
 */
export const LONGEST_RECHECK_MS = 20 * 60_000;

/**
 * The input of a recheck's execution.
 *
 * @param firstWait how long it waits for further changes, in seconds. The more rechecks went before it without a quiet
 * hour, the longer it waits.
 * @param now in epoch milliseconds.
 */
export function recheckInput(
  identityPoolId: string,
  { round }: Pick<Recheck, 'round'>,
  { firstWait, now }: { firstWait: number; now: number },
) {
  const seconds = Math.min(LONGEST_WAIT, firstWait * 2 ** Math.min(round, 10));
  const waitUntil = new Date(now + seconds * 1000).toISOString();
  return { repair: true, identityPoolId, waitUntil };
}
