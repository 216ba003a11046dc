import { deployedMachine } from './deployment.ts';
import { executionOf } from './execution.ts';

/** A value as one word of a shell. */
export const shellWord = (value: string): string =>
  /^[\w.:/@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;

/**
 * A command line that reaches the deployment of an execution from any folder of the project, whatever the stage and
 * Region of the shell: messages of the functions are read in the AWS console too.
 *
 * @param executionArn an execution of that deployment.
 * @param words the command and its own arguments.
 */
export function commandFor(executionArn: string, ...words: string[]): string {
  const { machine, region } = executionOf(executionArn);
  const { stage = 'STAGE' } = deployedMachine(machine) ?? {};
  const all = [...words, '--stage', stage, '--region', region || 'REGION'];
  return ['npx poolbridge', ...all.map(shellWord)].join(' ');
}
