import { type Command, Option } from 'commander';
import { UsageError } from './output/exit.ts';
import { FORMATS, type Format, type Look, type Terminal } from './output/terminal.ts';

/** Adds the options for how answers look. */
export const withLookOptions = (program: Command): Command =>
  program
    .addOption(
      new Option('--output <format>', 'how to answer; csv and text are for lists').choices(FORMATS),
    )
    .addOption(new Option('--json', 'the same as --output json').conflicts('output'))
    .option('--query <expression>', 'only this part of the JSON answer, in JMESPath')
    .option('--wide', 'show ids and texts whole in a terminal, however long the lines are');

const isFormat = (text: string | undefined): text is Format =>
  FORMATS.some((format) => format === text);

/** How answers look, by the arguments of a command line that is not parsed yet: its errors are answers too. */
export function lookOf(args: string[]): Look {
  const at = args.findLastIndex((arg) => arg === '--output' || arg.startsWith('--output='));
  const named = args[at]?.includes('=') ? args[at].split('=')[1] : args[at + 1];
  const asked = at >= 0 && isFormat(named) ? named : 'table';
  const isQuery = args.some((arg) => arg === '--query' || arg.startsWith('--query='));
  return {
    format: args.includes('--json') || (at < 0 && isQuery) ? 'json' : asked,
    wide: args.includes('--wide'),
  };
}

// Commands whose answer is a list.
const LISTS = ['entries', 'approvals', 'history', 'audit', 'check'];

/**
 * Reads the format and the query that are asked for, before the command does anything.
 *
 * @throws UsageError if the command has no answer in that format, or the query is malformed.
 */
export async function prepareAnswer(command: Command, terminal: Terminal): Promise<void> {
  const { output, query } = command.optsWithGlobals<{ output?: Format; query?: string }>();
  if (query !== undefined) {
    if (!terminal.json) throw new UsageError('--query goes with --output json.');
    const { queryOf } = await import('./output/query.ts');
    terminal.query = await queryOf(query);
  }
  if (output !== 'csv' || LISTS.includes(command.name())) return;
  throw new UsageError(`${command.name()} has no list to write as CSV. Use --output json.`);
}
