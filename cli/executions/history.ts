import type { HistoryEvent, SFN } from '@aws-sdk/client-sfn';
import { pagesOf } from '../../aws/pace/pages.ts';
import type { StateData } from '../../core/audit/audit.ts';
import type { NamedPool } from '../../core/failure.ts';
import { isObject, isText } from '../../core/shape.ts';

/** One event of an execution, from its history or its log group. */
export interface Event {
  id: number;
  previous: number;
  type: string;
  /** In epoch milliseconds. */
  time: number;
  details: Record<string, unknown>;
  /** What this branch of the execution is about, if the details lack the data that say it. */
  target?: NamedPool;
}

/** @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html */
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
 * @throws ExecutionDoesNotExist if Step Functions does not have it, or no longer.
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

/** The history of an execution, part of which is known: only the newer events are read. */
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

/** One visit of an execution to a state. */
export interface Visit {
  state: string;
  /** The identity pool that this branch of the execution is about. */
  identityPoolId?: string;
  /** ISO 8601. */
  entered: string;
  /** ISO 8601; absent if the state has not been left. */
  exited?: string;
  seconds?: number;
  /** How often a task was tried. */
  attempts?: number;
  /** The error names of failed attempts, one for each attempt. */
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

/** Whether an event follows another one, directly or through events in between. */
function follows(event: Event, other: Event, events: Event[]): boolean {
  const before = new Map(events.map((each) => [each.id, each.previous]));
  let id: number | undefined = event.previous;
  while (id !== undefined && id > other.id) id = before.get(id);
  return id === other.id;
}

/** The events of a state, from the one after it was entered to the one that left it. */
function within(entered: Event, events: Event[], next: ReadonlyMap<number, Event>): Event[] {
  const { name } = entered.details;
  const leaves = ({ type, details }: Event) =>
    type.endsWith('StateExited') && details['name'] === name;
  if (entered.type === 'MapStateEntered') {
    // Several targets may run the same Map state, so the name alone does not identify the exit.
    return events.filter((event) => leaves(event) && follows(event, entered, events)).slice(0, 1);
  }
  const path: Event[] = [];
  for (let event = next.get(entered.id); event; event = next.get(event.id)) {
    path.push(event);
    if (leaves(event) || event.type.startsWith('Execution')) break;
  }
  return path;
}

/** A visit with the input and output of the state. */
export interface VisitWithData extends Visit {
  /** The id of the event that entered the state. */
  id: number;
  /** JSON. */
  input?: string;
  output?: string;
  /** What this branch of the execution is about, if the input is not known. */
  target?: NamedPool;
}

const jsonIn = ({ details }: Event, member: 'input' | 'output') =>
  isText(details[member]) ? { [member]: details[member] } : {};

/** The states that an execution visited, in the order in which it entered them. */
export const visitsIn = (events: Event[]): Visit[] =>
  visitsWithDataIn(events).map(
    ({ id: _, input: __, output: ___, target: ____, ...visit }) => visit,
  );

/** The same, each with its input and output. */
export function visitsWithDataIn(events: Event[]): VisitWithData[] {
  const next = new Map(events.toReversed().map((event) => [event.previous, event]));
  return events
    .filter(({ type }) => type.endsWith('StateEntered'))
    .map((entered): VisitWithData => {
      const path = within(entered, events, next);
      const last = path.at(-1);
      const exited = last?.type.endsWith('StateExited') ? last : undefined;
      const { target } = entered;
      const identityPoolId = identityPoolIn(entered.details['input']) ?? target?.identityPoolId;
      const attempts = path.filter(({ type }) => attempt.test(type)).length;
      const errors = path
        .filter(({ type }) => fault.test(type))
        .map(({ type, details }) => String(details['error'] ?? type));
      return {
        id: entered.id,
        state: String(entered.details['name']),
        ...jsonIn(entered, 'input'),
        ...(target && { target }),
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

/** The output of each state and the input of ReportOutcome, which hold the results of the targets. */
export const stateDataIn = (events: Event[]): StateData[] =>
  events.flatMap(({ type, details }) => {
    const state = String(details['name']);
    if (state === 'ReportOutcome') {
      return type === 'TaskStateEntered' ? [{ state, data: parsed(details['input']) }] : [];
    }
    return type.endsWith('StateExited') ? [{ state, data: parsed(details['output']) }] : [];
  });

/** What a task answered, each time a state of this name was visited and succeeded. */
export function answersOf(events: Event[], state: string): unknown[] {
  const next = new Map(events.toReversed().map((event) => [event.previous, event]));
  return events
    .filter(({ type, details }) => type === 'TaskStateEntered' && details['name'] === state)
    .flatMap((entered) => {
      const done = within(entered, events, next).find(({ type }) =>
        /^(LambdaFunction|Task)Succeeded$/.test(type),
      );
      return done ? [parsed(done.details['output'])] : [];
    });
}
