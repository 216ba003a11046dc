import type { Command } from 'commander';
import { expanded, type ShownChange } from '../../core/identity-pool/changes.ts';
import { counted } from '../../core/sentence.ts';
import { providerLabel } from '../../core/user-pool.ts';
import { visible } from '../../core/visible.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { Failure, UsageError } from '../output/exit.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { clientNames } from './client-names.ts';

/** One entry that a command is about to take away. */
export interface Removal {
  identityPoolId: string;
  providerName: string;
  clientId: string;
  clientName?: string;
}

interface Context {
  terminal: Terminal;
  command: Command;
}

/** Adds the option by which a script agrees to what a person is asked. */
export const withYesOption = (command: Command): Command =>
  command.option('--yes', 'do not ask before entries are taken away');

/**
 * Whether a person must be asked before a command takes entries away.
 *
 * @throws UsageError if there is no terminal to ask at, before anything is started.
 */
export function mustAsk({ terminal, command }: Context): boolean {
  const { yes, dryRun } = optionsOf<{ yes?: true; dryRun?: true }>(command);
  if (yes || dryRun) return false;
  if (terminal.isInteractive) return true;
  throw new UsageError(
    'This can take entries away, and there is no terminal to ask at. Add --yes to agree.',
  );
}

/** The entries that changes take away from an identity pool. */
export const removalsIn = (identityPoolId: string, changes: ShownChange[]): Removal[] =>
  changes.flatMap(expanded).flatMap((change): Removal[] => {
    if (change.op !== 'remove') return [];
    const { ProviderName = '', ClientId = '' } = change.provider;
    return [{ identityPoolId, providerName: ProviderName, clientId: ClientId }];
  });

/** What the users of the app clients notice. */
const LOSE_ACCESS =
  'Their users get no more AWS credentials there. Credentials that they have stay valid until they expire.';

/**
 * Shows the entries that are about to go, by name, with the consequence, and asks. Without any there is nothing to ask.
 *
 * @param what the entries, in words.
 * @throws Failure if the answer is not yes.
 */
export async function confirmRemoval(
  { terminal, command }: Context,
  removals: Removal[],
  { consequence = LOSE_ACCESS, what = counted(removals.length, 'entry', 'entries') } = {},
): Promise<void> {
  if (removals.length === 0) return;
  const unnamed = removals.filter(({ clientName }) => clientName === undefined);
  const names = await clientNames(sessionOf(command), unnamed);
  const rows = visible(removals).map(({ identityPoolId, providerName, clientId, clientName }) => [
    '  -',
    clientName ?? visible(names.get(clientId) ?? ''),
    clientId,
    providerLabel(providerName),
    identityPoolId,
  ]);
  const head = `${what.charAt(0).toUpperCase()}${what.slice(1)} would be taken away:`;
  const question = [head, ...table(rows), consequence];
  if (await terminal.confirm(question, `Take away ${what}? [y/N]`)) return;
  throw new Failure('NotConfirmedError', 'Nothing was changed, since the answer was not yes.');
}
