import { createInterface } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { visible, visibleText } from '../../core/visible.ts';
import { sentenceOf } from './advice.ts';
import { plainCommandLine } from './command-line.ts';
import { type Answer, exit, Failure, UsageError } from './exit.ts';
import type { Query } from './query.ts';
import { type Sheet, sheetAsCsv, sheetAsText } from './sheet.ts';

/** A stream that may be a terminal. */
type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

export const FORMATS = ['table', 'json', 'text', 'csv'] as const;

/** How answers are written: as lines for people, as one JSON document, or as rows for programs. */
export type Format = (typeof FORMATS)[number];

/** How a person wants answers to look. */
export interface Look {
  format: Format;
  /** Whether ids and texts are whole, however long the lines are. */
  wide?: boolean;
}

/** The streams of a process. */
export interface Streams {
  /** Where answers to questions come from; without it, no one is asked. */
  stdin?: NodeJS.ReadableStream & { isTTY?: boolean; readableEnded?: boolean };
  stdout: Stream;
  stderr: Stream;
}

// Narrower lines would hold too little of each column.
const LEAST_COLUMNS = 80;

const ESC = String.fromCharCode(27);
const CLEAR_LINE = `\r${ESC}[2K`;
const CLEAR_ALL = `${ESC}[H${ESC}[2J`;

// Line ends and the colours of styleText.
const OWN = new RegExp(`(\\r?\\n|${ESC}\\[\\d{1,2}m)`);

/** Text in which every control character that the command did not write itself is visible. */
const guarded = (text: string): string =>
  text
    .split(OWN)
    .map((part, i) => (i % 2 === 1 ? part : visibleText(part, '\t')))
    .join('');

/**
 * The lines of an answer. Every text of others reaches the output through here or as a message, on one line: only
 * what the command adds to it may hold colours and line ends.
 */
const textOf = <D extends object>({ document, linesOf }: Answer<D>): string =>
  linesOf(visible(document)).join('\n');

const textIn = <D extends object>(answer: Answer<D>, format: Format): string => {
  if (format === 'json') return JSON.stringify(answer.document, null, 2);
  if (format === 'table' || !answer.sheetOf) return textOf(answer);
  const sheet = answer.sheetOf(answer.document);
  return format === 'csv' ? sheetAsCsv(sheet) : sheetAsText(sheet);
};

/** The output of a command: the answer goes to stdout, everything else to stderr. */
export class Terminal {
  readonly format: Format;
  /** How many characters a line of a table may have: as many as the terminal has, and any number elsewhere. */
  readonly width: number;
  /** The exit code of a command that does not fail. */
  exitCode: number = exit.done;
  /** Which part of a JSON answer is written; the whole answer if absent. Errors are always whole. */
  query?: Query;
  /** The options that the commands which an answer names need as well. */
  shared: string[] = [];
  readonly #streams: Streams;
  #busy = false;

  constructor({ format, wide = false }: Look, streams: Streams) {
    this.format = format;
    this.#streams = streams;
    const { isTTY = false, columns = LEAST_COLUMNS } = streams.stdout;
    this.width = wide || !isTTY ? Number.POSITIVE_INFINITY : Math.max(columns, LEAST_COLUMNS);
  }

  /** A command line for the deployment that this one is about. */
  commandLine(words: string): string {
    return [plainCommandLine(words), ...this.shared].join(' ');
  }

  /** Whether the answer is JSON. */
  get json(): boolean {
    return this.format === 'json';
  }

  /** Whether ids and texts are whole. */
  get isWide(): boolean {
    return this.width === Number.POSITIVE_INFINITY;
  }

  /**
   * Writes the answer in the format that was asked for.
   *
   * @param linesOf makes the lines from the document, in which every control character is visible.
   * @param sheetOf makes the rows; without it, the formats for programs have the lines.
   */
  answer<D extends object>(
    document: D,
    linesOf: (shown: D) => string[],
    sheetOf?: (shown: D) => Sheet,
  ): void {
    if (this.json) this.answerAsJson(document);
    else this.write(textIn({ document, linesOf, ...(sheetOf && { sheetOf }) }, this.format));
  }

