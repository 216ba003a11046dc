import type { HistoryEvent, SFN } from '@aws-sdk/client-sfn';
import { pagesOf } from '../../aws/pace/pages.ts';
import type { Handed } from '../../core/audit/audit.ts';
import { isObject, isText } from '../../core/shape.ts';

/** One event of an execution's history, wherever it was read. */
export interface Event {
  id: number;
  previous: number;
  type: string;
  /** In epoch milliseconds. */
  time: number;
  details: Record<string, unknown>;
}

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html */
function eventOf({ id = 0, previousEventId = 0, type, timestamp, ...rest }: HistoryEvent): Event {
  const [details = {}] = Object.values(rest).filter(isObject);
  return {
    id,
    previous: previousEventId,
    type: type ?? '',
    time: timestamp?.getTime() ?? 0,
    details,
  };
}

/**
 * The whole history of an execution.
 *
 * @throws ExecutionDoesNotExist where Step Functions knows it no more.
 */
export async function historyOf(sfn: SFN, executionArn: string): Promise<Event[]> {
  const pages = pagesOf('GetExecutionHistory', async (token: string | undefined) => {
    const page = await sfn.getExecutionHistory({
      executionArn,
      maxResults: 1000,
      includeExecutionData: true,
      ...(token !== undefined && { nextToken: token }),
    });
    return { items: (page.events ?? []).map(eventOf), next: page.nextToken };
  });
  const events: Event[] = [];
  for await (const { items } of pages) events.push(...items);
  return events;
}

/** The history of an execution that was read before and has gone on, by reading what is new. */
export async function historySince(
  sfn: SFN,
  executionArn: string,
  known: Event[],
): Promise<Event[]> {
  const last = known.at(-1)?.id ?? 0;
  const pages = pagesOf('GetExecutionHistory', async (token: string | undefined) => {
    const page = await sfn.getExecutionHistory({
      executionArn,
      maxResults: 100,
      includeExecutionData: true,
      reverseOrder: true,
      ...(token !== undefined && { nextToken: token }),
    });
    return { items: (page.events ?? []).map(eventOf), next: page.nextToken };
  });
  const events: Event[] = [];
  for await (const { items } of pages) {
    events.push(...items.filter(({ id }) => id > last));
    if (items.some(({ id }) => id <= last)) break;
  }
  return [...known, ...events.reverse()];
}

/** One state that an execution went through. */
export interface Passed {
  state: string;
  /** The identity pool that the branch of it is about, if it is about one. */
  identityPoolId?: string;
  /** ISO 8601. */
  entered: string;
  /** ISO 8601; not yet, or never, where it is absent. */
  exited?: string;
  seconds?: number;
  /** How often a task was tried. */
  attempts?: number;
  /** The names of what went wrong meanwhile, as often as it did. */
  errors?: string[];
}

const parsed = (json: unknown): unknown => {
  try {
    return JSON.parse(String(json));
  } catch {
    return undefined;
  }
};

/** The identity pool that the input of a state is about. */
function identityPoolIn(input: unknown): string | undefined {
  const state = parsed(input);
  if (!isObject(state)) return undefined;
  const about = [state['target'], state['identityPool']].find(isObject);
  const id = about?.['identityPoolId'];
  return isText(id) ? id : undefined;
}

const attempt = /^(LambdaFunction|Task)Scheduled$/;
const fault = /^(LambdaFunction|Task)(Failed|TimedOut|ScheduleFailed|StartFailed|SubmitFailed)$/;

/** Whether an event leads back to another by the events before it. */
function follows(event: Event, other: Event, events: Event[]): boolean {
  const before = new Map(events.map((each) => [each.id, each.previous]));
  let id: number | undefined = event.previous;
  while (id !== undefined && id > other.id) id = before.get(id);
  return id === other.id;
}

/** What happened in a state, from the event after it was entered to the one by which it was left. */
function within(entered: Event, events: Event[], next: ReadonlyMap<number, Event>): Event[] {
  const { name } = entered.details;
  const leaves = ({ type, details }: Event) =>
    type.endsWith('StateExited') && details['name'] === name;
  if (entered.type === 'MapStateEntered') {
    // Each target may have a map of its own in the same state, so the name alone does not tell whose exit it is.
    return events.filter((event) => leaves(event) && follows(event, entered, events)).slice(0, 1);
  }
  const path: Event[] = [];
  for (let event = next.get(entered.id); event; event = next.get(event.id)) {
    path.push(event);
    if (leaves(event) || event.type.startsWith('Execution')) break;
  }
  return path;
}

/** A state that an execution went through, by its events. */
export interface Walked extends Passed {
  /** Of the event by which it was entered. */
  id: number;
  /** JSON. */
  input?: string;
  output?: string;
}

const jsonIn = ({ details }: Event, member: 'input' | 'output') =>
  isText(details[member]) ? { [member]: details[member] } : {};

/** The states that an execution went through, in the order in which they were entered. */
export const passedIn = (events: Event[]): Passed[] =>
  walkedIn(events).map(({ id: _, input: __, output: ___, ...passed }) => passed);

/** The same, with what each was given and what it handed on. */
export function walkedIn(events: Event[]): Walked[] {
  const next = new Map(events.toReversed().map((event) => [event.previous, event]));
  return events
    .filter(({ type }) => type.endsWith('StateEntered'))
    .map((entered): Walked => {
      const path = within(entered, events, next);
      const last = path.at(-1);
      const exited = last?.type.endsWith('StateExited') ? last : undefined;
      const identityPoolId = identityPoolIn(entered.details['input']);
      const attempts = path.filter(({ type }) => attempt.test(type)).length;
      const errors = path
        .filter(({ type }) => fault.test(type))
        .map(({ type, details }) => String(details['error'] ?? type));
      return {
        id: entered.id,
        state: String(entered.details['name']),
        ...jsonIn(entered, 'input'),
        ...(exited && jsonIn(exited, 'output')),
        ...(identityPoolId !== undefined && { identityPoolId }),
        entered: new Date(entered.time).toISOString(),
        ...(exited && {
          exited: new Date(exited.time).toISOString(),
          seconds: (exited.time - entered.time) / 1000,
        }),
        ...(attempts > 0 && { attempts }),
        ...(errors.length > 0 && { errors }),
      };
    });
}

/** What states handed on and what ReportOutcome was given: what came of each target. */
export const handedIn = (events: Event[]): Handed[] =>
  events.flatMap(({ type, details }) => {
    const state = String(details['name']);
    if (type === 'TaskStateEntered' && state === 'ReportOutcome') {
      return [{ state, data: parsed(details['input']) }];
    }
    return type.endsWith('StateExited') ? [{ state, data: parsed(details['output']) }] : [];
  });
