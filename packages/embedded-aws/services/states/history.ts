/** One event of an execution's history. */
export interface HistoryEvent {
  id: number;
  previousEventId: number;
  timestamp: number;
  type: string;
  /** The name of the details member in the API, such as `stateEnteredEventDetails`. */
  member?: string;
  details?: Record<string, unknown>;
}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
const members: [RegExp, string][] = [
  [/StateEntered$/, 'stateEnteredEventDetails'],
  [/StateExited$/, 'stateExitedEventDetails'],
  [/^MapIteration/, ''],
];

function memberOf(type: string): string {
  const special = members.find(([pattern]) => pattern.test(type));
  if (special && special[1] !== '') return special[1];
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

// The limit for input or output in the log, escaped. AWS does not document where it cuts longer values.
// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
const LOGGED_BYTES = 248 * 1024;

function cutOff(key: string, text: string): [string, unknown][] {
  const truncated = Buffer.byteLength(JSON.stringify(text)) > LOGGED_BYTES;
  const kept = truncated ? text.slice(0, LOGGED_BYTES / 4) : text;
  return [
    [key, kept],
    [`${key}Details`, { truncated }],
  ];
}

// AWS says that data is excluded, which it calls the input or output of an event. That a cause is too, and that an
// error's name is not, is an assumption.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_LoggingConfiguration.html
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
const DATA = new Set(['input', 'output', 'parameters', 'cause']);

const shownDetails = (details: Record<string, unknown>, withData: boolean): [string, unknown][] =>
  Object.entries(details).filter(([key]) => withData || !DATA.has(key));

/** The history of an execution: a list of events, each with the id of its previous event. */
export class History {
  readonly events: HistoryEvent[] = [];
  readonly #onEvent: (event: HistoryEvent) => void;
  #closed = false;

  /** @param onEvent is called with every event, for logs and watchers. */
  constructor(onEvent: (event: HistoryEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Appends an event and returns its id. After `close`, appends nothing and returns `previousEventId`. */
  add(type: string, previousEventId: number, details?: Record<string, unknown>): number {
    if (this.#closed) return previousEventId;
    const id = this.events.length + 1;
    const event: HistoryEvent = {
      id,
      previousEventId,
      type,
      timestamp: Date.now() / 1000,
      ...(details && { member: memberOf(type), details }),
    };
    this.events.push(event);
    this.#onEvent(event);
    return id;
  }

  close(): void {
    this.#closed = true;
  }

  /** The events in the form of the API. */
  shown(includeExecutionData = true): object[] {
    return this.events.map(({ member, details, ...event }) => {
      if (!member || !details) return event;
      const kept = shownDetails(details, includeExecutionData);
      const withDetails = kept.flatMap(([key, value]) =>
        key === 'input' || key === 'output'
          ? [[key, value] as const, [`${key}Details`, { truncated: false }] as const]
          : [[key, value] as const],
      );
      return { ...event, [member]: Object.fromEntries(withDetails) };
    });
  }

  /** One event as a line of the log group. */
  static logged(event: HistoryEvent, executionArn: string, includeExecutionData = true): string {
    const shown = shownDetails(event.details ?? {}, includeExecutionData);
    const details = shown.flatMap(([key, value]) =>
      key === 'input' || key === 'output' ? cutOff(key, String(value)) : [[key, value]],
    );
    return JSON.stringify({
      id: String(event.id),
      type: event.type,
      details: Object.fromEntries(details),
      redrive_count: '0',
      previous_event_id: String(event.previousEventId),
      event_timestamp: String(Math.round(event.timestamp * 1000)),
      execution_arn: executionArn,
    });
  }
}
