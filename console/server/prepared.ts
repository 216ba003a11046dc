import type { Ability, Done, Plan } from './protocol.ts';

/** A plan without its id, and what confirming it does. */
export interface Prepared extends Omit<Plan, 'id' | 'held'> {
  ability: Ability;
  /** Absent if there is nothing to do. */
  carryOut?: (reason: string) => Promise<Done>;
}
