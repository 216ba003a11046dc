import { dataLines } from '../../core/logged-data.ts';
import { logger } from './logger.ts';

/**
 * Logs a value that the audit needs for longer than Step Functions keeps the execution.
 *
 * @param about what else its lines say, for people.
 */
export function logData(message: string, value: unknown, about: object = {}): void {
  for (const line of dataLines(value)) logger.info(message, { ...about, ...line });
}
