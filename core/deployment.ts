/** A state machine of Poolbridge. */
export type Machine = 'link' | 'reconcile';

// serverless.yml and resources/ have the same names: osls knows the service and the stage there.

/** The name of a stage's table; the names of its EventBridge rules begin with it too. */
export const tableName = (stage: string): string => `poolbridge-${stage}`;

/** The name of a state machine of a stage. */
export const stateMachineName = (stage: string, machine: Machine): string =>
  `poolbridge-${stage}-${machine}`;

/** The name of a function of a stage. */
export const functionName = (stage: string, step: string): string => `poolbridge-${stage}-${step}`;

/**
 * Reads the stage and the machine from the name of a state machine.
 *
 * @returns undefined if the state machine is not one of Poolbridge.
 */
export function deployedMachine(name: string): { stage: string; machine: Machine } | undefined {
  const [, stage, machine] = /^poolbridge-(.+)-(link|reconcile)$/.exec(name) ?? [];
  if (stage === undefined) return undefined;
  return { stage, machine: machine === 'reconcile' ? 'reconcile' : 'link' };
}
