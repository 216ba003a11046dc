import type { Command } from 'commander';
import { Option } from 'commander';
import { requestOf, runExecution, withAllClientsOption } from '../executions/run.ts';
import { optionsOf } from '../options.ts';
import { UsageError } from '../output/exit.ts';
import { planLines } from '../output/findings.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  link?: string;
  userPool?: string;
  client?: string;
  allClients?: true;
  identityPool?: string;
  unlink?: true;
}

const ofClient = ['client', 'allClients', 'identityPool', 'unlink'] as const;

function run(terminal: Terminal, command: Command): Promise<void> {
  const { link, userPool, ...options } = optionsOf<Options>(command);
  if (userPool !== undefined) {
    const operation = options.unlink ? 'unlink' : 'link';
    if (options.allClients && !options.unlink) {
      throw new UsageError('--all-clients needs --unlink');
    }
    const request = requestOf(operation, { ...options, userPool, dryRun: true });
    return runExecution({ terminal, command }, 'link', request);
  }
  if (ofClient.some((name) => options[name] !== undefined)) {
    throw new UsageError('--user-pool is missing');
  }
  return runExecution({ terminal, command }, 'reconcile', { link, repair: false }, planLines);
}

/** Shows what the deployed service would change. Writes nothing. */
export function plan(program: Command, terminal: Terminal): void {
  const command = program
    .command('plan')
    .description(
      'show what would change, as a difference: for all of links.yml, a link or an app client',
    )
    .addOption(
      new Option('--link <name>', 'only the identity pool of this link').conflicts('userPool'),
    )
    .option('--user-pool <id>', 'an app client of this user pool')
    .option('--client <id>', 'this app client')
    .option('--identity-pool <id>', 'only this one of its identity pools')
    .option('--unlink', 'show what unlinking it would change');
  withAllClientsOption(command).action(() => run(terminal, command));
}
