/** Exit codes: done, failed, wrong usage, not covered by links.yml. */
export const exit = { done: 0, failed: 1, usage: 2, notCovered: 3 } as const;

/** What was asked can't be meant, as its message says. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What went wrong, by its name, and what there is to show all the same. */
export class Failure extends Error {
  /** Beside error and message in the JSON. */
  readonly document: object;
  /** For people, before the error is said. */
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
