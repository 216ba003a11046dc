import { isDenied } from '../../cli/denied.ts';
import { Machines } from '../../cli/executions/machines.ts';
import type { Session } from '../../cli/session.ts';
import { tableName } from '../../core/deployment.ts';
import { PAUSE } from '../../core/write/pause.ts';
import type { Ability } from './protocol.ts';

/**
 * What the caller may do. Few callers may use IAM's policy simulator, so each service gets a call that is invalid
 * for another reason and changes nothing: AWS checks permissions first, so a caller without the permission gets
 * AccessDenied.
 */
export class Abilities {
  readonly denied: Partial<Record<Ability, string>> = {};
  readonly #session: Session;
  readonly #stage: string;
  #probed: Promise<void> | undefined;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#stage = stage;
  }

  /**
   * Probes every ability, once.
   *
   * @throws if AWS does not answer; the next call probes again.
   */
  probe(): Promise<void> {
    this.#probed ??= this.#probeAll().catch((error) => {
      this.#probed = undefined;
      throw error;
    });
    return this.#probed;
  }

  /** Records an error of an action, if it is a denial. */
  record(ability: Ability, error: unknown): void {
    if (isDenied(error)) this.denied[ability] = error.message;
  }

  /** Records that an action was possible after all. */
  allow(ability: Ability): void {
    delete this.denied[ability];
  }

  async #probeAll(): Promise<void> {
    await this.#session.caller();
    const sfn = await this.#session.stepFunctions();
    const machines = new Machines(this.#session, this.#stage);
    const start = async (machine: 'link' | 'reconcile') =>
      sfn.startExecution({ stateMachineArn: await machines.arnOf(machine), input: 'not JSON' });
    await Promise.all([
      this.#try('link', () => start('link')),
      this.#try('reconcile', () => start('reconcile')),
      this.#try('decide', () => sfn.sendTaskSuccess({ taskToken: 'none', output: '{}' })),
      this.#try('pause', () => this.#failToPause()),
    ]);
  }

  async #try(ability: Ability, call: () => Promise<unknown>): Promise<void> {
    await call().catch((error) => this.record(ability, error));
  }

  /** The write of a pause, with a condition that is never met. */
  async #failToPause(): Promise<void> {
    const table = await this.#session.table();
    await table.putItem({
      TableName: tableName(this.#stage),
      Item: { pk: { S: PAUSE }, sk: { S: PAUSE } },
      ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(pk)',
    });
  }
}
