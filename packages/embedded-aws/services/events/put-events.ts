import type { Call, Judged } from '../../kernel/call.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import { type Buses, contextOf, record } from './buses.ts';
import { isoSeconds, parseArn } from './targets.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html */
interface Entry {
  Source?: string;
  DetailType?: string;
  Detail?: string;
  Resources?: string[];
  /** In seconds. */
  Time?: number;
  EventBusName?: string;
}

type Result = { EventId: string } | { ErrorCode: string; ErrorMessage: string };

/** The ARN of a bus from its name or ARN. */
export function busArn(
  { partition, region, account }: Pick<Call, 'partition' | 'region' | 'account'>,
  named: unknown,
): string {
  const name = String(named ?? 'default');
  return name.startsWith('arn:')
    ? name
    : `arn:${partition}:events:${region}:${account}:event-bus/${name}`;
}

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
const MOST_ENTRIES = 10;
const MOST_BYTES = 262_144;

/** The size of an entry in bytes, as EventBridge counts it. */
function sizeOf({
  Time,
  Source = '',
  DetailType = '',
  Detail = '',
  Resources = [],
}: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  const time = Time === undefined ? 0 : 14;
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), time);
}

// Deeper than the default limit of EventBridge's JSON parser. Limits the recursion here.
const DEEPEST = 1000;

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((each) => isDeeperThan(each, depth - 1));
}

/** Parses a JSON object; undefined for anything else. */
export function jsonObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return isDeeperThan(value, DEEPEST) ? undefined : value;
  } catch {
    return undefined;
  }
}

/**
 * The entries of a call.
 *
 * @throws AwsError ValidationException if they are too many or too large.
 */
export function entriesOf({ input }: Call): Entry[] {
  const { Entries: entries } = input;
  const broken = !Array.isArray(entries)
    ? `Value null at 'entries' failed to satisfy constraint: Member must not be null`
    : entries.length === 0
      ? `Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1`
      : entries.length > MOST_ENTRIES
        ? `Value '${JSON.stringify(entries)}' at 'entries' failed to satisfy constraint: Member must have length less than or equal to ${MOST_ENTRIES}`
        : undefined;
  if (broken) throw new AwsError('ValidationException', `1 validation error detected: ${broken}`);
  if ((entries as Entry[]).reduce((sum, entry) => sum + sizeOf(entry), 0) > MOST_BYTES) {
    throw new AwsError(
      'ValidationException',
      'Total size of the entries in the request is over the limit.',
    );
  }
  return entries as Entry[];
}

/** The question whether the caller may put an entry on its bus. */
export function judged(buses: Buses, call: Call, entry: Entry): Judged {
  const resource = busArn(call, entry.EventBusName);
  if (parseArn(resource).region !== call.region) {
    throw new UnsupportedError('PutEvents on an event bus of another Region');
  }
  return {
    resource,
    context: contextOf(entry.Source, entry.DetailType, false),
    resourcePolicy: buses.find(resource)?.policy,
  };
}

const missing = (name: string): Result => ({
  ErrorCode: 'InvalidArgument',
  ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
});

/**
 * Puts one entry on its bus, as an event of the caller's account.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export function put(buses: Buses, call: Call, entry: Entry): Result {
  const { Source, DetailType, Detail, Resources = [], Time } = entry;
  if (!Source) return missing('Source');
  if (!DetailType) return missing('DetailType');
  if (!Detail) return missing('Detail');
  if (Source.startsWith('aws.')) {
    return {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    };
  }
  const detail = jsonObject(Detail);
  if (!detail) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const event = record(call.account, call.region, {
    source: Source,
    'detail-type': DetailType,
    resources: Resources,
    detail,
    time: isoSeconds(Time === undefined ? Date.now() : Time * 1000),
  });
  // A bus that does not exist accepts the event without an error, as in AWS.
  const bus = buses.find(busArn(call, entry.EventBusName));
  if (bus) buses.accept(bus, event);
  return { EventId: event.id };
}
