import { createInterface } from 'node:readline/promises';
import { main, type Terminal } from './program.ts';

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(question);
  terminal.close();
  return answer;
}

/** Aborts at the first signal, and exits at the second. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      console.error('\nStopping, and removing what was made. Again: stop at once, without that.');
      controller.abort();
    });
  }
  return controller.signal;
}

const terminal: Terminal = {
  say: (text) => console.log(text),
  warn: (text) => console.error(text),
  interruptible,
};

// An interrupted probe may still wait for AWS; the process does not wait for the probe.
process.exit(
  await main(process.argv.slice(2), process.stdin.isTTY ? { ...terminal, ask } : terminal),
);
