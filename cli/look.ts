import { type Command, Option } from 'commander';
import { UsageError } from './output/exit.ts';
import { FORMATS, type Format, type Look } from './output/terminal.ts';

/** Adds the options for how answers look. */
export const withLookOptions = (program: Command): Command =>
  program
    .addOption(
      new Option('--output <format>', 'how to answer; csv and text are for lists').choices(FORMATS),
    )
    .addOption(new Option('--json', 'the same as --output json').conflicts('output'))
    .option('--wide', 'show ids and texts whole in a terminal, however long the lines are');

const isFormat = (text: string | undefined): text is Format =>
  FORMATS.some((format) => format === text);

/** How answers look, by the arguments of a command line that is not parsed yet: its errors are answers too. */
export function lookOf(args: string[]): Look {
  const at = args.findLastIndex((arg) => arg === '--output' || arg.startsWith('--output='));
  const named = args[at]?.includes('=') ? args[at].split('=')[1] : args[at + 1];
  const asked = at >= 0 && isFormat(named) ? named : 'table';
  return {
    format: args.includes('--json') ? 'json' : asked,
    wide: args.includes('--wide'),
  };
}

// Commands whose answer is a list.
const LISTS = ['entries', 'approvals', 'history', 'audit', 'check'];

/** @throws UsageError if a command has no answer in the format that is asked for, before it does anything. */
export function checkFormat(command: Command): void {
  const { output } = command.optsWithGlobals<{ output?: Format }>();
  if (output !== 'csv' || LISTS.includes(command.name())) return;
  throw new UsageError(`${command.name()} has no list to write as CSV. Use --output json.`);
}
