import { logger } from '../aws/logger.ts';
import { step } from '../aws/step.ts';
import { type Decision, decisionOf } from '../core/decision.ts';

/** Is the answer an approval? It is whatever a person sent with the token, or why nothing was sent. */
export const handler = step(async (answer: unknown): Promise<Decision> => {
  const decision = decisionOf(answer);
  logger.info('approval checked', { decision });
  return decision;
});
