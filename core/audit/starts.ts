import type { Period } from '../period.ts';
import { isObject, isText, parsedJson } from '../shape.ts';
import { callerIn, member, type TrailCaller } from '../trail-record.ts';
import type { AuditRecord } from './audit.ts';

/** One StartExecution, by CloudTrail's record of it. */
export interface Start {
  /** ARN. */
  execution: string;
  by: TrailCaller;
}

/**
 * Reads the record of a StartExecution from LookupEvents.
 *
 * @returns undefined if the call failed, or the record does not name the execution or its caller.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cloud-trail.html
 */
export function startIn(text: unknown): Start | undefined {
  const record = parsedJson(text);
  if (!isObject(record) || record['errorCode'] !== undefined) return undefined;
  const execution = member(record['responseElements'], 'executionArn');
  const by = callerIn(record);
  return isText(execution) && by ? { execution, by } : undefined;
}

/** Whether a record says itself who made the request, so that only CloudTrail can prove it. */
export const isClaimed = ({ requestedBy }: AuditRecord): boolean =>
  requestedBy.via === 'person' || (requestedBy.via !== 'event' && 'claimedArn' in requestedBy);

// CloudTrail has times in whole seconds, by the clock of another service.
const AROUND_MS = 5000;
// One page that holds some events more costs less than one more page.
const TOGETHER_MS = 60_000;

/** The parts of time to look for the starts of executions in, the newest first. */
export function spansAround(times: number[]): Period[] {
  const spans: Period[] = [];
  for (const time of times.toSorted((a, b) => b - a)) {
    const last = spans.at(-1);
    const from = time - AROUND_MS;
    if (last && last.from - time < TOGETHER_MS) last.from = from;
    else spans.push({ from, until: time + AROUND_MS });
  }
  return spans;
}
