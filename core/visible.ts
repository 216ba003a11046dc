// Control characters, and those without a form of their own: they move a cursor, reorder a line or hide in it.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const short = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

const unitsOf = (sign: string): number[] =>
  Array.from({ length: sign.length }, (_, i) => sign.charCodeAt(i));

const escaped = (sign: string): string =>
  short.get(sign) ??
  unitsOf(sign)
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');

/**
 * A text in which every character is seen. Control characters, invisible ones and those that reorder a line
 * are written as JSON escapes them, so that the text of others does nothing to a terminal or a page.
 *
 * @param kept characters that stay, such as the ends of lines.
 */
export const visibleText = (text: string, kept = ''): string =>
  text.replace(UNSEEN, (sign) => (kept.includes(sign) ? sign : escaped(sign)));

function seen(value: unknown): unknown {
  if (typeof value === 'string') return visibleText(value);
  if (Array.isArray(value)) return value.map(seen);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [visibleText(name), seen(each)]),
  );
}

/** A copy of what JSON can hold, with every text in it visible. */
export const visible = <T>(value: T): T => seen(value) as T;
