import { randomUUID } from 'node:crypto';
import { ACCOUNT_A, ACCOUNT_B, HOME, pools, type World } from '../world.ts';
import { accountB, TAGGED } from './accounts.ts';

/** What every event of CloudTrail has. */
export const CREATED = {
  source: 'aws.cognito-idp',
  'detail-type': 'AWS API Call via CloudTrail',
  time: '2026-01-02T03:04:05Z',
  resources: [],
};

export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 25));

/** What the job does for its parts. */
interface Around {
  /** Puts an event of Poolbridge. */
  publish(detailType: string, detail: object): Promise<void>;
  /** Empties the dead-letter queues. */
  drain(): Promise<unknown>;
}

/** The part of the job that events and the sweep start: rechecks, and links of renamed app clients. */
export class Rechecks {
  readonly #world: World;
  readonly #around: Around;

  constructor(world: World, around: Around) {
    this.#world = world;
    this.#around = around;
  }

  /** Waits for the rechecks that run, and lets the next one wait as briefly as the first. */
  async forget(): Promise<void> {
    const { executions } = this.#world.local.aws.stateMachines;
    for (const { name, arn } of executions.values()) {
      if (name.startsWith('recheck-')) await this.#world.ended(arn);
    }
    await this.#world.local.aws.tables.ask(HOME, 'DeleteItem', {
      TableName: 'poolbridge-dev',
      Key: { pk: { S: `changes#${pools.web}` }, sk: { S: 'recheck' } },
    });
  }

  /** Whether a change in Account-B starts a recheck, and a change during it another. Both are stopped or end. */
  async changeIsRechecked(): Promise<boolean> {
    const { stateMachines } = this.#world.local.aws;
    const rechecks = () =>
      [...stateMachines.executions.values()].filter(({ name }) => name.startsWith('recheck-'));
    const before = rechecks().length;
    this.#poolChanges();
    if (!(await this.#soon(() => rechecks().length > before))) return false;
    this.#poolChanges();
    const first = rechecks()[before]!;
    if ((await this.#world.ended(first.arn)).status !== 'SUCCEEDED') return false;
    if (!(await this.#soon(() => rechecks().length > before + 1))) return false;
    await this.#world.ended(rechecks()[before + 1]!.arn);
    return true;
  }

  /** Whether a sweep finds an app client whose event was lost. */
  async lostEventIsFound(): Promise<boolean> {
    const { buses, stateMachines } = this.#world.local.aws;
    await this.forget();
    await this.#world.createAppClient(TAGGED, 'web-app');
    const before = stateMachines.executions.size;
    buses.fire(`arn:aws:events:us-east-1:${ACCOUNT_A}:rule/poolbridge-dev-sweep`);
    if (!(await this.#soon(() => stateMachines.executions.size > before))) return false;
    await this.forget();
    return true;
  }

  /** Whether an identity pool whose quota refused an app client is rechecked once it has room. */
  async roomIsUsed(): Promise<boolean> {
    const { stateMachines } = this.#world.local.aws;
    const finished = (result: object) =>
      this.#around.publish('LinkFinished', { results: [{ identityPoolId: pools.web, ...result }] });
    await finished({ outcome: 'FAILED', error: 'ProviderQuotaError' });
    const key = { pk: { S: `changes#${pools.web}` }, sk: { S: 'room' } };
    const asked = { TableName: 'poolbridge-dev', Key: key };
    const isAwaited = async () =>
      'Item' in (await this.#world.local.aws.tables.ask(HOME, 'GetItem', asked));
    if (!(await this.#soon(isAwaited))) return false;
    const before = stateMachines.executions.size;
    await finished({ outcome: 'UNLINKED' });
    if (!(await this.#soon(() => stateMachines.executions.size > before))) return false;
    await this.forget();
    return !(await isAwaited());
  }

  /**
   * Whether something happens before all is at rest. A function that is denied what it needs does not say so to
   * EventBridge.
   */
  async #soon(happens: () => boolean | Promise<boolean>): Promise<boolean> {
    let wasAtRest = false;
    for (;;) {
      await this.#world.local.aws.buses.settled();
      const isAtRest = this.#isAtRest();
      if (await happens()) return true;
      if (wasAtRest && isAtRest) break;
      wasAtRest = isAtRest;
      await pause();
    }
    await this.#around.drain();
    return false;
  }

  /** Whether no function and no execution runs. */
  #isAtRest(): boolean {
    const { functions, stateMachines } = this.#world.local.aws;
    const executions = [...stateMachines.executions.values()];
    return (
      functions.all().every(({ busy, waiting }) => busy.size === 0 && waiting.length === 0) &&
      executions.every(({ status }) => status !== 'RUNNING')
    );
  }

  /** The CloudTrail event of a change that someone made in Account-B. */
  #poolChanges(): void {
    this.#world.local.aws.emit(accountB.account, accountB.region, {
      ...CREATED,
      source: 'aws.cognito-identity',
      detail: {
        eventSource: 'cognito-identity.amazonaws.com',
        eventType: 'AwsApiCall',
        eventName: 'UpdateIdentityPool',
        eventID: randomUUID(),
        eventTime: CREATED.time,
        userIdentity: { arn: `arn:aws:iam::${ACCOUNT_B}:user/someone` },
        requestParameters: { identityPoolId: pools.web },
      },
    });
  }

  /** Whether an app client is linked once a link covers its new name, and rechecked once none does. */
  async renameIsFollowed(): Promise<boolean> {
    const { stateMachines } = this.#world.local.aws;
    const clientId = await this.#world.createAppClient(TAGGED, 'web-app');
    const started = (prefix: string) =>
      [...stateMachines.executions.values()].filter(({ name }) => name.startsWith(prefix));
    const linked = () => started('renamed-').find(({ input }) => input.includes(clientId));
    this.#clientIsRenamed(clientId, 'web-app');
    if (!(await this.#soon(() => linked() !== undefined))) return false;
    await this.#world.ended(linked()!.arn);
    const before = started('recheck-').length;
    this.#clientIsRenamed(clientId, 'other-app');
    if (!(await this.#soon(() => started('recheck-').length > before))) return false;
    await this.#world.ended(started('recheck-').at(-1)!.arn);
    return true;
  }

  #clientIsRenamed(clientId: string, clientName: string): void {
    this.#world.local.aws.emit(HOME.account, HOME.region, {
      ...CREATED,
      detail: {
        eventSource: 'cognito-idp.amazonaws.com',
        eventType: 'AwsApiCall',
        eventName: 'UpdateUserPoolClient',
        eventID: randomUUID(),
        eventTime: CREATED.time,
        responseElements: { userPoolClient: { userPoolId: TAGGED, clientId, clientName } },
      },
    });
  }
}
