import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { AwsUnavailableError } from '../core/errors.ts';
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
interface Context {
  getRemainingTimeInMillis(): number;
}

interface AwsFault extends Error {
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

/**
 * A failure to get an answer, under the name that the state machine retries. The SDK gives such
 * failures names by the transport they happened in.
 */
function named(error: AwsFault): Error {
  const silent =
    ['TimeoutError', 'AbortError'].includes(error.name) || unreachable.has(error.code ?? '');
  const garbled = error instanceof SyntaxError && error.$metadata !== undefined;
  if (!silent && !garbled) return error;
  return new AwsUnavailableError(
    `AWS could not be reached or did not answer sensibly (${error.message}). If this persists, look at the AWS Health Dashboard of the Region.`,
    { cause: error },
  );
}

/**
 * Makes a Lambda handler of a step of the state machine: logs are correlated by the execution, and
 * an error is logged once and thrown by its name, which is what Retry and Catch match on.
 */
export const step = <Event extends { execution: string }, Answer>(
  run: (event: Event, context: Context) => Promise<Answer>,
) =>
  middy<Event, Answer>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .before(({ event }) => {
      logger.setCorrelationId(event.execution);
    })
    .onError((request) => {
      if (!(request.error instanceof Error)) return;
      request.error = named(request.error);
      logger.warn(request.error.message, { error: request.error.name, stack: request.error.stack });
      // Lambda hands on the stack with the error, and the state of the machine has little room.
      request.error.stack = request.error.name;
    })
    .handler(run);
