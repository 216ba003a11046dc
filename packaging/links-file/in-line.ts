const LONGEST = 80;

/** A text of others with nothing in it that breaks a line, changes its direction or can't be seen. */
export const escaped = (text: string): string =>
  text.replace(/[[\p{C}\p{Z}]--[ ]]/gv, (odd) => `\\u{${odd.codePointAt(0)?.toString(16)}}`);

/** As {@link escaped}, and short. */
export const inLine = (text: string): string => escaped(text.slice(0, LONGEST));
