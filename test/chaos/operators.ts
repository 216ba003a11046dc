import { entryKey, type Provider } from '../../core/identity-pool/identity-pool.ts';
import { PAUSE } from '../../core/write/pause.ts';
import { type Accounts, APPROVED, HOME, MAPPED, POOLS, providerNameOf } from './accounts.ts';
import { Random } from './random.ts';
import type { Scene } from './scene.ts';

export const TABLE = 'poolbridge-dev';

interface Change {
  op: keyof typeof OPPOSITE;
  provider: Provider;
}

export const OPPOSITE = {
  add: 'remove',
  remove: 'add',
  map: 'unmap',
  unmap: 'map',
  tag: 'untag',
  untag: 'tag',
} as const;

export interface Result {
  identityPoolId: string;
  changes?: Change[];
}

export const resultsOf = (output = '{}'): Result[] =>
  (JSON.parse(output) as { results?: Result[] }).results ?? [];

/** An app client for which every change needs approval. Times are in milliseconds. */
interface Approval {
  clientId: string;
  deletedAt?: number;
  decidedAt?: number;
}

/** What operators did, for the judge. */
export interface Records {
  /** The app clients that get role mappings. */
  mapped: string[];
  /** By client id. */
  approvals: Map<string, Approval>;
}

/** Whether a seed has operators. */
export const hasOperators = (seed: number): boolean => seed % 2 === 0;

/** Operators, who reconcile, undo, approve, pause and resume. */
export class Operators {
  readonly #scene: Scene;
  readonly #accounts: Accounts;
  /** A separate sequence, so that operators do not change what people do in a seed. */
  readonly #random: Random;
  readonly #decided = new Set<string>();
  readonly records: Records = { mapped: [], approvals: new Map() };

  constructor(scene: Scene, accounts: Accounts, seed: number) {
    this.#scene = scene;
    this.#accounts = accounts;
    this.#random = new Random(seed + 1_000_003);
  }

  /** Schedules what the seed has drawn. */
  schedule(): void {
    const within = this.#random.pick([3000, 15_000, 60_000]);
    const at = (action: () => Promise<unknown>, from: number, to: number) =>
      setTimeout(() => void action(), this.#random.between(from, to));
    for (let i = this.#random.between(0, 2); i > 0; i--) {
      at(() => this.#reconcile(this.#random.chance(0.7)), 0, within + 90_000);
    }
    for (let i = this.#random.between(0, 2); i > 0; i--) {
      at(() => this.#undo(), 4000, within + 60_000);
    }
    if (this.#random.chance(0.4)) at(() => this.#pause(), 0, within);
    if (this.#random.chance(0.5)) at(() => this.#askForApproval(), 0, within);
    if (this.#random.chance(0.5)) {
      for (let i = this.#random.between(1, 4); i > 0; i--)
        at(() => this.#createMapped(), 0, within);
    }
  }

  async #start(stateMachineArn: string, input: object): Promise<void> {
    await this.#accounts.asA('states', 'StartExecution', {
      stateMachineArn,
      input: JSON.stringify(input),
    });
  }

  /** Needs no new request: the events that created and deleted the app clients allow its changes. */
  async #reconcile(repair: boolean): Promise<void> {
    this.#scene.tell(`someone reconciles${repair ? ', with repair' : ''}`);
    await this.#start(this.#accounts.machineArn.replace(/-link$/, '-reconcile'), { repair });
  }

  async #undo(): Promise<void> {
    const ended = [...this.#scene.aws.stateMachines.executions.values()].filter(
      ({ status, output }) =>
        status === 'SUCCEEDED' && resultsOf(output).some(({ changes = [] }) => changes.length > 0),
    );
    if (ended.length === 0) return;
    const { arn, name, output } = this.#random.pick(ended);
    this.#scene.tell(`someone undoes ${name.slice(0, 8)}`);
    for (const { identityPoolId, changes = [] } of resultsOf(output)) {
      for (const { op, provider } of changes) {
        const operation = op === 'add' ? 'unlink' : 'link';
        const { ProviderName = '', ClientId } = provider;
        this.#scene.observer.ask(operation, [identityPoolId], ProviderName, ClientId);
      }
    }
    await this.#start(this.#accounts.machineArn, { operation: 'undo', executionArn: arn });
  }

  async #pause(): Promise<void> {
    const { aws, observer, clock, tell } = this.#scene;
    const Key = { pk: { S: PAUSE }, sk: { S: PAUSE } };
    tell('someone pauses all writes');
    await aws.tables.ask(HOME, 'PutItem', { TableName: TABLE, Item: Key });
    observer.pausedSince = clock.elapsed;
    const resume = async () => {
      tell('someone resumes');
      observer.pausedSince = undefined;
      await aws.tables.ask(HOME, 'DeleteItem', { TableName: TABLE, Key });
    };
    setTimeout(() => void resume(), this.#random.between(3000, 40_000));
  }

  /** Creates an app client that needs approval; linking it is allowed only after the approval. */
  async #askForApproval(): Promise<void> {
    const { UserPoolClient } = (await this.#accounts.asA('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: APPROVED,
      ClientName: 'asked',
    })) as { UserPoolClient: { ClientId: string } };
    const { ClientId } = UserPoolClient;
    this.#scene.tell(`someone creates ${ClientId}, which must be approved`);
    const approval: Approval = { clientId: ClientId };
    this.records.approvals.set(ClientId, approval);
    if (this.#random.chance(0.35)) {
      setTimeout(() => void this.#deleteMeanwhile(approval), this.#random.between(1500, 40_000));
    }
    const verdict = this.#random.pick(['approve', 'approve', 'deny', 'nothing'] as const);
    if (verdict === 'nothing') return;
    const look = () => {
      if (this.#decide(ClientId, verdict)) return;
      if (this.#scene.clock.elapsed < 15 * 60_000) setTimeout(look, 5000);
    };
    setTimeout(look, this.#random.between(1000, 60_000));
  }

  /** Deletes an app client that waits for approval. */
  async #deleteMeanwhile(approval: Approval): Promise<void> {
    const { clientId, decidedAt } = approval;
    const { clock, tell, count } = this.#scene;
    tell(`someone deletes ${clientId}, which must be approved`);
    if (decidedAt === undefined) count('deletedInApproval');
    await this.#accounts.asA('cognito-idp', 'DeleteUserPoolClient', {
      UserPoolId: APPROVED,
      ClientId: clientId,
    });
    approval.deletedAt = clock.elapsed;
  }

