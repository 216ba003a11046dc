import type { Visit } from '../server/protocol.ts';

// A state with several visits shows the first of these that one of them has.
const precedence: Visit['status'][] = ['waiting', 'running', 'failed', 'ended', 'done'];

/** The status of a state, from all of its visits. */
export const statusOf = (visits: Pick<Visit, 'status'>[]): Visit['status'] | 'never' =>
  precedence.find((status) => visits.some((visit) => visit.status === status)) ?? 'never';

/** How many of several visits have the status of the state; blank for a single one. */
export function timesOf(visits: Pick<Visit, 'status'>[]): string {
  const status = statusOf(visits);
  const count = visits.filter((visit) => visit.status === status).length;
  if (count < visits.length) return `${count} of ${visits.length}`;
  return count > 1 ? `× ${count}` : '';
}
