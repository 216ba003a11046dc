import { Machines } from '../../cli/executions/machines.ts';
import type { Session } from '../../cli/session.ts';
import { tableName } from '../../core/deployment.ts';
import { PAUSE } from '../../core/write/pause.ts';
import type { Ability } from './protocol.ts';

/** By which name AWS says that one may not. */
const isDenial = (error: unknown): error is Error =>
  error instanceof Error && /^AccessDenied(Exception)?$/.test(error.name);

/**
 * What the caller may do. IAM's own simulation is itself a permission that few have, so each service is
 * asked what it refuses for another reason, before anything happens: whoever may not hears that first.
 */
export class Abilities {
  readonly denied: Partial<Record<Ability, string>> = {};
  readonly #session: Session;
  readonly #stage: string;
  #asked: Promise<void> | undefined;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#stage = stage;
  }

  /**
   * Asks once.
   *
   * @throws if nobody answers; it is asked again then.
   */
  ask(): Promise<void> {
    this.#asked ??= this.#askAll().catch((error) => {
      this.#asked = undefined;
      throw error;
    });
    return this.#asked;
  }

  /** Remembers what came of doing it, if that was a denial. */
  heard(ability: Ability, error: unknown): void {
    if (isDenial(error)) this.denied[ability] = error.message;
  }

  async #askAll(): Promise<void> {
    await this.#session.caller();
    const sfn = await this.#session.stepFunctions();
    const machines = new Machines(this.#session, this.#stage);
    const start = async (machine: 'link' | 'reconcile') =>
      sfn.startExecution({ stateMachineArn: await machines.arnOf(machine), input: 'not JSON' });
    await Promise.all([
      this.#try('link', () => start('link')),
      this.#try('reconcile', () => start('reconcile')),
      this.#try('decide', () => sfn.sendTaskSuccess({ taskToken: 'none', output: '{}' })),
      this.#try('pause', () => this.#neverPause()),
    ]);
  }

  async #try(ability: Ability, refused: () => Promise<unknown>): Promise<void> {
    await refused().catch((error) => this.heard(ability, error));
  }

  /** What pausing writes, on a condition that nothing meets. */
  async #neverPause(): Promise<void> {
    const table = await this.#session.table();
    await table.putItem({
      TableName: tableName(this.#stage),
      Item: { pk: { S: PAUSE }, sk: { S: PAUSE } },
      ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(pk)',
    });
  }
}
