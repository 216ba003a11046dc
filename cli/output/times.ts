const MINUTE_MS = 60_000;
const UNITS: [name: string, ms: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', MINUTE_MS],
];

/** How much time lies between two moments, to the largest unit that fits twice: `3 d`, `90 min`. */
export function span(ms: number): string {
  if (ms < MINUTE_MS) return 'less than a minute';
  const [name, unit] = UNITS.find(([, each]) => ms >= 2 * each) ?? ['min', MINUTE_MS];
  return `${Math.floor(ms / unit)} ${name}`;
}

/** A duration as text, such as `120 ms`, `3.4 s` or `90 min`. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : span(seconds * 1000);
}

/** How long ago a time was. */
export function age(time: string | undefined, now = Date.now()): string {
  if (time === undefined) return '';
  const ms = now - Date.parse(time);
  return ms < 2 * MINUTE_MS ? 'just now' : `${span(ms)} ago`;
}
