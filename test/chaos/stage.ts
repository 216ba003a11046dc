import assert from 'node:assert/strict';
import type { Execution } from 'embedded-aws/services/states/machines.ts';
import type { ShownChange } from '../../core/identity-pool/changes.ts';
import { entriesOf, type Provider } from '../../core/identity-pool/identity-pool.ts';
import type { Mark } from '../../core/write/marks.ts';
import { type Accounts, ALL_POOLS, HOME, POOLS, USER_POOLS } from './accounts.ts';
import { START } from './clock.ts';
import { reportForeignWrite } from './foreign-events.ts';
import type { Interruption, Network, OurCall, Trouble } from './network.ts';
import type { Pools } from './pools.ts';
import type { Scene } from './scene.ts';
import { providerName, StageTable, updatedName } from './stage-table.ts';

// The longest duration of a script that gives none, in milliseconds of virtual time.
const LONGEST = 10 * 60_000;

/** A call of ours that a script waits for. */
export interface Awaited {
  /** The function that makes the call. */
  step: string;
  /** `service:Operation`. */
  call: string;
  /** Text that its input contains. */
  about?: string;
  /** The execution that makes it; any if absent. */
  by?: Execution;
  /** How many such calls to let through first. */
  after?: number;
}

/** The outcome that an execution reports for one identity pool, or its error. */
export interface Said {
  outcome?: string;
  changes: ShownChange[];
  cancelled?: ShownChange[];
  writtenBy?: string;
  marksCleared?: Mark[];
  error?: string;
}

/** The part of a script that a stage plays. */
export interface Playable {
  name: string;
  /** Its longest duration, in milliseconds of virtual time; {@link LONGEST} if absent. */
  longest?: number;
  /** @throws Error if the behaviour is wrong. */
  play(stage: Stage): Promise<void>;
}

/** What a script works with. */
interface Cast {
  accounts: Accounts;
  network: Network;
  pools: Pools;
}

/** Both accounts with the service deployed, where a script decides what happens and when. */
export class Stage extends StageTable {
  readonly #cast: Cast;
  readonly #awaited: (Awaited & { interruption: Interruption })[] = [];
  /** By how much the clocks of executions are fast, in milliseconds, by name. */
  readonly #skews = new Map<string, number>();
  /** The user pools with the updated issuer. */
  readonly #updated = new Set<string>();
  readonly #invoked: { step: string; execution: string; payload: string; at: number }[] = [];

  constructor(scene: Scene, cast: Cast) {
    super(scene);
    this.#cast = cast;
    cast.network.interruptionOf = (call) => this.#interruptionOf(call);
    const { functions } = scene.aws;
    const invoke = functions.invoke.bind(functions);
    functions.invoke = (fn, payload) => {
      const { execution = '' } = JSON.parse(payload) as { execution?: string };
      const step = fn.name.replace('poolbridge-dev-', '');
      this.#invoked.push({ step, execution, payload, at: this.now() });
      return invoke(fn, payload);
    };
  }

  /** Plays a script to its end and records its error, if it throws one, as a violation. */
  async play(script: Playable): Promise<void> {
    const { name, play, longest = LONGEST } = script;
    const { clock, observer } = this.scene;
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    play(this).then(end, (error: Error) => {
      // Not even a loss beyond the bounds excuses it, since the script decides what happens.
      observer.violations.push(`${clock.elapsed} ms: ${error.message}`);
      end();
    });
    await clock.run(() => isOver, longest);
    if (!isOver) observer.violation(`“${name}” did not end`);
  }

