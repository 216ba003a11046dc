/** A time as text, to the second, in UTC. */
export const moment = (time: string | undefined): string =>
  time === undefined ? '' : `${time.slice(0, 19).replace('T', ' ')}Z`;

/** A duration as text. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
