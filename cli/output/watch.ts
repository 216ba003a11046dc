import { setTimeout } from 'node:timers/promises';
import { UsageError } from './exit.ts';
import type { Terminal } from './terminal.ts';

// A timer can't wait for much more than 24 days, and would then not wait at all.
const MOST_SECONDS = 86_400;

/** The seconds between two looks; undefined if the option is absent. */
export function watchSeconds(
  option: string | true | undefined,
  { usual, least }: { usual: number; least: number },
): number | undefined {
  if (option === undefined) return undefined;
  const seconds = option === true ? usual : Number(option);
  if (seconds >= least && seconds <= MOST_SECONDS) return seconds;
  throw new UsageError(
    `--watch must be a number of seconds, from ${least} to ${MOST_SECONDS}, not ${option}.`,
  );
}

/**
 * Shows an answer again and again in a terminal, until Ctrl-C.
 *
 * @param seconds between the end of one look and the next; once and at once if undefined.
 * @throws UsageError if the answer does not go to a terminal.
 */
export async function watching(
  terminal: Terminal,
  seconds: number | undefined,
  show: () => Promise<void>,
): Promise<void> {
  if (seconds === undefined) return show();
  if (!terminal.isTerminal) throw new UsageError('--watch needs a terminal.');
  const over = new AbortController();
  const stop = () => over.abort();
  process.once('SIGINT', stop);
  try {
    while (!over.signal.aborted) {
      terminal.clear();
      await show();
      terminal.note(`Again every ${seconds} s. Ctrl-C ends it.`);
      await setTimeout(seconds * 1000, undefined, { signal: over.signal }).catch(() => {});
    }
  } finally {
    process.off('SIGINT', stop);
  }
}
