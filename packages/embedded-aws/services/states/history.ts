/** One event of an execution's history, as GetExecutionHistory answers it. */
export interface HistoryEvent {
  id: number;
  previousEventId: number;
  timestamp: number;
  type: string;
  /** The name of the member that holds the details, such as `stateEnteredEventDetails`. */
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

// Of input or output as the log group has it, escaped; where AWS cuts what is longer, it does not say.
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

/** What an execution did, event by event; each knows the one that it follows from. */
export class History {
  readonly events: HistoryEvent[] = [];
  readonly #heard: (event: HistoryEvent) => void;
  #closed = false;

  /** @param heard is told of every event, for logs and for watchers. */
  constructor(heard: (event: HistoryEvent) => void) {
    this.#heard = heard;
  }

  /** Appends an event and returns its id; after the end, nothing is appended any more. */
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
    this.#heard(event);
    return id;
  }

  close(): void {
    this.#closed = true;
  }

  /** The events as the API shows them. */
  shown(includeExecutionData = true): object[] {
    const data = new Set(['input', 'output', 'parameters', 'cause']);
    return this.events.map(({ member, details, ...event }) => {
      if (!member || !details) return event;
      const kept = Object.entries(details).filter(([k]) => includeExecutionData || !data.has(k));
      const withDetails = kept.flatMap(([key, value]) =>
        key === 'input' || key === 'output'
          ? [[key, value] as const, [`${key}Details`, { truncated: false }] as const]
          : [[key, value] as const],
      );
      return { ...event, [member]: Object.fromEntries(withDetails) };
    });
  }

  /** One event as the log group holds it. */
  static logged(event: HistoryEvent, executionArn: string): string {
    const details = Object.entries(event.details ?? {}).flatMap(([key, value]) =>
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
