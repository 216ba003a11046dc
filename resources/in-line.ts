const LONGEST = 80;

/** A text of others as it may stand in a line of a message: short, and with nothing that breaks the line. */
export const inLine = (text: string): string =>
  text
    .slice(0, LONGEST)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (odd) => `\\u{${odd.codePointAt(0)?.toString(16)}}`);
