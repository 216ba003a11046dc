import { isDeepStrictEqual } from 'node:util';
import { entriesOf, entryKey, type Provider } from '../../core/identity-pool/identity-pool.ts';
import { mappingKey } from '../../core/identity-pool/roles.ts';
import { PAUSE } from '../../core/write/pause.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import {
  type Accounts,
  ALL_POOLS,
  APPROVED,
  covering,
  FOREIGN_ROLES,
  HOME,
  leaving,
  MAPPED,
  POOLS,
  QUOTAS,
} from './accounts.ts';
import type { People } from './people.ts';
import { Random } from './random.ts';
import type { Scene } from './scene.ts';

const TABLE = 'poolbridge-dev';

interface Change {
  op: keyof typeof OPPOSITE;
  provider: Provider;
}

const OPPOSITE = {
  add: 'remove',
  remove: 'add',
  map: 'unmap',
  unmap: 'map',
  tag: 'untag',
  untag: 'tag',
} as const;

interface Result {
  identityPoolId: string;
  changes?: Change[];
}

const resultsOf = (output = '{}'): Result[] =>
  (JSON.parse(output) as { results?: Result[] }).results ?? [];

const providerName = (userPoolId: string): string =>
  `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;

/** Whether a seed has operators: the others are as they would be without. */
export const hasOperators = (seed: number): boolean => seed % 2 === 0;

/** Who reconciles, undoes, approves, pauses and resumes. */
export class Operators {
  readonly #scene: Scene;
  readonly #accounts: Accounts;
  readonly #people: People;
  /** Of its own, so that what people do is drawn as it would be without. */
  readonly #random: Random;
  readonly #decided = new Set<string>();
  readonly #mapped: string[] = [];

  constructor(scene: Scene, accounts: Accounts, people: People, seed: number) {
    this.#scene = scene;
    this.#accounts = accounts;
    this.#people = people;
    this.#random = new Random(seed + 1_000_003);
  }

  /** What the seed has drawn, from now on. */
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

  /** What it may link and unlink has been asked for by whoever created and deleted the clients. */
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

  /** A client of which every change must be approved; only then it is asked for. */
  async #askForApproval(): Promise<void> {
    const { UserPoolClient } = (await this.#accounts.asA('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: APPROVED,
      ClientName: 'asked',
    })) as { UserPoolClient: { ClientId: string } };
    const { ClientId } = UserPoolClient;
    this.#scene.tell(`someone creates ${ClientId}, which must be approved`);
    const verdict = this.#random.pick(['approve', 'approve', 'deny', 'nothing'] as const);
    if (verdict === 'nothing') return;
    const look = () => {
      if (this.#decide(ClientId, verdict)) return;
      if (this.#scene.clock.elapsed < 15 * 60_000) setTimeout(look, 5000);
    };
    setTimeout(look, this.#random.between(1000, 60_000));
  }

  /** A client that gets a role mapping; of one that is refused, the entry goes again. */
  async #createMapped(): Promise<void> {
    const { UserPoolClient } = (await this.#accounts.asA('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: MAPPED.userPool,
      ClientName: 'mapped',
    })) as { UserPoolClient: { ClientId: string } };
    const { ClientId: clientId } = UserPoolClient;
    this.#scene.tell(`someone creates ${clientId}, which gets a role mapping`);
    const ProviderName = providerName(MAPPED.userPool);
    this.#scene.observer.ask('link', [MAPPED.pool], ProviderName, clientId);
    this.#scene.observer.mayTakeBack(MAPPED.pool, entryKey({ ProviderName, ClientId: clientId }));
    this.#mapped.push(clientId);
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

  /** Every entry has its role mapping, no mapping is without its entry, and others' are as they were. */
  #judgeMapped(): void {
    const { aws, observer } = this.#scene;
    const { pool, roles, roleMappings, principalTags } = aws.identityPools.find(MAPPED.pool);
    const own = new Map(Object.entries(roleMappings));
    for (const [key, mapping] of Object.entries(FOREIGN_ROLES.RoleMappings)) {
      const isKept = isDeepStrictEqual(own.get(key), mapping);
      if (!isKept) observer.violation(`the role mapping of ${key} is not as others set it`);
      own.delete(key);
    }
    if (!isDeepStrictEqual(roles, FOREIGN_ROLES.Roles))
      observer.violation('the roles have changed');
    const entries = new Set(entriesOf(pool).map(mappingKey));
    for (const key of own.keys()) {
      if (!entries.has(key)) observer.violation(`the role mapping of ${key} outlives its entry`);
    }
    const all = [...aws.stateMachines.executions.values()];
    for (const clientId of this.#mapped) {
      const key = `${providerName(MAPPED.userPool)}:${clientId}`;
      const hasFailed = all.some(
        ({ status, input }) => status !== 'SUCCEEDED' && input.includes(clientId),
      );
      if (hasFailed || !entries.has(key)) continue;
      if (!own.has(key)) observer.violation(`${key} is there without its role mapping`);
      const tags = principalTags.get(providerName(MAPPED.userPool));
      if (!tags?.UseDefaults) observer.violation(`${key} is there without its principal tags`);
    }
  }

  /** Decides what waits for a client, if anything does. */
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
    this.#scene.tell(`someone says ${verdict} to ${clientId}`);
    if (verdict === 'deny') {
      const refusal = { error: 'ApprovalDeniedError', cause: 'Somebody has refused it.' };
      void this.#accounts
        .asA('states', 'SendTaskFailure', { taskToken: token, ...refusal })
        .catch(() => {});
      return true;
    }
    this.#scene.observer.ask('link', [POOLS[0]], providerName(APPROVED), clientId);
    const output = JSON.stringify({ approvedBy: 'x', reason: 'x', time: '2026-01-31T12:00:00Z' });
    void this.#accounts
      .asA('states', 'SendTaskSuccess', { taskToken: token, output })
      .catch(() => {});
    return true;
  }

  /** When all is quiet, and long after: one reconcile that repairs. */
  lookAgain(): void {
    setTimeout(() => void this.#reconcile(true), 120_000);
  }

  /** After it, what no event brought is there, and what is gone is not. */
  async judge(): Promise<void> {
    for (const client of this.#people.clients) {
      const { userPoolId, name } = client;
      const isGone = this.#people.deleted.has(client.clientId);
      for (const poolId of isGone ? leaving(userPoolId) : covering(userPoolId, name)) {
        await this.#judgeClient(poolId, client, isGone);
      }
    }
    this.#judgeReconciles();
    this.#judgeUndos();
    this.#judgeMapped();
  }

  async #judgeClient(
    poolId: string,
    { userPoolId, clientId }: { userPoolId: string; clientId: string },
    isGone: boolean,
  ): Promise<void> {
    const { observer } = this.#scene;
    const ProviderName = providerName(userPoolId);
    const key = entryKey({ ProviderName, ClientId: clientId });
    const isThere = observer.entriesNow(poolId).includes(key);
    const ledger = await this.#ledgerEntry(poolId, ProviderName, clientId);
    if (isGone && isThere && ledger?.state === 'linked') {
      observer.violation(`${key} is still in ${poolId} after the last reconcile: it is orphaned`);
    }
    const isFull = observer.entriesNow(poolId).length >= (QUOTAS.get(poolId) ?? 0);
    if (isGone || isThere || isFull || ledger) return;
    observer.violation(`${key} is missing from ${poolId} after the last reconcile`);
  }

  async #ledgerEntry(poolId: string, name: string, id: string): Promise<LedgerEntry | undefined> {
    const { Item } = (await this.#scene.aws.tables.ask(HOME, 'GetItem', {
      TableName: TABLE,
      Key: { pk: { S: poolId }, sk: { S: `entry#${name}#${id}` } },
    })) as { Item?: { body: { S: string } } };
    return Item && (JSON.parse(Item.body.S) as LedgerEntry);
  }

  /** Who only reports writes nothing; who repairs does not link again what was unlinked. */
  #judgeReconciles(): void {
    const { aws, observer } = this.#scene;
    for (const { machine, name, input } of aws.stateMachines.executions.values()) {
      if (!machine.name.endsWith('-reconcile')) continue;
      const { repair } = JSON.parse(input) as { repair: boolean };
      const writes = ALL_POOLS.flatMap((poolId) => observer.writesBy(poolId, name));
      if (!repair && writes.length > 0) {
        observer.violation(`${name} wrote, and was only to report`);
      }
      const again = writes.flatMap(({ added }) => added).filter((each) => each.unlinked);
      for (const { key } of again) observer.violation(`${name} linked ${key}, which was unlinked`);
    }
  }

  /** An undo says nothing but the opposite of what the execution said, and the tags of what it links. */
  #judgeUndos(): void {
    const { aws, observer } = this.#scene;
    const { executions } = aws.stateMachines;
    for (const { name, input, status, output } of executions.values()) {
      const { operation, executionArn } = JSON.parse(input) as Record<string, string>;
      if (operation !== 'undo' || status !== 'SUCCEEDED') continue;
      const claim = (turned: boolean) => (result: Result) =>
        (result.changes ?? []).map(({ op, provider }) => {
          const done = turned ? OPPOSITE[op] : op;
          return `${result.identityPoolId} ${done} ${entryKey(provider)}`;
        });
      const undone = resultsOf(executions.get(executionArn ?? '')?.output).flatMap(claim(true));
      for (const each of resultsOf(output).flatMap(claim(false))) {
        if (undone.includes(each) || each.split(' ')[1] === 'tag') continue;
        observer.violation(`${name} claims “${each}”, which is no part of what it undoes`);
      }
    }
  }
}
