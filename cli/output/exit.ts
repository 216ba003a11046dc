/** Exit codes: done, failed, wrong usage, not covered by links.yml. */
export const exit = { done: 0, failed: 1, usage: 2, notCovered: 3 } as const;

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An error with a name, and what the command can still show. */
export class Failure extends Error {
  /** More members of the JSON answer, beside error and message. */
  readonly document: object;
  /** Lines to print before the error. */
  readonly lines: string[];

  constructor(
    name: string,
    message: string,
    { document = {}, lines = [] }: { document?: object; lines?: string[] } = {},
  ) {
    super(message);
    this.name = name;
    this.document = document;
    this.lines = lines;
  }
}

const codes = new Map<string, number>([
  ['UsageError', exit.usage],
  ['NotCoveredError', exit.notCovered],
]);

/** The one place where an error becomes an exit code. */
export const codeOf = ({ name }: Error): number => codes.get(name) ?? exit.failed;
