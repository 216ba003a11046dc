import { InvalidRequestError } from '../errors.ts';
import { partitionOf, unknownRegion } from '../partitions.ts';
import { isObject } from '../shape.ts';

/** Who made a request, and how. CloudTrail proves it; what a person says about themselves is a claim. */
export interface RequestedBy {
  via: 'cloudtrail' | 'event' | 'person';
  principalArn?: string;
  eventId?: string;
  time?: string;
  account?: string;
  region?: string;
  /** Who a person says they are: an ARN of STS. A claim, which CloudTrail's record of StartExecution may prove. */
  claimedArn?: string;
  reason?: string;
}

/** A request to link or unlink. */
export interface LinkRequest {
  operation: 'link' | 'unlink';
  userPoolId: string;
  /** Absent only if every entry of the user pool is to be unlinked. */
  clientId?: string;
  /** The app client's name, if the event has it. */
  clientName?: string;
  /** Limits the request to one of the identity pools that the links lead to. */
  identityPoolId?: string;
  /** Whether to remove only role mappings whose entries are gone. */
  leftBehind?: true;
  dryRun: boolean;
  requestedBy: RequestedBy;
}

/** A request to undo what an earlier execution did. */
export interface UndoRequest {
  operation: 'undo';
  executionArn: string;
  /** Limits the request to one of the identity pools that it changed. */
  identityPoolId?: string;
  dryRun: boolean;
  requestedBy: RequestedBy;
}

type Json = Record<string, unknown>;

/** How many characters the reason of a request may have. */
export const REASON_CHARACTERS = 1000;

const refuse = (message: string): never => {
  throw new InvalidRequestError(message);
};

const personsKeys = [
  'operation',
  'userPoolId',
  'clientId',
  'identityPoolId',
  'leftBehind',
  'dryRun',
  'reason',
  'claimedArn',
] as const;

const undoKeys = [
  'operation',
  'executionArn',
  'identityPoolId',
  'dryRun',
  'reason',
  'claimedArn',
] as const;

const requestedByKeys = ['principalArn', 'eventId', 'time', 'account', 'region'] as const;

// CloudTrail writes this in place of a value that it masks. Cognito marks client ids as sensitive, but not names,
// and a client may have this name.
// https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html
const MASKED = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** Whether a field is blank. EventBridge leaves a blank if the event has no such field. */
const isBlank = ([key, value]: [string, unknown]): boolean =>
  value === '' || (key === 'clientId' && value === MASKED);

const withoutBlanks = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter((field) => !isBlank(field)));

const patterns = {
  // https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolType.html
  userPoolId: {
    pattern: /^[\w-]+_[0-9a-zA-Z]+$/,
    most: 55,
    regionEnd: '_',
    like: 'us-east-1_AbCdEfGhI',
  },
  // cognito-idp also allows a +, but an identity pool does not.
  // https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
  clientId: {
    pattern: /^\w+$/,
    most: 128,
    regionEnd: undefined,
    like: '1example23456789abcdefghij',
  },
  // https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_IdentityPool.html
  identityPoolId: {
    pattern: /^[\w-]+:[0-9a-f-]+$/,
    most: 55,
    regionEnd: ':',
    like: 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab',
  },
} as const;

/** Whether a value has the form of an AWS id. */
export const isId =
  (key: keyof typeof patterns) =>
  (value: unknown): value is string =>
    typeof value === 'string' &&
    value.length <= patterns[key].most &&
    patterns[key].pattern.test(value);

/**
 * Makes sure that a value can be an id that AWS gave out.
 *
 * @param called what the value is called where it was written.
 * @throws InvalidRequestError
 */
export function checkId(value: unknown, key: keyof typeof patterns, called: string = key): string {
  const { like, regionEnd } = patterns[key];
  if (!isId(key)(value)) {
    return refuse(`${called} must be an id like "${like}", not ${quote(value)}.`);
  }
  if (regionEnd === undefined) return value;
  const region = value.slice(0, value.lastIndexOf(regionEnd));
  if (partitionOf(region) !== undefined) return value;
  return refuse(`${called} is ${quote(value)}, and ${unknownRegion(region)}.`);
}

