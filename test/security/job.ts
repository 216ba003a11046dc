import {
  CognitoIdentityClient,
  type CognitoIdentityProvider,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Output } from '../../core/request/outcome.ts';
import { Judged } from '../judged.ts';
import { ACCOUNT_A, ACCOUNT_B, type Ended, HOME, pools, type World } from '../world.ts';
import {
  ABROAD,
  APPROVED,
  AWAY,
  accountB,
  NAMED,
  type Prepared,
  prepareAccounts,
  TAGGED,
} from './accounts.ts';
import { CREATED, pause, Rechecks } from './rechecks.ts';

/** Whether a link read the issuer of the user pool. */
function knowsIssuer({ output = '{}' }: Ended): boolean {
  const { operation, results } = JSON.parse(output) as Partial<Output>;
  return operation !== 'link' || results!.every((result) => 'issuer' in result);
}

/** The parts of the job. */
export type Part =
  | 'link'
  | 'events'
  | 'approval'
  | 'undo'
  | 'rename'
  | 'stop'
  | 'alarm'
  | 'reconcile'
  | 'deployment'
  | 'change'
  | 'sweep'
  | 'room'
  | 'schedule';

/** Everything that Poolbridge does with its permissions, in one run that can be repeated. */
export class Job {
  readonly world: World;
  readonly #abroad: World;
  readonly #queues: Prepared['queues'];
  readonly #rechecks: Rechecks;
  /** The entry that Account-B removes in each run. */
  readonly #taken: CognitoIdentityProvider;

