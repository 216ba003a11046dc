// What a shell reports for a command that a signal has ended.
const codes = { SIGINT: 130, SIGTERM: 143 } as const;

type Signal = keyof typeof codes;

/**
 * Waits for something that Ctrl-C does not end, or SIGTERM. The command leaves it first; a second signal ends the command
 * at once.
 *
 * @param leave says what goes on, or takes it away.
 */
export async function untilInterrupted<T>(
  work: Promise<T>,
  leave: () => void | Promise<void>,
): Promise<T> {
  let left: Promise<void> | undefined;
  const stop = (signal: Signal): void => {
    if (left) process.exit(codes[signal]);
    left = (async () => leave())().finally(() => process.exit(codes[signal]));
  };
  const signals = Object.keys(codes) as Signal[];
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work;
  } finally {
    await left;
    for (const signal of signals) process.off(signal, stop);
  }
}
