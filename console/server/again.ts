import { requestAgain } from '../../cli/executions/again.ts';
import type { Ledgers } from '../../cli/settings/ledgers.ts';
import type { DescribedExecution, StateData } from '../../core/audit/audit.ts';
import { providerIn } from '../../core/user-pool.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import { requestEnds } from './failures.ts';
import type { Action, ExecutionView } from './protocol.ts';

/** The action that makes the request of an execution again; undefined if that is no use, or no action does the same. */
export function actionAgain(described: DescribedExecution): Action | undefined {
  const request = requestAgain(described);
  if (!request || request.dryRun) return undefined;
  const { operation, identityPoolId } = request;
  const only = identityPoolId === undefined ? {} : { identityPoolId };
  if (operation === 'undo') return { kind: 'undo', execution: request.executionArn, ...only };
  const { userPoolId, clientId, leftBehind } = request;
  if (clientId === undefined || leftBehind) return undefined;
  return { kind: operation, userPoolId, clientId, ...only };
}

type LinkAction = Extract<Action, { clientId: string }>;

/** What was written since a time about the app client of a request; undefined if the request is not done by that. */
async function doneIn(
  identityPoolId: string,
  { kind, userPoolId, clientId }: LinkAction,
  since: number,
  ledgers: Ledgers,
): Promise<LedgerEntry | undefined> {
  const ledger = [...((await ledgers.readable(identityPoolId))?.values() ?? [])];
  const entries = ledger.filter(
    (entry) => entry.clientId === clientId && providerIn(entry.providerName) === userPoolId,
  );
  const isDone = ({ state, time }: LedgerEntry) =>
    (state === 'linked') === (kind === 'link') && time > since;
  return entries.every(isDone) ? entries.at(-1) : undefined;
}

/** What was written last of what a request has asked for, if all of it was done since; undefined if not, or unknown. */
async function doneSince(
  action: LinkAction,
  described: DescribedExecution,
  handed: StateData[],
  ledgers: Ledgers,
): Promise<LedgerEntry | undefined> {
  const since = Date.parse(described.started);
  let last: LedgerEntry | undefined;
  for (const { identityPoolId } of requestEnds(described, handed)) {
    const done = await doneIn(identityPoolId, action, since, ledgers);
    if (!done) return undefined;
    if (!last || done.time > last.time) last = done;
  }
  return last;
}

/**
 * The action that makes the request of an execution again or, if that is no use any more, why.
 *
 * @param handed the data of its states, if its end lacks the results.
 */
export async function againOf(
  described: DescribedExecution,
  handed: StateData[],
  ledgers: Ledgers,
): Promise<Pick<ExecutionView, 'again' | 'notAgain'>> {
  const again = actionAgain(described);
  if (!again) return {};
  const isLink = again.kind === 'link' || again.kind === 'unlink';
  const done = isLink && (await doneSince(again, described, handed, ledgers));
  if (!done) return { again };
  return done.execution === described.execution
    ? { notAgain: { sentence: 'All that it was asked for was done before it ended.' } }
    : {
        notAgain: {
          sentence: 'What it was asked for has been done since.',
          execution: done.execution,
        },
      };
}
