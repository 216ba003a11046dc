import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import { type Decision, decisionOf } from '../core/request/decision.ts';

/**
 * Checks whether the answer is an approval. It is what a person sent with the token, or the error that ended the
 * wait.
 */
export const handler = step(async (answer: unknown): Promise<Decision> => {
  const decision = decisionOf(answer);
  logger.info('approval checked', { decision });
  return decision;
});
