import type { Command } from 'commander';
import { Option } from 'commander';
import type { TargetReport } from '../../core/request/outcome.ts';
import {
  reconcileRequest,
  requestOf,
  runPlan,
  withAllClientsOption,
  withLinksOption,
} from '../executions/run.ts';
import { optionsOf } from '../options.ts';
import { amountOfReport, amountOfResults } from '../output/amount.ts';
import { exit, UsageError } from '../output/exit.ts';
import { planLines } from '../output/reconcile-table.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  link?: string;
  userPool?: string;
  client?: string;
  allClients?: true;
  identityPool?: string;
  unlink?: true;
  detailedExitcode?: true;
  links?: string;
  format: 'text' | 'markdown';
}

const ofClient = ['client', 'allClients', 'identityPool', 'unlink'] as const;

/** The options of a request in the words of the command that makes it. */
function requestWords({ userPool, client, identityPool, allClients }: Options): string {
  const words = [
    ['--user-pool', userPool],
    ['--client', client],
    ['--identity-pool', identityPool],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return [...words, ...(allClients ? ['--all-clients'] : [])].join(' ');
}

/** Makes the plan that the options ask for. */
async function planned(terminal: Terminal, command: Command): Promise<boolean> {
  const all = optionsOf<Options>(command);
  const { link, userPool, format, ...options } = all;
  const isMarkdown = format === 'markdown';
  if (userPool !== undefined) {
    const operation = options.unlink ? 'unlink' : 'link';
    if (options.allClients && !options.unlink) {
      throw new UsageError('--all-clients needs --unlink');
    }
    if (options.links !== undefined) {
      throw new UsageError(
        'A plan of an app client is made by the links that are deployed, so --links does not go with --user-pool. Leave it out, or deploy the file first.',
      );
    }
    const request = requestOf(operation, { ...options, userPool, dryRun: true });
    return runPlan({ terminal, command }, 'link', request, {
      amountOf: ({ results }) =>
        amountOfResults(Array.isArray(results) ? (results as TargetReport[]) : []),
      apply: terminal.commandLine(`${operation} ${requestWords(all)}`),
      isMarkdown,
    });
  }
  if (ofClient.some((name) => options[name] !== undefined)) {
    throw new UsageError('--user-pool is missing');
  }
  const request = await reconcileRequest({ terminal, command }, { link, repair: false });
  const only = link === undefined ? '' : ` --link ${link}`;
  return runPlan({ terminal, command }, 'reconcile', request, {
    linesOf: planLines(terminal.width),
    amountOf: amountOfReport,
    apply: terminal.commandLine(`reconcile --repair${only}`),
    isMarkdown,
  });
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { detailedExitcode } = optionsOf<Options>(command);
  const isChange = await planned(terminal, command);
  if (detailedExitcode && isChange) terminal.exitCode = exit.changes;
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
    .option('--unlink', 'show what unlinking it would change')
    .addOption(
      new Option('--format <format>', 'markdown is for a pull request')
        .choices(['text', 'markdown'])
        .default('text'),
    )
    .option(
      '--detailed-exitcode',
      'exit with 0 if nothing would change, 1 on any error, 2 if something would',
    );
  withLinksOption(withAllClientsOption(command)).action(() => run(terminal, command));
}
