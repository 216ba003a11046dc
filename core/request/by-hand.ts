import { commandFor } from '../command-line.ts';
import { executionOf } from '../execution.ts';
import { expanded } from '../identity-pool/changes.ts';
import type { Intent } from '../identity-pool/merge.ts';

/** What an undo is about in one identity pool. */
interface Undoing {
  identityPoolId: string;
  userPoolId: string;
  /** ARN of the execution that is undone. */
  undoes?: string;
  intent: Intent;
}

/**
 * The command that does by hand what an undo would do about one app client. Without an app client, the command shows
 * what was to be undone.
 *
 * @param execution ARN of the execution that undoes.
 * @param clientId the first one that is undone, if absent.
 */
export function byHand(
  { identityPoolId, userPoolId, undoes = '', intent }: Undoing,
  execution: string,
  clientId = firstClient(intent),
): string {
  if (clientId === undefined) return commandFor(execution, 'show', executionOf(undoes).name);
  const about = ['--user-pool', userPoolId, '--client', clientId];
  return commandFor(execution, intent.operation, ...about, '--identity-pool', identityPoolId);
}

const firstClient = ({ takeBack = [] }: Intent): string | undefined =>
  takeBack
    .flatMap(expanded)
    .map(({ provider }) => ('ClientId' in provider ? provider.ClientId : undefined))
    .find((clientId) => clientId !== undefined);