  /** Writes the answer as JSON, whatever format was asked for. */
  answerAsJson(document: object): void {
    const shown = this.query ? (this.query(document) ?? null) : document;
    this.write(JSON.stringify(shown, null, 2));
  }

  /** Writes an answer that is already text. */
  write(text: string): void {
    this.idle();
    if (text === '') return;
    const shown = guarded(text);
    this.#streams.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
  }

  /** Writes a remark of one line to stderr. */
  note(line: string): void {
    this.idle();
    const { stderr } = this.#streams;
    stderr.write(`${styleText('dim', visibleText(line), { stream: stderr })}\n`);
  }

  /** Writes lines that the command has composed to stderr. */
  remark(text: string): void {
    this.idle();
    this.#streams.stderr.write(`${guarded(text.trimEnd())}\n`);
  }

  /** Whether answers go to a terminal. */
  get isTerminal(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  /** Clears a terminal. */
  clear(): void {
    this.#streams.stdout.write(CLEAR_ALL);
  }

  /** Whether there is a person to ask. */
  get isInteractive(): boolean {
    const { stdin, stderr } = this.#streams;
    return stdin?.isTTY === true && stderr.isTTY === true;
  }

  /** Shows lines and asks a question, on stderr. Every answer but yes is no, and so is the end of the input. */
  async confirm(lines: string[], question: string): Promise<boolean> {
    if (!this.isInteractive) return false;
    this.remark(lines.join('\n'));
    return /^y(es)?$/i.test((await this.ask(question)) ?? '');
  }

  /** Asks a question on stderr. Returns the line that a person types; undefined if the input has ended. */
  async ask(question: string): Promise<string | undefined> {
    const { stdin, stderr } = this.#streams;
    if (!stdin || stdin.readableEnded) return undefined;
    // The terminal edits the line.
    const reader = createInterface({ input: stdin, output: stderr, terminal: false });
    stderr.write(`${question} `);
    return new Promise((resolve) => {
      reader.once('line', (line) => {
        resolve(line.trim());
        // At once, so that the next line is left for the next question.
        reader.close();
      });
      reader.once('close', () => resolve(undefined));
    });
  }

  /**
   * Asks for the code of an MFA device.
   *
   * @throws Error if there is no person to ask.
   */
  async mfaCode(serial: string): Promise<string> {
    if (this.isInteractive) {
      return (await this.ask(`MFA code for ${visibleText(serial)}:`)) ?? '';
    }
    throw new Error(
      `The AWS profile needs a code of the MFA device ${serial}, and there is no terminal to ask at. Sign in first, and pass the credentials in the environment.`,
    );
  }

  /** Shows the current activity in one line that the next output replaces; only in a terminal. */
  busy(line: string): void {
    const { stderr } = this.#streams;
    if (!stderr.isTTY) return;
    this.#busy = true;
    stderr.write(CLEAR_LINE + styleText('dim', visibleText(line), { stream: stderr }));
  }

  idle(): void {
    if (this.#busy) this.#streams.stderr.write(CLEAR_LINE);
    this.#busy = false;
  }

  /** Reports an error. With --json, the error is the answer. */
  fail(error: Error, hint: string): void {
    const answer = error instanceof Failure ? error.answer : undefined;
    const [name, message] = sentenceOf(error, (words) => this.commandLine(words));
    if (this.json) {
      this.write(JSON.stringify({ error: name, message, ...answer?.document }, null, 2));
      if (answer?.after !== undefined) this.note(answer.after);
      return;
    }
    this.write(answer ? textIn(answer, this.format) : '');
    this.idle();
    const { stderr } = this.#streams;
    if (error instanceof UsageError) {
      // The command wrote it itself, in lines.
      stderr.write(`${visibleText(message, '\n')}\n${hint}\n`);
      return;
    }
    const head = styleText('red', visibleText(name), { stream: stderr });
    stderr.write(`${head}: ${visibleText(answer?.summary ?? message)}\n`);
    if (answer?.after !== undefined) this.note(answer.after);
  }
}
