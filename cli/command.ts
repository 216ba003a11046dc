import { withAdvice } from './advice.ts';

/** Exit codes: done, failed, wrong usage, not covered by links.yml. */
export const exit = { done: 0, failed: 1, usage: 2, notCovered: 3 } as const;

/** What was asked can't be meant, as its message says. */
export class UsageError extends Error {}

interface Command<Asked> {
  usage: string;
  /** Reads the arguments; whatever it throws is wrong usage. */
  asked(args: string[]): Asked;
  /** @returns the exit code. */
  run(asked: Asked): Promise<number>;
}

async function codeOf<Asked extends { help?: boolean | undefined }>(
  { usage, asked: read, run }: Command<Asked>,
  args: string[],
): Promise<number> {
  let asked: Asked;
  try {
    asked = read(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return exit.usage;
  }
  if (asked.help) {
    console.log(usage);
    return exit.done;
  }
  try {
    return await run(asked);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return exit.usage;
  }
}

/** Runs a command with this process's arguments, and sets its exit code. */
export async function runCommand<Asked extends { help?: boolean | undefined }>(
  command: Command<Asked>,
): Promise<void> {
  try {
    process.exitCode = await codeOf(command, process.argv.slice(2));
  } catch (error) {
    console.error(withAdvice(error as Error));
    process.exitCode = exit.failed;
  }
}