  #interruptionOf({ call, input, invocation }: OurCall) {
    invocation.skew = this.#skews.get(invocation.execution) ?? 0;
    const isMeant = (each: Awaited): boolean =>
      each.call === call &&
      each.step === invocation.name &&
      (each.by === undefined || each.by.name === invocation.execution) &&
      input.includes(each.about ?? '');
    const met = this.#awaited.find(isMeant);
    if (!met) return undefined;
    if (met.after !== undefined && met.after > 0) {
      met.after--;
      return undefined;
    }
    this.#awaited.splice(this.#awaited.indexOf(met), 1);
    return met.interruption;
  }

  /** Runs a callback before the next such call. */
  before(call: Awaited, happens: () => unknown): void {
    this.failing(call, async () => {
      await happens();
      return undefined;
    });
  }

  /** Adds trouble to the next such call. */
  failing(call: Awaited, troubleOf: () => Trouble | undefined | Promise<undefined>): void {
    this.#awaited.push({ ...call, interruption: async () => troubleOf() });
  }

  /** Counts such calls from now on. */
  counting(call: Awaited): () => number {
    let count = 0;
    const next = () =>
      this.before(call, () => {
        count++;
        next();
      });
    next();
    return () => count;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.sleep(20);
  }

  /** Creates an app client; no event reports its creation. */
  async createClient(userPoolId: string = USER_POOLS[0], clientName = 'web-app'): Promise<string> {
    const { UserPoolClient } = (await this.#cast.accounts.asA(
      'cognito-idp',
      'CreateUserPoolClient',
      { UserPoolId: userPoolId, ClientName: clientName },
    )) as { UserPoolClient: { ClientId: string } };
    const { ClientId } = UserPoolClient;
    const names = [providerName(userPoolId)];
    if (this.#updated.has(userPoolId)) names.push(updatedName(userPoolId));
    for (const operation of ['link', 'unlink'] as const) {
      for (const name of names) {
        this.scene.observer.ask(operation, [...ALL_POOLS], name, ClientId);
      }
    }
    return ClientId;
  }

  /** Switches a user pool to the updated issuer. */
  async switchIssuer(UserPoolId: string): Promise<void> {
    const IssuerConfiguration = { Type: 'UPDATED' };
    await this.#cast.accounts.asA('cognito-idp', 'UpdateUserPool', {
      UserPoolId,
      IssuerConfiguration,
    });
    this.#updated.add(UserPoolId);
  }

  async deleteClient(ClientId: string, UserPoolId: string = USER_POOLS[0]): Promise<void> {
    await this.#cast.accounts.asA('cognito-idp', 'DeleteUserPoolClient', { UserPoolId, ClientId });
  }

  /** Renames an app client in Cognito. */
  renameClient(clientId: string, ClientName: string, userPoolId: string): void {
    const client = this.scene.aws.userPools.find(userPoolId)?.clients.get(clientId);
    assert.ok(client, `there is no app client ${clientId}`);
    client.ClientName = ClientName;
  }

  async tagUserPool(userPoolId: string, Tags: Record<string, string>): Promise<void> {
    const ResourceArn = `arn:aws:cognito-idp:${HOME.region}:${HOME.account}:userpool/${userPoolId}`;
    await this.#cast.accounts.asA('cognito-idp', 'TagResource', { ResourceArn, Tags });
  }

  async deleteUserPool(UserPoolId: string): Promise<void> {
    await this.#cast.accounts.asA('cognito-idp', 'DeleteUserPool', { UserPoolId });
  }

  /** Starts an execution. */
  async start(input: object, machine: 'link' | 'reconcile' = 'link'): Promise<Execution> {
    const stateMachineArn = this.#cast.accounts.machineArn.replace(/-link$/, `-${machine}`);
    const { executionArn } = (await this.#cast.accounts.asA('states', 'StartExecution', {
      stateMachineArn,
      input: JSON.stringify(input),
    })) as { executionArn: string };
    return this.scene.aws.stateMachines.execution(executionArn);
  }

  /** Starts an execution as a person does. */
  ask(operation: 'link' | 'unlink', clientId: string, userPoolId: string = USER_POOLS[0]) {
    return this.start({ operation, userPoolId, clientId });
  }

  /** Starts an execution that undoes another, as a person does. */
  undo({ arn }: Execution): Promise<Execution> {
    return this.start({ operation: 'undo', executionArn: arn });
  }

  /** Starts an execution as a CloudTrail event about an app client, or a whole user pool, does. */
  tell(operation: 'link' | 'unlink', clientId?: string, userPoolId: string = USER_POOLS[0]) {
    const requestedBy = { via: 'cloudtrail', account: HOME.account, region: HOME.region };
    return this.start({ request: { operation, userPoolId, clientId }, requestedBy });
  }

  /** Waits for the end of an execution and returns what it reports. */
  async said(execution: Execution): Promise<Said> {
    await this.until(() => execution.status !== 'RUNNING');
    const { error, output = '{}' } = execution;
    const { results = [] } = JSON.parse(output) as { results?: Said[] };
    const [{ outcome, changes = [], cancelled, writtenBy, marksCleared } = { changes: [] }] =
      results;
    return {
      changes,
      ...(cancelled && { cancelled }),
      ...(outcome !== undefined && { outcome }),
      ...(writtenBy !== undefined && { writtenBy }),
      ...(marksCleared && { marksCleared }),
      ...(error !== undefined && { error }),
    };
  }

  /** Starts an execution as a person does, and waits for its report. */
  async done(operation: 'link' | 'unlink', clientId: string, userPoolId?: string): Promise<Said> {
    return this.said(await this.ask(operation, clientId, userPoolId));
  }

  stop(execution: Execution): void {
    this.scene.aws.stateMachines.stop(execution);
  }

  #invocations(execution: Execution, step: string) {
    return this.#invoked.filter((each) => each.step === step && each.execution === execution.arn);
  }

  /** How many attempts of a step an execution has started. */
  attempts(execution: Execution, step: string): number {
    return this.#invocations(execution, step).length;
  }

  /** When the last attempt of a step began, in epoch milliseconds; now if none has begun. */
  began(execution: Execution, step: string): number {
    return this.#invocations(execution, step).at(-1)?.at ?? this.now();
  }

  /** The input of the last attempt of a step. */
  event(execution: Execution, step: string): Record<string, object> {
    return JSON.parse(this.#invocations(execution, step).at(-1)?.payload ?? '{}');
  }

  /** Runs a step with a given input, as a redrive does. */
  async invoke(
    step: string,
    event: object,
  ): Promise<Said & { errorType?: string; errorMessage?: string }> {
    const { functions } = this.scene.aws;
    const fn = functions.all().find(({ name }) => name === `poolbridge-dev-${step}`);
    assert.ok(fn, `there is no function ${step}`);
    return JSON.parse((await functions.invoke(fn, JSON.stringify(event))).payload);
  }

  /** Waits until the lease has expired. */
  async leaseOver(poolId: string = POOLS[0]): Promise<void> {
    await this.sleep((await this.leaseExpiry(poolId)) - Date.now() + 100);
  }

  /** Sets the clock of an execution's functions fast, or slow if negative, from their first call on. */
  setClock({ name }: Execution, ms: number): void {
    this.#skews.set(name, ms);
  }

  /** The time without any clock's error, in epoch milliseconds. */
  now(): number {
    return START + this.scene.clock.elapsed;
  }

  /** Waits until an attempt of an execution has failed with this error. */
  async thrown(execution: Execution, error: string): Promise<void> {
    const hasFailed = () => JSON.stringify(execution.history.events).includes(error);
    await this.until(() => hasFailed() || execution.status !== 'RUNNING');
    assert.ok(hasFailed(), `no attempt failed with ${error}`);
  }

  /**
   * Starts an execution that waits for an identity pool between two attempts of its write.
   *
   * @returns the execution, and a callback that lets its next attempt go on.
   */
  async waiting(
    starting: () => Promise<Execution>,
    poolId: string = POOLS[0],
  ): Promise<{ execution: Execution; goOn: () => void }> {
    await this.takeLease(60_000, poolId);
    const execution = await starting();
    await this.thrown(execution, 'PoolBusyError');
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = { call: 'dynamodb:GetItem', about: 'answer#', by: execution };
    this.before({ step: 'UpdateIdentityPool', ...first }, () => promise);
    await this.freeLease(poolId);
    return { execution, goOn: resolve };
  }

  /** Changes the entries of an identity pool as a foreign writer. */
  change(change: (entries: Provider[]) => Provider[], poolId: string = POOLS[0]): void {
    const stored = this.scene.aws.identityPools.find(poolId);
    const CognitoIdentityProviders = change(entriesOf(stored.pool));
    stored.pool = { ...structuredClone(stored.pool), CognitoIdentityProviders };
    this.scene.observer.foreignWrite(stored.pool);
  }

  /** Removes an entry as a foreign writer. An event reports it only if asked for. */
  remove(clientId: string, { isReported }: { isReported: boolean }): void {
    this.change((entries) => entries.filter(({ ClientId }) => ClientId !== clientId));
    const { aws } = this.scene;
    if (isReported) reportForeignWrite(aws, aws.identityPools.find(POOLS[0]).pool, [1000]);
  }

  /** The rechecks that were started. */
  rechecks(): Execution[] {
    const all = [...this.scene.aws.stateMachines.executions.values()];
    return all.filter(({ name }) => name.startsWith('recheck-'));
  }

  /** Renames an identity pool as a foreign writer. */
  rename(IdentityPoolName: string, poolId: string = POOLS[0]): void {
    const stored = this.scene.aws.identityPools.find(poolId);
    stored.pool = { ...structuredClone(stored.pool), IdentityPoolName };
    this.scene.observer.foreignWrite(stored.pool);
  }

  name(poolId: string = POOLS[0]): string {
    return this.scene.aws.identityPools.find(poolId).pool.IdentityPoolName;
  }

  /** Makes Cognito show an identity pool as it was `states` changes ago, until the next call of this. */
  showOld(states: number, poolId: string = POOLS[0]): void {
    const { observer } = this.scene;
    this.#cast.pools.shownBy = (id) =>
      id === poolId ? observer.versions(id).at(-1 - states) : undefined;
  }

  /** Makes Cognito show every identity pool as it was some milliseconds ago, until the next call of {@link showOld}. */
  showPast(ms: number): void {
    const { clock, observer } = this.scene;
    this.#cast.pools.shownBy = (id) => {
      const versions = observer.versions(id);
      return versions.findLast(({ at }) => at <= clock.elapsed - ms) ?? versions[0];
    };
  }

  /** The user pools under whose names an app client has entries in an identity pool. */
  names(clientId: string, poolId: string = POOLS[0]): string[] {
    return entriesOf(this.scene.aws.identityPools.find(poolId).pool).flatMap(
      ({ ClientId, ProviderName = '' }) => (ClientId === clientId ? ProviderName : []),
    );
  }

  /** The app clients that have an entry in an identity pool. */
  clients(poolId: string = POOLS[0]): string[] {
    return entriesOf(this.scene.aws.identityPools.find(poolId).pool).map(
      ({ ClientId = '' }) => ClientId,
    );
  }
}
