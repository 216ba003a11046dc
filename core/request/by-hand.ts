import { commandFor } from '../command-line.ts';
import { UndoConflictError } from '../errors.ts';
import { executionOf } from '../execution.ts';
import { expanded } from '../identity-pool/changes.ts';
import type { IdentityPool } from '../identity-pool/identity-pool.ts';
import { type Intent, merge } from '../identity-pool/merge.ts';

/** What an undo is about in one identity pool. */
export interface Undoing {
  identityPoolId: string;
  userPoolId: string;
  /** ARN of the execution that is undone. */
  undoes?: string;
  intent: Pick<Intent, 'operation' | 'takeBack'>;
}

/**
 * The command that does by hand what an undo would do about one app client. Without an app client, the command shows
 * what was to be undone.
 *
 * @param execution ARN of the execution that undoes.
 * @param clientId the first one that is undone, if absent.
 */
export function byHand(
  { identityPoolId, userPoolId, undoes, intent }: Undoing,
  execution: string,
  clientId = firstClient(intent),
): string {
  if (clientId === undefined)
    return commandFor(execution, 'show', executionOf(undoes ?? execution).name);
  const about = ['--user-pool', userPoolId, '--client', clientId];
  return commandFor(execution, intent.operation, ...about, '--identity-pool', identityPoolId);
}

/**
 * The changes that give an identity pool what an intent wants of it.
 *
 * @param execution ARN of the execution that asks for them.
 * @throws UndoConflictError that names the command which does by hand what an undo would.
 */
export function mergeOrExplain(
  pool: IdentityPool,
  undoing: Undoing & { intent: Intent },
  execution: string,
): ReturnType<typeof merge> {
  try {
    return merge(pool, undoing.intent);
  } catch (error) {
    if (!(error instanceof UndoConflictError)) throw error;
    throw new UndoConflictError(`${error.message} For example: ${byHand(undoing, execution)}`, {
      cause: error,
    });
  }
}

/**
 * Why an undo can't link an app client again that no longer exists.
 *
 * @param way to what can still be undone; absent if there is nothing.
 */
export const goneText = (userPoolId: string, clientId: string, way: string | undefined): string =>
  `The user pool ${userPoolId} has no app client ${clientId} any more. It can't be linked again, so nothing was undone. ${way ?? 'There is nothing else to undo.'}`;

/** How to link by hand what an undo would have linked beside an app client that no longer exists. */
export function linkOthers(
  other: { identityPoolId: string; clientId: string } | undefined,
  userPoolId: string,
  execution: string,
): string | undefined {
  if (!other) return undefined;
  const about = ['--user-pool', userPoolId, '--client', other.clientId];
  const command = commandFor(execution, 'link', ...about, '--identity-pool', other.identityPoolId);
  return `Link each of the other app clients by hand, for example: ${command}`;
}

const firstClient = ({ takeBack = [] }: Undoing['intent']): string | undefined =>
  takeBack
    .flatMap(expanded)
    .map(({ provider }) => ('ClientId' in provider ? provider.ClientId : undefined))
    .find((clientId) => clientId !== undefined);
