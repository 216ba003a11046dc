import { createInterface } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { visible, visibleText } from '../../core/visible.ts';
import { sentenceOf } from './advice.ts';
import { type Answer, Failure, UsageError } from './exit.ts';

/** A stream that may be a terminal. */
type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>;

/** The streams of a process. */
export interface Streams {
  /** Where answers to questions come from; without it, no one is asked. */
  stdin?: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: Stream;
  stderr: Stream;
}

const ESC = String.fromCharCode(27);
const CLEAR_LINE = `\r${ESC}[2K`;

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

/** The output of a command: the answer goes to stdout, everything else to stderr. */
export class Terminal {
  /** Whether the answer is JSON. */
  readonly json: boolean;
  readonly #streams: Streams;
  #busy = false;

  constructor(json: boolean, streams: Streams) {
    this.json = json;
    this.#streams = streams;
  }

  /**
   * Writes the answer: JSON, or lines of text.
   *
   * @param linesOf makes the lines from the document, in which every control character is visible.
   */
  answer<D extends object>(document: D, linesOf: (shown: D) => string[]): void {
    this.write(this.json ? JSON.stringify(document, null, 2) : textOf({ document, linesOf }));
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

  /** Whether there is a person to ask. */
  get isInteractive(): boolean {
    const { stdin, stderr } = this.#streams;
    return stdin?.isTTY === true && stderr.isTTY === true;
  }

  /** Shows lines and asks a question, on stderr. Every answer but yes is no, and so is the end of the input. */
  async confirm(lines: string[], question: string): Promise<boolean> {
    const { stdin, stderr } = this.#streams;
    if (!stdin || !this.isInteractive) return false;
    this.remark(lines.join('\n'));
    // The terminal edits the line.
    const reader = createInterface({ input: stdin, output: stderr, terminal: false });
    stderr.write(`${question} `);
    const answer = await new Promise<string>((resolve) => {
      reader.once('line', resolve);
      reader.once('close', () => resolve(''));
    });
    reader.close();
    return /^y(es)?$/i.test(answer.trim());
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
    const [name, message] = sentenceOf(error);
    if (this.json) {
      this.answer({ error: name, message, ...answer?.document }, () => []);
      return;
    }
    this.write(answer ? textOf(answer) : '');
    this.idle();
    const { stderr } = this.#streams;
    if (error instanceof UsageError) {
      // The command wrote it itself, in lines.
      stderr.write(`${visibleText(message, '\n')}\n${hint}\n`);
      return;
    }
    const head = styleText('red', visibleText(name), { stream: stderr });
    stderr.write(`${head}: ${visibleText(message)}\n`);
  }
}
