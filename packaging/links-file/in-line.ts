const LONGEST = 80;

/** Untrusted text in which line breaks, direction changes and invisible characters are escaped. */
export const escaped = (text: string): string =>
  text.replace(/[[\p{C}\p{Z}]--[ ]]/gv, (odd) => `\\u{${odd.codePointAt(0)?.toString(16)}}`);

/** Like {@link escaped}, and shortened. */
export const inLine = (text: string): string => escaped(text.slice(0, LONGEST));
