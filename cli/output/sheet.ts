import { visibleText } from '../../core/visible.ts';
import { csvText } from './csv.ts';

type Cell = string | number | undefined;

/** An answer as rows for programs: ids are whole and times are ISO 8601. */
export interface Sheet {
  head: string[];
  rows: Cell[][];
}

/** The rows as CSV, with a line of heads. */
export const sheetAsCsv = ({ head, rows }: Sheet): string => csvText([head, ...rows]);

/**
 * The rows as the AWS CLI's text: cells between tabs, without heads, and None for what is absent.
 *
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-output-format.html
 */
export const sheetAsText = ({ rows }: Sheet): string =>
  rows.map((row) => row.map((cell = 'None') => visibleText(String(cell))).join('\t')).join('\n');