function id(source: Json, key: keyof typeof patterns): string | undefined {
  const value = source[key];
  return value === undefined ? value : checkId(value, key);
}

/**
 * Reads a text.
 *
 * @param most how many characters it may have.
 * @returns undefined if there is none.
 * @throws InvalidRequestError
 */
export function text(source: Json, key: string, most: number): string | undefined {
  const value = source[key];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length <= most) return value;
  return refuse(`${key} must be a text of at most ${most} characters, not ${quote(value)}.`);
}

// A path has up to 512 characters, and the names after it up to 64 each.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const CALLER_ARN = /^arn:[a-z-]+:(iam|sts)::\d{12}:[\x21-\x7e]{1,700}$/;

/**
 * Reads who made a request by their own word: the ARN that GetCallerIdentity answers.
 *
 * @returns undefined if the request does not say it.
 * @throws InvalidRequestError
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export function claimIn({ claimedArn }: Record<string, unknown>): string | undefined {
  if (claimedArn === undefined) return undefined;
  if (typeof claimedArn === 'string' && CALLER_ARN.test(claimedArn)) return claimedArn;
  return refuse(
    `claimedArn must be the ARN of the caller, like "arn:aws:sts::111111111111:assumed-role/ops/alice", not ${quote(claimedArn)}.`,
  );
}

/** A value for a sentence, shortened: it may be deeper than the call stack, and longer than any cause. */
export function quote(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

/** @throws InvalidRequestError if there are other keys. */
export function onlyKeys(source: Json, keys: readonly string[], what: string): void {
  const unknown = Object.keys(source).filter((key) => !keys.includes(key));
  if (unknown.length === 0) return;
  const shown = unknown.slice(0, 5).map(quote).join(', ');
  const more = unknown.length > 5 ? ` and ${unknown.length - 5} more` : '';
  refuse(
    `${what} has the unknown ${unknown.length > 1 ? 'keys' : 'key'} ${shown}${more}; it may hold ${keys.join(', ')}.`,
  );
}

/** The object without keys whose value is undefined. */
const defined = <T extends object>(value: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

function requestFrom(source: Json, requestedBy: RequestedBy): LinkRequest {
  const { operation = 'link' } = source;
  if (operation !== 'link' && operation !== 'unlink') {
    return refuse(`operation must be "link", "unlink" or "undo", not ${quote(operation)}.`);
  }
  const userPoolId = id(source, 'userPoolId');
  if (userPoolId === undefined) {
    return refuse('userPoolId is missing: say which user pool the app client belongs to.');
  }
  return defined<LinkRequest>({
    operation,
    userPoolId,
    clientId: id(source, 'clientId'),
    clientName: text(source, 'clientName', 128),
    leftBehind: source['leftBehind'] === true || undefined,
    ...common(source, requestedBy),
  });
}

/** The members that every request may have. */
function common(source: Json, requestedBy: RequestedBy) {
  const { dryRun = false } = source;
  if (typeof dryRun !== 'boolean') {
    return refuse(`dryRun must be true or false, not ${quote(dryRun)}.`);
  }
  return {
    identityPoolId: id(source, 'identityPoolId'),
    dryRun,
    requestedBy: defined<RequestedBy>({
      ...requestedBy,
      claimedArn: claimIn(source),
      reason: text(source, 'reason', REASON_CHARACTERS),
    }),
  };
}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
const EXECUTION_ARN = /^arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:execution:[^\s:]{1,80}:[^\s:]{1,90}$/;
const EXECUTION_NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,90}$/u;

/** Whether a text has the form of an execution's ARN. */
export const isExecutionArn = (text: string): boolean => EXECUTION_ARN.test(text);

/** Whether a text has the form of an execution's name, or of the beginning of one. */
export const isExecutionName = (text: string): boolean => EXECUTION_NAME.test(text);

function undoFrom(source: Json, requestedBy: RequestedBy): UndoRequest {
  onlyKeys(source, undoKeys, 'The request');
  const { executionArn } = source;
  if (typeof executionArn !== 'string' || !isExecutionArn(executionArn)) {
    return refuse(
      `executionArn must be the ARN of the execution to undo, like "arn:aws:states:us-east-1:111111111111:execution:poolbridge-prod-link:NAME", not ${quote(executionArn)}.`,
    );
  }
  return defined<UndoRequest>({
    operation: 'undo',
    executionArn,
    ...common(source, requestedBy),
  });
}

/** @throws InvalidRequestError if leftBehind is not a flag, or has no meaning for the request. */
function checkLeftBehind({ leftBehind = false, operation, clientId, identityPoolId }: Json): void {
  if (typeof leftBehind !== 'boolean') {
    refuse(`leftBehind must be true or false, not ${quote(leftBehind)}.`);
  }
  const isWhole = operation === 'unlink' && clientId !== undefined && identityPoolId !== undefined;
  if (leftBehind && !isWhole) {
    refuse('leftBehind goes with the operation "unlink", a clientId and an identityPoolId.');
  }
}

function fromPerson(source: unknown, requestedBy: RequestedBy): LinkRequest | UndoRequest {
  if (!isObject(source)) {
    return refuse(
      `The request must be an object like {"operation":"link","userPoolId":"…","clientId":"…"}, not ${quote(source)}.`,
    );
  }
  if (source['operation'] === 'undo') return undoFrom(source, requestedBy);
  onlyKeys(source, personsKeys, 'The request');
  const request = requestFrom(source, requestedBy);
  if (request.clientId === undefined && request.operation === 'link') {
    return refuse('clientId is missing: say which app client to link.');
  }
  checkLeftBehind(source);
  return request;
}

function fromCloudTrail(source: Json, requestedBy: RequestedBy): LinkRequest {
  onlyKeys(source, [...personsKeys, 'clientName'], 'The request');
  const { operation, clientId } = source;
  // Absent means every entry of the user pool. A blank must never mean that.
  if (operation === 'unlink' && isBlank(['clientId', clientId])) {
    return refuse(
      'clientId is blank: name the app client, or leave the key out to unlink them all. A reconcile also unlinks what is gone.',
    );
  }
  const request = requestFrom(withoutBlanks(source), requestedBy);
  if (operation === 'unlink' && !Object.hasOwn(source, 'clientId')) return request;
  if (request.clientId === undefined && request.clientName === undefined) {
    return refuse(
      'The CloudTrail record names no app client: clientId and clientName are missing.',
    );
  }
  return request;
}

/**
 * Reads the input of the `link` state machine: that of a person, or `{request, requestedBy}` from the EventBridge
 * rules in `events/`.
 *
 * @throws InvalidRequestError with one sentence that says what is wrong.
 */
export function parseRequest(input: unknown): LinkRequest | UndoRequest {
  if (!isObject(input) || !Object.hasOwn(input, 'requestedBy')) {
    return fromPerson(input, { via: 'person' });
  }
  onlyKeys(input, ['request', 'requestedBy'], 'The input');
  const { request, requestedBy } = input;
  if (!isObject(request)) return refuse(`request must be an object, not ${quote(request)}.`);
  if (!isObject(requestedBy)) return refuse('requestedBy must be an object.');
  const who = withoutBlanks(requestedBy);
  const { via } = who;
  if (via !== 'cloudtrail' && via !== 'event') {
    return refuse(`requestedBy.via must be "cloudtrail" or "event", not ${quote(via)}.`);
  }
  const facts = requestedByKeys.map((key) => [key, text(who, key, 2048)] as const);
  const by = { via, ...defined(Object.fromEntries(facts)) } as RequestedBy;
  return via === 'event' ? fromPerson(request, by) : fromCloudTrail(request, by);
}