  /** The parts of the job, in their usual order. */
  readonly #parts: Record<Part, () => Promise<boolean>> = {
    link: () => this.#isLinked(),
    events: () => this.#eventsLink(),
    approval: () => this.#isApproved(),
    undo: () => this.#isLookedUp(),
    rename: () => this.#rechecks.renameIsFollowed(),
    stop: () => this.#stopIsTold(),
    alarm: () => this.#alarmIsReset(),
    reconcile: () => this.#isReconciled(),
    deployment: () => this.#deploymentComparesChanged(),
    change: () => this.#rechecks.changeIsRechecked(),
    sweep: () => this.#rechecks.lostEventIsFound(),
    room: () => this.#rechecks.roomIsUsed(),
    schedule: () => this.#scheduleStarts(),
  };

  private constructor({ world, abroad, queues }: Prepared, taken: CognitoIdentityProvider) {
    this.world = world;
    this.#abroad = abroad;
    this.#queues = queues;
    this.#rechecks = new Rechecks(world, {
      publish: (detailType, detail) => this.#publish(detailType, detail),
      drain: () => this.#drain(),
    });
    this.#taken = taken;
  }

  static async start(): Promise<Job> {
    const all = await prepareAccounts();
    const ClientId = await all.world.createAppClient(TAGGED, 'web-taken');
    const ProviderName = `cognito-idp.us-east-1.amazonaws.com/${TAGGED}`;
    const job = new Job(all, { ProviderName, ClientId });
    await new Judged(all.world).keepAllBut(pools.web);
    // The ledger has had the entry since yesterday.
    await job.#put(`entry#${ProviderName}#${ClientId}`, {
      state: 'linked',
      providerName: ProviderName,
      clientId: ClientId,
      links: ['web'],
      execution: 'x',
      sequence: 1,
      time: Date.now() - 86_400_000,
    });
    return job;
  }

  /** Puts an item of the identity pool `web` into the table. */
  #put(sk: string, body: object, more: object = {}): Promise<unknown> {
    const key = { pk: { S: pools.web }, sk: { S: sk } };
    return this.world.local.aws.tables.ask(HOME, 'PutItem', {
      TableName: 'poolbridge-dev',
      Item: { ...key, ...more, body: { S: JSON.stringify(body) } },
    });
  }

  /**
   * Does the whole job, and stops at the first part that fails.
   *
   * @param first the part to start with: the one that fails without a permission.
   * @returns the part that failed; undefined if the job is done.
   */
  async failedPart(first: Part = 'link'): Promise<Part | undefined> {
    this.#makeRoom();
    await this.#rechecks.forget();
    const others = (Object.keys(this.#parts) as Part[]).filter((part) => part !== first);
    for (const part of [first, ...others]) if (!(await this.#parts[part]())) return part;
    return undefined;
  }

  /** Empties the identity pool before its quota is used up. Poolbridge waits when entries vanish. */
  #makeRoom(): void {
    const { pool } = this.world.local.aws.identityPools.find(pools.mobile);
    if (pool.CognitoIdentityProviders!.length > 40) pool.CognitoIdentityProviders = [];
  }

  /** Whether a client of a tagged user pool is found and linked, and so is one whose request waits. */
  async #isReconciled(): Promise<boolean> {
    const { world } = this;
    await world.createAppClient(TAGGED, 'web-app');
    await this.#leaveWaiting(await world.createAppClient(TAGGED, 'web-app'));
    await this.#someoneRemoves(this.#taken);
    const ended = await world.run({ link: 'web', repair: true }, undefined, world.reconcileArn);
    return (await this.#isAnnounced(ended)) && (await this.#isExplained(ended));
  }

  /** Whether the reconcile after a deployment finds that no link has changed. */
  async #deploymentComparesChanged(): Promise<boolean> {
    const input = { repair: true, changedOnly: true };
    const { status } = await this.world.run(input, undefined, this.world.reconcileArn);
    return status === 'SUCCEEDED';
  }

  /** Account-B removes an entry that was just added. */
  async #someoneRemoves(entry: CognitoIdentityProvider): Promise<void> {
    const client = this.world.client(CognitoIdentityClient, accountB);
    const { CognitoIdentityProviders: others = [], ...rest } = await this.world.describe(pools.web);
    for (const CognitoIdentityProviders of [[...others, entry], others]) {
      await client.send(
        new UpdateIdentityPoolCommand({
          ...rest,
          IdentityPoolId: pools.web,
          IdentityPoolName: rest.IdentityPoolName,
          AllowUnauthenticatedIdentities: rest.AllowUnauthenticatedIdentities,
          CognitoIdentityProviders,
        }),
      );
    }
  }

  /** Whether an execution has reported the removed entry, and who removed it. */
  async #isExplained({ executionArn }: Ended): Promise<boolean> {
    const events = await this.world.history(executionArn);
    return events.some(({ lambdaFunctionSucceededEventDetails: answer }) =>
      answer?.output?.includes(`"removedBy":{"principalArn":"arn:aws:iam::${ACCOUNT_B}:root"`),
    );
  }

  #leaveWaiting(clientId: string): Promise<unknown> {
    const body = {
      key: clientId,
      execution: 'another',
      operation: 'link',
      clientId,
      userPoolId: TAGGED,
    };
    const expiresAt = { N: String(Date.now() + 60_000) };
    return this.#put(`pending#${clientId}`, body, { ticket: { N: '1' }, expiresAt });
  }

  /** Whether the schedule starts an execution; it is stopped at once. */
  async #scheduleStarts(): Promise<boolean> {
    const { buses, stateMachines } = this.world.local.aws;
    buses.fire(`arn:aws:events:us-east-1:${ACCOUNT_A}:rule/poolbridge-dev-reconcile`);
    await buses.settled();
    const all = [...stateMachines.executions.values()];
    const running = all.filter(({ status }) => status === 'RUNNING');
    const sfn = this.world.client(SFNClient, HOME);
    for (const { arn: executionArn } of running) {
      await sfn.send(new StopExecutionCommand({ executionArn }));
    }
    await buses.settled();
    return (await this.#drain()) === 0 && running.length > 0;
  }

  /** Whether a person links a client of a named user pool. */
  async #isLinked(): Promise<boolean> {
    const clientId = await this.world.createAppClient(NAMED);
    return this.#isAnnounced(await this.world.run({ userPoolId: NAMED, clientId }));
  }

  /** Whether events link a client of a tagged user pool and one of another account, and deletions arrive. */
  async #eventsLink(): Promise<boolean> {
    const tagged = await this.world.createAppClient(TAGGED, 'web-app');
    const foreign = await this.#abroad.createAppClient(ABROAD, 'app-x');
    await this.#request({ userPoolId: TAGGED, clientId: tagged });
    this.#trailTells(foreign);
    const byEvents = await this.#startedBy([tagged, foreign]);
    const all = [...byEvents, ...(await this.#deletions())];
    const announced = await Promise.all(all.map((ended) => this.#isAnnounced(ended)));
    return byEvents.length === 2 && announced.every(Boolean);
  }

  #request(detail: object): Promise<void> {
    return this.#publish('LinkRequested', detail);
  }

  async #publish(DetailType: string, detail: object): Promise<void> {
    const Detail = JSON.stringify(detail);
    await this.world
      .client(EventBridgeClient, HOME)
      .send(new PutEventsCommand({ Entries: [{ Source: 'poolbridge', DetailType, Detail }] }));
  }

  /** The CloudTrail event of a new client in the other account. */
  #trailTells(clientId: string): void {
    this.world.local.aws.emit(AWAY.account, AWAY.region, {
      ...CREATED,
      detail: {
        eventSource: 'cognito-idp.amazonaws.com',
        eventType: 'AwsApiCall',
        eventName: 'CreateUserPoolClient',
        eventID: 'e',
        eventTime: CREATED.time,
        responseElements: { userPoolClient: { userPoolId: ABROAD, clientId, clientName: 'app-x' } },
      },
    });
  }

  /** The executions started by the events about some clients; fewer if an event ended in a queue. */
  async #startedBy(clientIds: string[]): Promise<Ended[]> {
    const { buses, stateMachines } = this.world.local.aws;
    for (;;) {
      const all = [...stateMachines.executions.values()];
      const started = clientIds.flatMap((id) => all.find(({ input }) => input.includes(id)) ?? []);
      const isRefused = started.length < clientIds.length && (await this.#drain()) > 0;
      if (isRefused) {
        await buses.settled();
        await this.#drain();
      }
      if (isRefused || started.length === clientIds.length) {
        return Promise.all(started.map(({ arn }) => this.world.ended(arn)));
      }
      await pause();
    }
  }

  /** The deletion of an app client that is linked by its name, and of a user pool that had tags. */
  #deletions(): Promise<Ended[]> {
    const requestedBy = { via: 'cloudtrail' };
    const deleted = [
      { operation: 'unlink', userPoolId: 'us-east-1_Leaving02', clientId: 'gone' },
      { operation: 'unlink', userPoolId: 'us-east-1_Leaving03' },
    ];
    return Promise.all(deleted.map((request) => this.world.run({ request, requestedBy })));
  }

  /** Whether an execution succeeded, and its event was published. */
  async #isAnnounced(ended: Ended): Promise<boolean> {
    if (ended.status !== 'SUCCEEDED' || !knowsIssuer(ended)) return false;
    const events = await this.world.history(ended.executionArn);
    return !events.some((event) => event.stateEnteredEventDetails?.name === 'ReportUnannounced');
  }

  /** Whether a write that needs approval waits for it, and is made once it is approved. */
  async #isApproved(): Promise<boolean> {
    const clientId = await this.world.createAppClient(APPROVED);
    const input = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
    const sfn = this.world.client(SFNClient, HOME);
    const { executionArn = '' } = await sfn.send(
      new StartExecutionCommand({
        stateMachineArn: this.world.machineArn,
        input: JSON.stringify(input),
      }),
    );
    const ended = this.world.ended(executionArn);
    const taskToken = await this.#tokenOf(executionArn);
    if (taskToken === undefined) return false;
    const output = JSON.stringify({ approvedBy: 'x', reason: 'x', time: CREATED.time });
    await sfn.send(new SendTaskSuccessCommand({ taskToken, output }));
    return this.#isAnnounced(await ended);
  }

  /** The task token with which an execution waits; undefined if it ends without waiting. */
  async #tokenOf(executionArn: string): Promise<string | undefined> {
    for (;;) {
      const events = await this.world.history(executionArn);
      if (events.at(-1)?.type?.startsWith('Execution')) return undefined;
      const scheduled = events.find(({ type }) => type === 'TaskScheduled');
      const { parameters = '' } = scheduled?.taskScheduledEventDetails ?? {};
      const isAsked = events.some(({ type }) => type === 'TaskSubmitted');
      if (isAsked) return JSON.parse(parameters).Payload.token;
      await pause();
    }
  }

  /** Whether the execution to undo is looked up. */
  async #isLookedUp(): Promise<boolean> {
    const { world } = this;
    const executionArn = `${world.machineArn.replace(':stateMachine:', ':execution:')}:nothing`;
    const { error } = await world.run({ operation: 'undo', executionArn });
    return error === 'InvalidRequestError';
  }

  /** Whether EventBridge could notify the alarm topic of an execution that was stopped. */
  async #stopIsTold(): Promise<boolean> {
    const sfn = this.world.client(SFNClient, HOME);
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn: this.world.machineArn, input: '{}' }),
    );
    await sfn.send(new StopExecutionCommand({ executionArn }));
    await this.world.local.aws.buses.settled();
    return (await this.#drain()) === 0;
  }

  /** Whether EventBridge Scheduler could reset the alarm, so that it notifies every day. */
  async #alarmIsReset(): Promise<boolean> {
    const { schedules } = this.world.local.aws;
    try {
      for (const arn of schedules.arns()) await schedules.run(arn);
      return schedules.arns().length > 0;
    } catch (error) {
      if ((error as Error).name === 'AccessDeniedException') return false;
      throw error;
    }
  }

  /** Empties the dead-letter queues, and returns the number of messages. */
  async #drain(): Promise<number> {
    const taken = await Promise.all(
      this.#queues.map(async ([QueueUrl, where]) => {
        const sqs = this.world.client(SQSClient, where);
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
        );
        for (const { ReceiptHandle } of Messages) {
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
        return Messages.length;
      }),
    );
    return taken.reduce((sum, each) => sum + each);
  }

  /** Whether the queue keeps an event for a deleted state machine. */
  async queueTakesEvents(): Promise<boolean> {
    const { machineArn, local } = this.world;
    const { machines } = local.aws.stateMachines;
    const machine = machines.get(machineArn)!;
    machines.delete(machineArn);
    await this.#request({ userPoolId: NAMED, clientId: 'x' });
    await local.aws.buses.settled();
    machines.set(machineArn, machine);
    return (await this.#drain()) > 0;
  }
}
