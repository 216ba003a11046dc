import { logger } from '../aws/lambda/logger.ts';
import { step } from '../aws/lambda/step.ts';
import { type Decision, decisionOf } from '../core/request/decision.ts';

/** Is the answer an approval? It is whatever a person sent with the token, or why nothing was sent. */
export const handler = step(async (answer: unknown): Promise<Decision> => {
  const decision = decisionOf(answer);
  logger.info('approval checked', { decision });
  return decision;
});
