import type { Command } from 'commander';
import { UsageError } from './output/exit.ts';
import { Session, type Whither } from './session.ts';

/** The options that every command has. */
export type Shared = Whither & { stage: string };

/** The options of a command, its own and those that all have. */
export const optionsOf = <Own extends object>(command: Command): Own & Shared =>
  command.optsWithGlobals<Own & Shared>();

/** The account and Region that the options of a command lead to. */
export const sessionOf = (command: Command): Session => new Session(optionsOf(command));

/** For an option that may be repeated. */
export const listed = (value: string, all: string[] = []): string[] => [...all, value];

/** A port number, in an option. */
export function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new UsageError(`--port must be a port number, not ${text}.`);
}
