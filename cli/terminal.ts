import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
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

const CLEAR_LINE = '\r\u001b[2K';

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

  /** The answer: a document for programs, or lines for people. */
  answer(document: object, lines: string[]): void {
    this.write(this.json ? JSON.stringify(document, null, 2) : lines.join('\n'));
  }

  /** An answer that is a text as it is. */
  write(text: string): void {
    this.idle();
    if (text !== '') this.#streams.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** What else there is to say to a person. */
  note(line: string, format: Format = 'dim'): void {
    this.idle();
    const { stderr } = this.#streams;
    stderr.write(`${styleText(format, line, { stream: stderr })}\n`);
  }

  /** What is being done, in one line that goes away again; only where somebody looks on. */
  busy(line: string): void {
    const { stderr } = this.#streams;
    if (!stderr.isTTY) return;
    this.#busy = true;
    stderr.write(CLEAR_LINE + styleText('dim', line, { stream: stderr }));
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
      this.answer({ error: name, message, ...document }, []);
      return;
    }
    this.write(lines.join('\n'));
    const { stderr } = this.#streams;
    const head = styleText('red', name, { stream: stderr });
    stderr.write(error instanceof UsageError ? `${message}\n${hint}\n` : `${head}: ${message}\n`);
  }
}
