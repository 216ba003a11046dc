import type { Intent } from '../identity-pool/merge.ts';
import { namesIn } from '../issuer.ts';

interface About {
  intent: Intent;
}

/** Whether two requests may be about the same entry. One without an app client is about its whole user pool. */
export function shareEntries({ intent: one }: About, { intent: other }: About): boolean {
  const [id, otherId] = [one.clientId, other.clientId];
  if (id !== undefined && otherId !== undefined && id !== otherId) return false;
  const names = namesIn(other);
  return namesIn(one).some((name) => names.includes(name));
}

/**
 * Puts requests into turns. Each comes in a later turn than all before it that may be about the same entry, so
 * those of one turn can be answered side by side. If the answers stop after any of them, none is missing that
 * is earlier than another about the same entry: its request would be done again, and last.
 */
export function turnsOf<T extends About>(requests: readonly T[]): T[][] {
  const turns: T[][] = [];
  for (const request of requests) {
    const last = turns.findLastIndex((turn) => turn.some((other) => shareEntries(other, request)));
    const turn = turns[last + 1];
    if (turn) turn.push(request);
    else turns.push([request]);
  }
  return turns;
}

/**
 * Some of the requests, in their order, with those that must not be done after them: the earlier ones that may be
 * about the same entries, and what comes before those in turn.
 */
export function withEarlier<T extends About>(
  requests: readonly T[],
  isMeant: (request: T) => boolean,
): T[] {
  const needed: T[] = [];
  for (const request of requests.toReversed()) {
    const isNeeded = isMeant(request) || needed.some((later) => shareEntries(later, request));
    if (isNeeded) needed.unshift(request);
  }
  return needed;
}
