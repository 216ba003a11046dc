import { AwsUnavailableError, PoolBusyError } from '../../core/errors.ts';

/** The errors of AWS's services after which statemachines/retry.yml tries a step again. A test compares them. */
const RETRIED: ReadonlySet<string> = new Set([
  'ConcurrentModificationException',
  'ExpiredTokenException',
  'InternalErrorException',
  'InternalException',
  'InternalFailure',
  'InternalServerError',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Whether the state machine tries the write again. Then its request keeps waiting, and keeps its place. */
export const isRetried = (error: unknown): boolean =>
  error instanceof PoolBusyError ||
  error instanceof AwsUnavailableError ||
  (error instanceof Error && RETRIED.has(error.name));
