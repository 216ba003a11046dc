import { Logger } from '@aws-lambda-powertools/logger';

/** The one logger of a function; every line carries the execution's ARN as its correlation id. */
export const logger = new Logger({ serviceName: 'poolbridge' });
