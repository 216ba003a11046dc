import type { Row, Rows } from '../server/protocol.ts';

/**
 * The loaded pages of a list with what is known of their rows now.
 *
 * @param loaded more than the newest page, or undefined if no more was loaded.
 * @param newest the newest page as it is now.
 * @param followed older rows as they are now.
 * @returns undefined if so many rows are new that some between the two are not known.
 */
export function upToDate(
  loaded: Rows | undefined,
  newest: Rows,
  followed: Row[] = [],
): Rows | undefined {
  if (!loaded) return undefined;
  const known = new Set(loaded.rows.map(({ execution }) => execution));
  if (!newest.rows.some(({ execution }) => known.has(execution))) return undefined;
  const isNew = new Set(newest.rows.map(({ execution }) => execution));
  const now = new Map(followed.map((row) => [row.execution, row]));
  const older = loaded.rows
    .filter(({ execution }) => !isNew.has(execution))
    .map((row) => now.get(row.execution) ?? row);
  return { ...loaded, rows: [...newest.rows, ...older] };
}
