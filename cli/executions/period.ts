import type { Period } from '../../core/period.ts';
import { UsageError } from '../output/exit.ts';

/** The options that name a period. */
export interface PeriodOptions {
  since: string;
  /** Now if absent. */
  until?: string;
}

const UNITS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

// Date.parse also takes "call 1" for a day in 2001.
const TIME = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** Whether a day is in the calendar: Date.parse takes February 31 for a day in March. */
function isDay(day: string): boolean {
  const time = Date.parse(day);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(day);
}

/** Parses a time, or how long ago it was; in epoch milliseconds. */
function timeOf(text: string, option: string, now: number): number {
  const [, number, unit = ''] = /^(\d+)([dhm])$/.exec(text) ?? [];
  const [, day = ''] = TIME.exec(text) ?? [];
  const named = isDay(day) ? Date.parse(text) : Number.NaN;
  const time = number ? now - Number(number) * (UNITS[unit] ?? 0) : named;
  if (Number.isFinite(new Date(time).getTime())) return time;
  throw new UsageError(
    `${option} must be a time like 2026-01-31 or 2026-01-31T12:00:00Z, or how long ago, like 90d, 12h or 30m; not ${text}`,
  );
}

/**
 * The period that options name.
 *
 * @param now in epoch milliseconds.
 * @throws UsageError
 */
export function periodOf({ since, until }: PeriodOptions, now: number): Period {
  const from = timeOf(since, '--since', now);
  if (from >= now) throw new UsageError(`--since must be in the past, not ${since}.`);
  const period = { from, until: until === undefined ? now : timeOf(until, '--until', now) };
  if (period.from < period.until) return period;
  throw new UsageError(`--since (${since}) must be before --until (${until}).`);
}
