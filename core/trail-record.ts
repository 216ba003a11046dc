import { isObject, isShape, isText } from './shape.ts';

/** Who called AWS, from a record of CloudTrail. */
export interface TrailCaller {
  /** ARN. */
  principalArn: string;
  /** ISO 8601. */
  time: string;
  eventId: string;
  userAgent?: string;
}

const isArn = (value: unknown): value is string =>
  isText(value) && /^arn:[\w+=,.@:/-]{1,2000}$/.test(value);

/** Whether a value is a caller, as the table keeps it. */
export const isTrailCaller = isShape<TrailCaller>(
  { principalArn: isArn, time: isText, eventId: isText },
  { userAgent: isText },
);

/** A member of a record. CloudTrail writes its name in lower camel case, and some services as their API does. */
export const member = (of: unknown, name: string): unknown =>
  isObject(of) ? (of[name] ?? of[`${name.charAt(0).toUpperCase()}${name.slice(1)}`]) : undefined;

/**
 * The caller that a record names.
 *
 * @returns undefined for a service of AWS, and for a record that can't be read.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
export function callerIn(record: Record<string, unknown>): TrailCaller | undefined {
  const principalArn = member(record['userIdentity'], 'arn');
  const { eventTime, eventID: eventId, userAgent } = record;
  if (!isArn(principalArn) || !isText(eventTime) || !isText(eventId)) return undefined;
  return {
    principalArn,
    time: eventTime,
    eventId,
    ...(isText(userAgent) && { userAgent: userAgent.slice(0, 200) }),
  };
}
