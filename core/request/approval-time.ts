import type { Links } from '../links/links.ts';

/** How long a target waits for approval: in hours for people, in seconds for Step Functions. */
export interface ApprovalTime {
  hours: number;
  seconds: number;
}

const HOUR_SECONDS = 3600;
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const YEAR_SECONDS = 365 * 24 * HOUR_SECONDS;

/** How long a change waits for approval if its links do not say. */
export const DEFAULT_HOURS = 24;

/**
 * How long a target waits for approval. One link that requires approval is enough, and the shortest time applies.
 *
 * @returns undefined if no link requires it.
 */
export function approvalTime(links: Links, names: string[]): ApprovalTime | undefined {
  const times = names.flatMap((name) => {
    const link = Object.hasOwn(links, name) ? links[name] : undefined;
    return link?.approval === 'required' ? (link.approvalTimeoutHours ?? DEFAULT_HOURS) : [];
  });
  if (times.length === 0) return undefined;
  const hours = Math.min(...times);
  return { hours, seconds: hours * HOUR_SECONDS };
}

/**
 * How many identity pools an execution works on at a time. Approval for the others is requested once these are
 * decided.
 */
export const TARGETS_AT_A_TIME = 10;
/** How many seconds an execution may take: an hour, plus the time that it may have to wait for approval. */
export function executionSeconds(links: Links): number {
  const asking = Object.keys(links).flatMap((name) => {
    const time = approvalTime(links, [name]);
    return time ? [{ ...time, identityPool: links[name]?.identityPool }] : [];
  });
  const longest = Math.max(0, ...asking.map(({ seconds }) => seconds));
  const turns = Math.ceil(
    new Set(asking.map((each) => each.identityPool)).size / TARGETS_AT_A_TIME,
  );
  return Math.min(HOUR_SECONDS + longest * turns, YEAR_SECONDS);
}
