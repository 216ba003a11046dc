import { shellWord } from '../../core/command-line.ts';

/** Makes a command line that works as it stands from a command and its own arguments. */
export type CommandLine = (words: string) => string;

/** How the command was started, so that a person can start it again: without npx it is often not in the PATH. */
export const programName = (): string =>
  process.env['npm_command'] === 'exec' ? 'npx poolbridge' : 'poolbridge';

/** A command line without shared options. */
export const plainCommandLine: CommandLine = (words) => `${programName()} ${words}`;

/** The command that deploys the service. */
export function deployCommand({
  stage,
  region,
  file,
}: {
  stage: string;
  region: string;
  /** The links.yml, if it is another file. */
  file?: string | undefined;
}): string {
  const links = file === undefined ? '' : ` --param="links=${file}"`;
  return `npx osls deploy --stage ${shellWord(stage)} --region ${region}${links}`;
}
