import { Argument, type Command } from 'commander';
import { deployedMachine, type Machine } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import { checkLinks } from '../check/checks.ts';
import { KINDS, type Kind } from '../completion.ts';
import { Approvals } from '../executions/approvals.ts';
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
async function executions(machines: Machine[], command: Command): Promise<string[]> {
  const { stage } = optionsOf(command);
  const found = new Executions(sessionOf(command), stage);
  const arns = await Promise.all(machines.map((machine) => found.list(machine, { limit: MOST })));
  return arns.flat().map((arn) => executionOf(arn).name);
}

/** The names of executions that wait for approval. */
async function waiting(command: Command): Promise<string[]> {
  const { stage } = optionsOf(command);
  const session = sessionOf(command);
  const sfn = await session.stepFunctions();
  const running = { status: 'RUNNING' as const, limit: MOST };
  const arns = await new Executions(session, stage).list('link', running);
  const found = await Promise.all(
    arns.map(async (arn) => {
      const changes = await new Approvals(sfn, arn).waiting();
      return changes.length > 0 ? [executionOf(arn).name] : [];
    }),
  );
  return found.flat();
}

function valuesOf(kind: Kind, command: Command): Promise<string[]> {
  switch (kind) {
    case 'stages':
      return stages(command);
    case 'executions':
      return executions(['link', 'reconcile'], command);
    case 'link-executions':
      return executions(['link'], command);
    case 'waiting-executions':
      return waiting(command);
    default:
      return named(kind);
  }
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
