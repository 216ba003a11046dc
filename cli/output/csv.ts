import { visibleText } from '../../core/visible.ts';

// A spreadsheet evaluates a cell that looks like a formula, also after blanks, in full-width characters, and after
// the semicolon that separates cells in many countries. A reason is untrusted text.
// https://owasp.org/www-community/attacks/CSV_Injection
const FORMULA = /(^|;)([\s"']*)(?=[=+\-@＝＋－＠])/g;

const cell = (value: string | number | undefined = ''): string => {
  const text =
    typeof value === 'string' ? visibleText(value).replace(FORMULA, "$1'$2") : `${value}`;
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/**
 * Rows as CSV.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export const csvText = (rows: (string | number | undefined)[][]): string =>
  rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
