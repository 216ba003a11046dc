import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { visible, visibleText } from '../../core/visible.ts';
import { sentenceOf } from './advice.ts';
import { Failure, UsageError } from './exit.ts';

/** A stream that may be a terminal. */
type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>;

/** The output streams of a process. */
export interface Streams {
  stdout: Stream;
  stderr: Stream;
}

type Format = Parameters<typeof styleText>[0];

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
    this.write(
      this.json ? JSON.stringify(document, null, 2) : linesOf(visible(document)).join('\n'),
    );
  }

  /** Writes an answer that is already text. */
  write(text: string): void {
    this.idle();
    if (text === '') return;
    const shown = guarded(text);
    this.#streams.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
  }

  /** Writes a remark to stderr. */
  note(line: string, format: Format = 'dim'): void {
    this.idle();
    const { stderr } = this.#streams;
    stderr.write(`${styleText(format, visibleText(line, '\n'), { stream: stderr })}\n`);
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
    const { document, lines } =
      error instanceof Failure ? error : { document: undefined, lines: [] };
    const [name, message] = sentenceOf(error);
    if (this.json) {
      this.answer({ error: name, message, ...document }, () => []);
      return;
    }
    this.write(lines.join('\n'));
    const { stderr } = this.#streams;
    const head = styleText('red', visibleText(name), { stream: stderr });
    const sentence = visibleText(message, '\n');
    stderr.write(error instanceof UsageError ? `${sentence}\n${hint}\n` : `${head}: ${sentence}\n`);
  }
}
