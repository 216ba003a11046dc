import { Logger } from '@aws-lambda-powertools/logger';
import { visibleText } from '../../core/visible.ts';

// JSON escapes these itself.
const ENDS = '\n\r\t';

/** The one logger of a function; every line carries the execution's ARN as its correlation id. */
export const logger = new Logger({
  serviceName: 'poolbridge',
  // A terminal that shows a log obeys control characters of others' texts.
  jsonReplacerFn: (_, value) => (typeof value === 'string' ? visibleText(value, ENDS) : value),
});
