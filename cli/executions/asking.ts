import { type Command, Option } from 'commander';
import type { Machine } from '../../core/deployment.ts';
import type { Output } from '../../core/request/outcome.ts';
import { visible } from '../../core/visible.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { outputLines } from '../output/changes.ts';
import { Failure, UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import { type Ending, Machines } from './machines.ts';

/** What has gone through a state machine, for people. */
type Shown = (output: Record<string, unknown>) => string[];

/** Which app client of which user pool is meant. */
interface Subject {
  userPool: string;
  client?: string;
  allClients?: true;
  identityPool?: string;
  leftBehind?: true;
}

/** How it is asked for. */
interface Manner {
  reason?: string;
  dryRun?: true;
  wait: boolean;
}

/** Adds the options that say which app client is meant. */
export const withSubject = (command: Command, whose: string): Command =>
  command
    .requiredOption('--user-pool <id>', 'the user pool')
    .option('--client <id>', 'its app client')
    .option('--identity-pool <id>', whose);

/** Adds the option that means all of them. */
export const withAllClients = (command: Command): Command =>
  command.addOption(
    new Option('--all-clients', 'every entry of the user pool, whoever made it').conflicts(
      'client',
    ),
  );

/** Adds the options that say how it is asked for. */
export const withManner = (command: Command): Command =>
  command
    .option('--dry-run', 'show what would change, and write nothing')
    .option('--reason <text>', 'why, for the audit')
    .option('--no-wait', 'start it, say its ARN, and do not wait for its end');

/** What a person asks of `link`, as its input. */
export function requestOf(
  operation: 'link' | 'unlink',
  {
    userPool,
    client,
    allClients,
    identityPool,
    leftBehind,
    reason,
    dryRun,
  }: Subject & Partial<Manner>,
): object {
  if (client === undefined && !allClients) {
    throw new UsageError(
      `--client is missing${operation === 'unlink' ? ', or --all-clients' : ''}`,
    );
  }
  return {
    operation,
    userPoolId: userPool,
    clientId: client,
    identityPoolId: identityPool,
    leftBehind,
    dryRun,
    reason,
  };
}

/** The answer of a command from how its execution ended. */
function conclude(terminal: Terminal, ending: Ending, shown: Shown): void {
  const { execution } = ending;
  if ('output' in ending) {
    terminal.answer({ execution, ...ending.output }, shown);
    return;
  }
  const { status, error, message, report } = ending;
  throw new Failure(error, message, {
    document: { execution, status, ...report },
    lines: shown(visible(report)),
  });
}

/** Starts an execution, and answers with what came of it. */
export async function run(
  { terminal, command }: { terminal: Terminal; command: Command },
  machine: Machine,
  input: object,
  shown: Shown = linkLines,
): Promise<void> {
  const { stage, wait = true } = optionsOf<Partial<Manner>>(command);
  const machines = new Machines(sessionOf(command), stage);
  const execution = await machines.start(machine, input);
  if (!wait) return terminal.answer({ execution, status: 'RUNNING' }, () => [execution]);
  terminal.note(execution);
  conclude(terminal, await machines.follow(execution, terminal), shown);
}

/** The results of `link`; of very many that failed, its cause has only counts. */
function linkLines(report: Record<string, unknown>): string[] {
  const { results = [] } = report;
  if (Array.isArray(results)) return outputLines({ ...(report as unknown as Output), results });
  return Object.entries(results as object).map(([outcome, count]) => `${outcome} ${count}`);
}
