import type { Event } from '../../cli/executions/history.ts';
import type { EntryRemoved } from '../../core/reconcile/removed.ts';
import type { RemovedView } from './protocol.ts';

const STATE = 'ExplainRemoved';

function outputsOf(events: Event[]): string[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  const stateOf = (event: Event | undefined): unknown =>
    !event || event.type.endsWith('StateEntered')
      ? event?.details['name']
      : stateOf(byId.get(event.previous));
  return events
    .filter((event) => /^(LambdaFunction|Task)Succeeded$/.test(event.type))
    .filter((event) => stateOf(event) === STATE)
    .map(({ details }) => String(details['output']));
}

function parsed(output: string): EntryRemoved[] {
  try {
    const found: unknown = JSON.parse(output);
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** The entries that others removed, and by whom, as the history of a reconcile has it. */
export const removedIn = (events: Event[]): RemovedView[] =>
  outputsOf(events)
    .flatMap(parsed)
    .map(({ clientId, identityPoolId, removedBy, message }) => ({
      clientId,
      identityPoolId,
      message,
      ...(removedBy && { by: removedBy.principalArn, at: removedBy.time }),
    }));
