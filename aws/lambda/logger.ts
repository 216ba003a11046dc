import { Logger } from '@aws-lambda-powertools/logger';
import { visibleText } from '../../core/visible.ts';

// JSON escapes these anyway.
const ENDS = '\n\r\t';

/** The logger of a function. Every line has the ARN of the execution as its correlation id. */
export const logger = new Logger({
  serviceName: 'poolbridge',
  // A terminal that shows a log would obey control characters in texts of others.
  jsonReplacerFn: (_, value) => (typeof value === 'string' ? visibleText(value, ENDS) : value),
});
