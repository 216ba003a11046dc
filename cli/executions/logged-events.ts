import type { NamedPool } from '../../core/failure.ts';
import type { Event } from './history.ts';

// The Map states that have a branch for each target, in the order of the targets.
const BRANCHES = ['LinkTargets', 'ReconcileIdentityPools'];

/** An event and those before it, back to the first. */
function* backFrom(event: Event, byId: ReadonlyMap<number, Event>): Generator<Event> {
  for (let at: Event | undefined = event; at; at = byId.get(at.previous)) yield at;
}

const byIdOf = (events: Event[]) => new Map(events.map((event) => [event.id, event]));

/** Events that lack their data, with the target of their branch. */
export function withTargets(events: Event[], targets: NamedPool[]): Event[] {
  const byId = byIdOf(events);
  const targetOf = (event: Event): NamedPool | undefined => {
    for (const { type, details } of backFrom(event, byId)) {
      if (!BRANCHES.includes(String(details['name']))) continue;
      if (type === 'MapIterationStarted') return targets[Number(details['index'])];
      // What comes after all branches leads back to the one that ended last.
      if (type === 'MapStateExited') return undefined;
    }
    return undefined;
  };
  return events.map((event) => {
    const target = targetOf(event);
    return target ? { ...event, target } : event;
  });
}

/** Events with the answers of a step, by the identity pool of their branch. */
export function withAnswers(
  events: Event[],
  step: string,
  answers: ReadonlyMap<string, unknown>,
): Event[] {
  const byId = byIdOf(events);
  const isOfStep = (event: Event): boolean => {
    for (const { type, details } of backFrom(event, byId)) {
      if (type.endsWith('StateEntered')) return details['name'] === step;
    }
    return false;
  };
  return events.map((event) => {
    const answer = answers.get(event.target?.identityPoolId ?? '');
    if (event.type !== 'LambdaFunctionSucceeded' || answer === undefined || !isOfStep(event)) {
      return event;
    }
    return { ...event, details: { ...event.details, output: JSON.stringify(answer) } };
  });
}
