// What a shell reports for a command that Ctrl-C has ended.
const INTERRUPTED = 130;

/**
 * Waits for something that goes on without the command. Ctrl-C then says so before it ends the command.
 *
 * @param say what to say.
 */
export async function untilInterrupted<T>(work: Promise<T>, say: () => void): Promise<T> {
  const stop = (): void => {
    say();
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', stop);
  try {
    return await work;
  } finally {
    process.off('SIGINT', stop);
  }
}
