import { randomUUID } from 'node:crypto';
import type { Call, Emit } from './call.ts';
import type { AwsError } from './errors.ts';
import type { Principal } from './iam.ts';

/** One record, in the shape of an EventBridge event's detail. */
export type TrailRecord = Record<string, unknown> & { eventName: string; eventID: string };

// https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html
const MASK = 'HIDDEN_DUE_TO_SECURITY_REASONS';
const masked =
  /^(clientSecret|secretHash|password|temporaryPassword|proposedPassword|accessToken|idToken|refreshToken|authParameters|secretAccessKey|sessionToken|input|output)$/;

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** A value as CloudTrail records it: member names in lower camel case, secrets masked. */
function recorded(value: unknown, name = ''): unknown {
  if (value !== undefined && masked.test(name)) return MASK;
  if (Array.isArray(value)) return value.map((each) => recorded(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [lowerFirst(key), recorded(each, lowerFirst(key))]),
  );
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
function identityOf(principal: Principal | undefined): object {
  if (!principal) return { type: 'Unknown' };
  const { arn, account: accountId } = principal;
  if (principal.kind === 'service') return { type: 'AWSService', invokedBy: arn };
  if (principal.kind === 'root') {
    return { type: 'Root', principalId: accountId, arn, accountId, accessKeyId: accountId };
  }
  const { role, session } = principal;
  const issuer = { principalId: role.id, arn: role.arn, accountId, userName: role.name };
  return {
    type: 'AssumedRole',
    principalId: `${role.id}:${session.name}`,
    arn,
    accountId,
    accessKeyId: session.accessKeyId,
    sessionContext: {
      sessionIssuer: { type: 'Role', ...issuer },
      attributes: {
        creationDate: new Date(session.created).toISOString(),
        mfaAuthenticated: 'false',
      },
      ...(session.sourceIdentity && { sourceIdentity: session.sourceIdentity }),
    },
  };
}

// Across all accounts and Regions. Beyond this, the oldest records are dropped.
const MOST_RECORDS = 5000;

/**
 * Records management calls that write, and puts each on the bus of its Region after a delay.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export class CloudTrail {
  /** The event history, oldest first. */
  readonly records: TrailRecord[] = [];
  /** The delay between a call and its event: minimum and maximum, in milliseconds. */
  delay: [number, number];
  /** Whether each account has a trail. Without a trail, EventBridge gets no events. */
  enabled: boolean;
  /** The ARN of an organization trail, if any. Every account except the one in the ARN is a member account. */
  organizationTrail: string | undefined;
  readonly #emit: Emit;

  /** @param emit puts an event on the default bus of an account and Region. */
  constructor(emit: Emit, delay: [number, number], enabled: boolean) {
    this.#emit = emit;
    this.delay = delay;
    this.enabled = enabled;
  }

  record(call: Call, output?: object, error?: AwsError): void {
    const { service, operation, principal, account, region, input, requestId, userAgent } = call;
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    const answer = output && Object.keys(output).length > 0 ? recorded(output) : null;
    const detail: TrailRecord = {
      eventVersion: '1.11',
      userIdentity: identityOf(principal),
      eventTime: time,
      eventSource: `${service}.amazonaws.com`,
      eventName: operation,
      awsRegion: region,
      sourceIPAddress: principal?.kind === 'service' ? principal.arn : '127.0.0.1',
      userAgent,
      ...(error && { errorCode: error.code, errorMessage: error.message }),
      requestParameters: recorded(input),
      responseElements: error ? null : answer,
      requestID: requestId,
      eventID: randomUUID(),
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: 'Management',
    };
    this.records.push(detail);
    if (this.records.length > MOST_RECORDS) this.records.shift();
    if (!this.enabled && this.organizationTrail === undefined) return;
    const event = {
      source: `aws.${service}`,
      'detail-type': 'AWS API Call via CloudTrail',
      time,
      resources: [],
      detail,
    };
    const [from, to] = this.delay;
    const delay = from + Math.random() * (to - from);
    setTimeout(() => this.#emit(account, region, event), delay).unref();
  }
}
