import { stripVTControlCharacters } from 'node:util';

const width = (text: string): number => stripVTControlCharacters(text).length;

/** Rows in columns, for people; the last column is as long as it likes. */
export function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => width(row[i] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** A moment for people, to the second and in UTC. */
export const moment = (time: string | undefined): string =>
  time === undefined ? '' : `${time.slice(0, 19).replace('T', ' ')}Z`;

/** How long something took, for people. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
