/** A moment for people, to the second and in UTC. */
export const moment = (time: string | undefined): string =>
  time === undefined ? '' : `${time.slice(0, 19).replace('T', ' ')}Z`;

/** How long something took, for people. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