  /** Creates an app client that gets a role mapping; if the mapping is refused, the entry is taken back. */
  async #createMapped(): Promise<void> {
    const { UserPoolClient } = (await this.#accounts.asA('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: MAPPED.userPool,
      ClientName: 'mapped',
    })) as { UserPoolClient: { ClientId: string } };
    const { ClientId: clientId } = UserPoolClient;
    this.#scene.tell(`someone creates ${clientId}, which gets a role mapping`);
    const ProviderName = providerNameOf(MAPPED.userPool);
    this.#scene.observer.ask('link', [MAPPED.pool], ProviderName, clientId);
    this.#scene.observer.mayTakeBack(MAPPED.pool, entryKey({ ProviderName, ClientId: clientId }));
    this.records.mapped.push(clientId);
    if (!this.#random.chance(0.3)) return;
    const remove = () => {
      this.#scene.observer.ask('unlink', [MAPPED.pool], ProviderName, clientId);
      return this.#accounts.asA('cognito-idp', 'DeleteUserPoolClient', {
        UserPoolId: MAPPED.userPool,
        ClientId: clientId,
      });
    };
    setTimeout(() => void remove(), this.#random.between(100, 20_000));
  }

  /** Decides the pending approval of an app client, if it has one. */
  #decide(clientId: string, verdict: 'approve' | 'deny'): boolean {
    const { executions } = this.#scene.aws.stateMachines;
    const waiting = [...executions.values()].filter(
      ({ status, input }) => status === 'RUNNING' && input.includes(clientId),
    );
    const tokens = waiting.flatMap(({ history }) =>
      history.events.flatMap(({ type, details }) => {
        if (type !== 'TaskScheduled') return [];
        return JSON.parse(String(details?.['parameters'])).Payload.token as string;
      }),
    );
    const token = tokens.at(-1);
    if (token === undefined || this.#decided.has(token)) return false;
    this.#decided.add(token);
    const approval = this.records.approvals.get(clientId);
    if (approval) approval.decidedAt = this.#scene.clock.elapsed;
    this.#scene.tell(`someone decides ${verdict} for ${clientId}`);
    if (verdict === 'deny') {
      const refusal = { error: 'ApprovalDeniedError', cause: 'An operator denied the change.' };
      void this.#accounts
        .asA('states', 'SendTaskFailure', { taskToken: token, ...refusal })
        .catch(() => {});
      return true;
    }
    this.#scene.observer.ask('link', [POOLS[0]], providerNameOf(APPROVED), clientId);
    const output = JSON.stringify({ approvedBy: 'x', reason: 'x', time: '2026-01-31T12:00:00Z' });
    void this.#accounts
      .asA('states', 'SendTaskSuccess', { taskToken: token, output })
      .catch(() => {});
    return true;
  }

  /** Starts one last reconcile with repair, long after everything else has ended. */
  lookAgain(): void {
    setTimeout(() => void this.#reconcile(true), 120_000);
  }
}
