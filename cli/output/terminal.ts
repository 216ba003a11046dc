import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { visible, visibleText } from '../../core/visible.ts';
import { sentenceOf } from './advice.ts';
import { Failure, UsageError } from './exit.ts';

/** What a terminal writes to: a terminal, or not. */
type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>;

/** Where a process speaks. */
export interface Streams {
  stdout: Stream;
  stderr: Stream;
}

type Format = Parameters<typeof styleText>[0];

const ESC = String.fromCharCode(27);
const CLEAR_LINE = `\r${ESC}[2K`;

// The ends of lines, and the colours of styleText.
const OWN = new RegExp(`(\\r?\\n|${ESC}\\[\\d{1,2}m)`);

/** What a command writes, without any control character that is not its own. */
const guarded = (text: string): string =>
  text
    .split(OWN)
    .map((part, i) => (i % 2 === 1 ? part : visibleText(part, '\t')))
    .join('');

/** Where a command speaks: its one answer goes to stdout, and all else to stderr. */
export class Terminal {
  /** Whether the answer is to be JSON. */
  readonly json: boolean;
  readonly #streams: Streams;
  #busy = false;

  constructor(json: boolean, streams: Streams) {
    this.json = json;
    this.#streams = streams;
  }

  /**
   * The answer: a document for programs, or lines for people.
   *
   * @param linesOf makes the lines from the document with all its texts visible.
   */
  answer<D extends object>(document: D, linesOf: (shown: D) => string[]): void {
    this.write(
      this.json ? JSON.stringify(document, null, 2) : linesOf(visible(document)).join('\n'),
    );
  }

  /** An answer that is a text as it is. */
  write(text: string): void {
    this.idle();
    if (text === '') return;
    const shown = guarded(text);
    this.#streams.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
  }

  /** What else there is to say to a person. */
  note(line: string, format: Format = 'dim'): void {
    this.idle();
    const { stderr } = this.#streams;
    stderr.write(`${styleText(format, visibleText(line, '\n'), { stream: stderr })}\n`);
  }

  /** What is being done, in one line that goes away again; only where somebody looks on. */
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

  /** Says what went wrong. In JSON that is the answer. */
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
