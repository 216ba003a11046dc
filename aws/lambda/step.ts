import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { AwsUnavailableError } from '../../core/errors.ts';
import { isObject, isText } from '../../core/shape.ts';
import { logger } from './logger.ts';

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What a step may use of its invocation. */
export interface Context {
  getRemainingTimeInMillis(): number;
}

interface AwsFault extends Error {
  code?: string;
  $fault?: 'client' | 'server';
  $metadata?: { httpStatusCode?: number };
}

// The form of AWS error names, and the names that the SDK gives to errors without one.
const NAME = /^[A-Z][A-Za-z0-9.]{3,100}$/;
const NAMELESS = ['Unknown', 'UnknownError'];

/** Whether the SDK could not read the answer, or the error has no name. */
const isGarbled = ({ $fault, $metadata, name, message }: AwsFault): boolean =>
  $metadata !== undefined &&
  ($fault === undefined || !NAME.test(name) || NAMELESS.includes(name) || !isText(message));

/**
 * A missing answer, under the name that the state machine retries. The SDK names such failures after the transport.
 */
function named(error: AwsFault): Error {
  const silent =
    ['TimeoutError', 'AbortError'].includes(error.name) || unreachable.has(error.code ?? '');
  if (!silent && !isGarbled(error)) return error;
  const [reason = ''] = isText(error.message) ? error.message.split('\n') : [];
  return new AwsUnavailableError(
    `AWS could not be reached, or its answer could not be read (${reason.slice(0, 300)}). If this persists, look at the AWS Health Dashboard of the Region.`,
    { cause: error },
  );
}

/** The ARN of the execution, if the event has it. */
const executionIn = (event: unknown): string | undefined => {
  const execution = isObject(event) ? event['execution'] : undefined;
  return isText(execution) ? execution : undefined;
};

/**
 * Makes the Lambda handler of a step. Log lines have the ARN of the execution. An error is logged once and thrown
 * under the name that Retry and Catch match.
 */
export const step = <Event, Answer>(run: (event: Event, context: Context) => Promise<Answer>) =>
  middy<Event, Answer>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .before(({ event }) => {
      const execution = executionIn(event);
      if (execution !== undefined) logger.setCorrelationId(execution);
    })
    .onError((request) => {
      if (!(request.error instanceof Error)) return;
      request.error = named(request.error);
      logger.warn(request.error.message, { error: request.error.name, stack: request.error.stack });
      // Lambda passes the stack on with the error, and a state has little room.
      request.error.stack = request.error.name;
    })
    .handler(run);
