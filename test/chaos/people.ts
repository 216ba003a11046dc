import { type Accounts, covering, HOME, leaving, POOLS, USER_POOLS } from './accounts.ts';
import type { Pools } from './pools.ts';
import type { Scene } from './scene.ts';

/** People who request changes, and people who interfere. */
export class People {
  readonly #scene: Scene;
  readonly #accounts: Accounts;
  readonly #pools: Pools;
  readonly clients: { userPoolId: string; clientId: string; name: string }[] = [];
  /** The ids of the deleted app clients. */
  readonly deleted = new Set<string>();

  constructor(scene: Scene, accounts: Accounts, pools: Pools) {
    this.#scene = scene;
    this.#accounts = accounts;
    this.#pools = pools;
  }

  /** Creates many app clients in one user pool at once. */
  createAtOnce(count: number, userPoolId: string): void {
    const { identityPools } = this.#scene.aws;
    identityPools.providerQuota = 1000;
    const { pool } = identityPools.find(POOLS[0]);
    pool.CognitoIdentityProviders = [];
    this.#scene.observer.begin(pool);
    for (let i = 0; i < count; i++) void this.#createClient(userPoolId, `web-${i}`);
  }

  /** Schedules what the seed has drawn. */
  schedule(): void {
    const requests = this.#scene.random.between(2, 6);
    // Some seeds have their requests close together, others spread out.
    const within = this.#scene.random.pick([200, 3000, 15_000]);
    for (let i = 0; i < requests; i++) {
      setTimeout(() => void this.#request(), this.#scene.random.between(0, within));
    }
    for (let i = this.#scene.random.between(0, 3); i > 0; i--) {
      setTimeout(() => this.#pools.foreignWrite(), this.#scene.random.between(0, within + 5000));
    }
    if (this.#scene.random.chance(0.15)) {
      setTimeout(() => this.#abortOne(), this.#scene.random.between(500, within + 3000));
    }
    if (this.#scene.random.chance(0.2)) {
      setTimeout(() => void this.#forge(), this.#scene.random.between(0, within + 3000));
    }
    if (this.#scene.random.chance(0.1)) this.#scene.aws.buses.duplicate(2);
    if (this.#scene.random.chance(0.1)) this.#scene.aws.buses.drop(1);
    if (this.#scene.random.chance(0.1)) {
      this.#scene.aws.buses.hold();
      setTimeout(() => this.#scene.aws.buses.release((held) => held.toReversed()), within + 2000);
    }
  }

  async #request(): Promise<void> {
    const known = this.#scene.random.chance(0.4) && this.clients.length > 0;
    if (!known) return this.#createClient();
    const { userPoolId, clientId, name } = this.#scene.random.pick(this.clients);
    const isThere = !this.deleted.has(clientId);
    if (isThere && this.#scene.random.chance(0.25)) return this.#deleteClient(userPoolId, clientId);
    const providerName = `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
    const operation = this.#scene.random.chance(0.5) ? 'unlink' : 'link';
    const whole = operation === 'unlink' && this.#scene.random.chance(0.2);
    const poolIds = covering(userPoolId, whole ? 'web-' : name);
    this.#scene.observer.ask(operation, poolIds, providerName, whole ? undefined : clientId);
    const detail = { operation, userPoolId, ...(!whole && { clientId }) };
    this.#scene.tell(`someone asks to ${operation} ${whole ? userPoolId : clientId}`);
    if (this.#scene.random.chance(0.5)) {
      const Entries = [
        { Source: 'poolbridge', DetailType: 'LinkRequested', Detail: JSON.stringify(detail) },
      ];
      await this.#accounts.asA('events', 'PutEvents', { Entries });
    } else {
      const input = JSON.stringify(detail);
      await this.#accounts.asA('states', 'StartExecution', {
        stateMachineArn: this.#accounts.machineArn,
        input,
      });
    }
  }

  #drawnName(): string {
    return this.#scene.random.chance(0.8) ? `web-${this.clients.length}` : 'other';
  }

  async #createClient(
    userPoolId: string = this.#scene.random.pick(USER_POOLS),
    name = this.#drawnName(),
  ): Promise<void> {
    const { UserPoolClient } = (await this.#accounts.asA('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: userPoolId,
      ClientName: name,
    })) as { UserPoolClient: { ClientId: string } };
    const { ClientId: clientId } = UserPoolClient;
    this.clients.push({ userPoolId, clientId, name });
    const providerName = `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
    this.#scene.observer.ask('link', covering(userPoolId, name), providerName, clientId);
    this.#scene.tell(`someone creates the app client ${clientId} (${name}) in ${userPoolId}`);
  }

  async #deleteClient(userPoolId: string, clientId: string): Promise<void> {
    const providerName = `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
    this.deleted.add(clientId);
    this.#scene.observer.ask('unlink', leaving(userPoolId), providerName, clientId);
    this.#scene.tell(`someone deletes the app client ${clientId} in ${userPoolId}`);
    const input = { UserPoolId: userPoolId, ClientId: clientId };
    await this.#accounts.asA('cognito-idp', 'DeleteUserPoolClient', input);
  }

  /** Someone with write access to the table adds a request that no execution has made. */
  async #forge(): Promise<void> {
    const key = `forged${this.#scene.random.between(0, 999)}`;
    const identityPoolId = this.#scene.random.pick(POOLS);
    const uncovered = this.clients.find(
      ({ userPoolId, name }) => !covering(userPoolId, name).includes(identityPoolId),
    );
    const { userPoolId, clientId } = uncovered ?? {
      userPoolId: USER_POOLS[0],
      clientId: 'doesnotexist',
    };
    const body = { key, execution: 'x:forger', operation: 'link', userPoolId, clientId };
    this.#scene.tell(`someone forges a request for ${clientId} in ${identityPoolId.slice(-4)}`);
    const Item = {
      pk: { S: identityPoolId },
      sk: { S: `pending#${key}` },
      ticket: { N: '0' },
      body: { S: JSON.stringify(body) },
      expiresAt: { N: String(Date.now() + 60_000) },
    };
    await this.#scene.aws.tables.ask(HOME, 'PutItem', { TableName: 'poolbridge-dev', Item });
  }

  #abortOne(): void {
    const { executions } = this.#scene.aws.stateMachines;
    const running = [...executions.values()].filter(({ status }) => status === 'RUNNING');
    if (running.length === 0) return;
    const execution = this.#scene.random.pick(running);
    this.#scene.tell(`someone aborts ${execution.name.slice(0, 8)}`);
    this.#scene.aws.stateMachines.stop(execution);
  }
}
