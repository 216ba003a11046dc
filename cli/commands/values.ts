import { Argument, type Command } from 'commander';
import { deployedMachine } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import { checkLinks } from '../check/checks.ts';
import { KINDS, type Kind } from '../completion.ts';
import { Executions } from '../executions/executions.ts';
import { optionsOf, sessionOf } from '../options.ts';
import type { Terminal } from '../output/terminal.ts';

// Enough to choose from.
const MOST = 20;

/** What links.yml of the working copy names. */
async function named(kind: 'links' | 'user-pools' | 'identity-pools'): Promise<string[]> {
  const { links = {} } = await checkLinks();
  if (kind === 'links') return Object.keys(links);
  return Object.values(links).flatMap(({ userPools = [], identityPool }) =>
    kind === 'user-pools' ? userPools : [identityPool],
  );
}

/** The stages that are deployed to the account and Region. */
async function stages(command: Command): Promise<string[]> {
  const sfn = await sessionOf(command).stepFunctions();
  const { stateMachines = [] } = await sfn.listStateMachines({});
  return stateMachines.flatMap(({ name = '' }) => deployedMachine(name)?.stage ?? []);
}

/** The names of the last executions. */
async function executions(command: Command): Promise<string[]> {
  const { stage } = optionsOf(command);
  const found = new Executions(sessionOf(command), stage);
  const arns = await Promise.all(
    (['link', 'reconcile'] as const).map((machine) => found.list(machine, { limit: MOST })),
  );
  return arns.flat().map((arn) => executionOf(arn).name);
}

function valuesOf(kind: Kind, command: Command): Promise<string[]> {
  if (kind === 'stages') return stages(command);
  return kind === 'executions' ? executions(command) : named(kind);
}

/** Lists what a shell may complete a value with; nothing if it can't be found out, since a shell shows no errors. */
export function values(program: Command, terminal: Terminal): void {
  const command = program
    .command('values', { hidden: true })
    .addArgument(new Argument('<kind>', 'what to list').choices(KINDS))
    .action(async (kind: Kind) => {
      const found = await valuesOf(kind, command).catch(() => []);
      terminal.write([...new Set(found)].join('\n'));
    });
}
