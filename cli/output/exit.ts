import type { Sheet } from './sheet.ts';

/** Exit codes: done, failed, wrong usage, not covered by links.yml; a plan that changes something, if asked for. */
export const exit = { done: 0, failed: 1, usage: 2, notCovered: 3, changes: 2 } as const;

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a command answers: a document, and the lines of text that it makes. */
export interface Answer<D extends object = object> {
  document: D;
  linesOf(shown: D): string[];
  /** What an error says after the lines, if they already have its message. */
  summary?: string;
  /** A remark that comes after the answer, and after the error. */
  after?: string;
  /** The same as rows, for the formats that have no other form. */
  sheetOf?(shown: D): Sheet;
}

/** An error with a name, and what the command can still show: before the error, or beside it in the JSON answer. */
export class Failure<D extends object = object> extends Error {
  readonly answer: Answer<D> | undefined;

  constructor(name: string, message: string, answer?: Answer<D>) {
    super(message);
    this.name = name;
    this.answer = answer;
  }
}

const codes = new Map<string, number>([
  ['UsageError', exit.usage],
  ['ProfileNotFound', exit.usage],
  ['InvalidRequestError', exit.usage],
  ['NotCoveredError', exit.notCovered],
]);

/** The one place where an error becomes an exit code. */
export const codeOf = ({ name }: Error): number => codes.get(name) ?? exit.failed;
