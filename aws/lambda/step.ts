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

/** What a step may know of its invocation. */
export interface Context {
  getRemainingTimeInMillis(): number;
}

interface AwsFault extends Error {
  code?: string;
  $fault?: 'client' | 'server';
  $metadata?: { httpStatusCode?: number };
}

// Names of errors as AWS gives them, and as the SDK does where an error has none.
const NAME = /^[A-Z][A-Za-z0-9.]{3,100}$/;
const NAMELESS = ['Unknown', 'UnknownError'];

/** Whether an answer came that the SDK could not read, or an error that does not say which. */
const isGarbled = ({ $fault, $metadata, name, message }: AwsFault): boolean =>
  $metadata !== undefined &&
  ($fault === undefined || !NAME.test(name) || NAMELESS.includes(name) || !isText(message));

/**
 * A failure to get an answer, under the name that the state machine retries. The SDK gives such
 * failures names by the transport they happened in.
 */
function named(error: AwsFault): Error {
  const silent =
    ['TimeoutError', 'AbortError'].includes(error.name) || unreachable.has(error.code ?? '');
  if (!silent && !isGarbled(error)) return error;
  const [reason = ''] = isText(error.message) ? error.message.split('\n') : [];
  return new AwsUnavailableError(
    `AWS could not be reached or did not answer sensibly (${reason.slice(0, 300)}). If this persists, look at the AWS Health Dashboard of the Region.`,
    { cause: error },
  );
}

/** The ARN of the execution, where the event has it. */
const executionIn = (event: unknown): string | undefined => {
  const execution = isObject(event) ? event['execution'] : undefined;
  return isText(execution) ? execution : undefined;
};

/**
 * Makes a Lambda handler of a step of the state machine: logs are correlated by the execution, and
 * an error is logged once and thrown by its name, which is what Retry and Catch match on.
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
      // Lambda hands on the stack with the error, and the state of the machine has little room.
      request.error.stack = request.error.name;
    })
    .handler(run);
