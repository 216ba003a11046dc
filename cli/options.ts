import type { Command } from 'commander';
import { shellWord } from '../core/command-line.ts';
import { UsageError } from './output/exit.ts';
import { Session, type SessionOptions } from './session.ts';

/** The options that every command has. */
export type SharedOptions = SessionOptions & { stage: string };

/** The options of a command: its own and the shared ones. */
export const optionsOf = <Own extends object>(command: Command): Own & SharedOptions =>
  command.optsWithGlobals<Own & SharedOptions>();

const sessions = new WeakMap<Command, Session>();

/**
 * The session for the account and Region that the options of a command name. A command has one, so that a person is
 * asked for one code.
 */
export function sessionOf(command: Command): Session {
  const session = sessions.get(command) ?? new Session(optionsOf(command));
  sessions.set(command, session);
  return session;
}

/** The stage, profile, Region and endpoint that a command line names, for the commands that follow it. */
export function sharedWords(command: Command): string[] {
  const program = command.parent ?? command;
  return (['stage', 'profile', 'region', 'endpoint'] as const).flatMap((name) =>
    program.getOptionValueSource(name) === 'cli'
      ? [`--${name} ${shellWord(program.getOptionValue(name))}`]
      : [],
  );
}

/** Collects the values of an option that may be repeated. */
export const repeated = (value: string, all: string[] = []): string[] => [...all, value];

/** Parses the port number that an option holds. */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw new UsageError(
    `--port must be a port number, from 0 to 65535, not ${JSON.stringify(text)}.`,
  );
}
