import { stripVTControlCharacters } from 'node:util';

const widthOf = (text: string): number => stripVTControlCharacters(text).length;

const GAP = 2;
// A column is not made narrower: less of a name says nothing.
const NARROWEST = 10;

/** The widths of the columns, where those that may be cut are made narrower until the lines fit. */
function fitted(natural: number[], width: number, cut: number[]): number[] {
  const widths = [...natural];
  for (const column of cut) {
    const excess = widths.reduce((sum, each) => sum + each + GAP, -GAP) - width;
    const own = widths[column] ?? 0;
    if (excess > 0) widths[column] = Math.max(own - excess, Math.min(own, NARROWEST));
  }
  return widths;
}

/** A text without colours, cut to a width. */
export const cutTo = (text: string, width: number): string =>
  widthOf(text) > width ? `${text.slice(0, width - 1)}…` : text;

/**
 * Rows as aligned columns.
 *
 * @param width how many characters a line may have; lines are never cut if absent.
 * @param cut the columns whose text is cut where lines would be longer, the first ones first. Their cells have no
 *   colours.
 */
export function table(
  rows: string[][],
  { width = Number.POSITIVE_INFINITY, cut = [] }: { width?: number; cut?: number[] } = {},
): string[] {
  const natural = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => widthOf(row[i] ?? ''))),
  );
  const widths = fitted(natural, width, cut);
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const shown = cut.includes(i) ? cutTo(cell, widths[i] ?? 0) : cell;
        return shown + ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(shown)));
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
}
