import type { World } from '../world.ts';

/** Runs an action while Step Functions has no executions, as if it had forgotten them. */
export async function whileForgotten<T>(world: World, meanwhile: () => Promise<T>): Promise<T> {
  const { executions: remembered } = world.local.aws.stateMachines;
  const known = new Map(remembered);
  remembered.clear();
  try {
    return await meanwhile();
  } finally {
    for (const [arn, execution] of known) remembered.set(arn, execution);
  }
}
