import type { EmbeddedAws } from 'embedded-aws';
import { LISTING_LEASE_MS } from '../../core/app-client.ts';
import { entriesOf, entryKey, type Provider } from '../../core/identity-pool/identity-pool.ts';
import { mappingKey } from '../../core/identity-pool/roles.ts';
import { CLOCKS_MS, LEASE_MS } from '../../core/write/lease.ts';
import { EVERY_CLIENT, type LedgerEntry, type WrittenShare } from '../../core/write/records.ts';
import { MAPPED } from './accounts.ts';
import { areActive } from './beside.ts';
import type { Scene } from './scene.ts';

const TABLE = 'poolbridge-dev';
// Clocks may differ.
const LONGEST_LEASE = LEASE_MS + CLOCKS_MS;
const LONGEST_LISTING_LEASE = LISTING_LEASE_MS + CLOCKS_MS;

type Item = Record<string, { S?: string; N?: string }>;

interface ExecutionChange {
  op: 'add' | 'remove' | 'map' | 'unmap' | 'tag' | 'untag';
  provider: Provider;
}

interface ExecutionOutput {
  operation: 'link' | 'unlink';
  requestedBy: { via: string };
  userPoolId: string;
  clientId?: string;
  results: {
    identityPoolId: string;
    outcome: string;
    changes: ExecutionChange[];
    cancelled?: ExecutionChange[];
  }[];
}

/** The state at the end of a seed, as the judge sees it. */
export interface Ending
  extends Pick<Scene, 'aws' | 'observer' | 'ledgers' | 'beside' | 'clock' | 'faults' | 'tell'> {
  home: { account: string; region: string };
  pools: readonly string[];
  userPools: readonly string[];
  /** The identity pools that links.yml links an app client to. */
  covering(userPoolId: string, name: string): string[];
}

/** Checks at the end that each reported outcome is true, and that nothing was left behind. */
export class Judge {
  readonly #ending: Ending;
  readonly #items = new Map<string, Item[]>();

  constructor(ending: Ending) {
    this.#ending = ending;
  }

  async judge(): Promise<void> {
    for (const poolId of this.#ending.pools) this.#items.set(poolId, await this.#itemsOf(poolId));
    for (const execution of this.#ending.aws.stateMachines.executions.values()) {
      this.#judgeExecution(execution);
    }
    this.#judgeClaims();
    for (const [poolId, items] of this.#items) this.#judgeTable(poolId, items);
    for (const userPoolId of this.#ending.userPools) await this.#judgeListings(userPoolId);
  }

  /** An interrupted listing does not block the next one for long. */
  async #judgeListings(userPoolId: string): Promise<void> {
    const items = await this.#itemsOf(`names#${userPoolId}`);
    const lease = items.find(({ sk }) => sk?.S === 'lease');
    const left = Number(lease?.['expiresAt']?.N ?? 0) - Date.now();
    if (left <= LONGEST_LISTING_LEASE) return;
    const { observer } = this.#ending;
    observer.violation(`the lease of the listings of ${userPoolId} lasts another ${left} ms`);
  }

  async #itemsOf(poolId: string): Promise<Item[]> {
    const { aws, home } = this.#ending;
    const { Items = [] } = (await aws.tables.ask(home, 'Query', {
      TableName: TABLE,
      KeyConditionExpression: 'pk = :pool',
      ExpressionAttributeValues: { ':pool': { S: poolId } },
    })) as { Items?: Item[] };
    return Items;
  }

  #named<T>(items: Item[], prefix: string): T[] {
    return items
      .filter(({ sk }) => sk?.S?.startsWith(prefix))
      .map(({ body }) => JSON.parse(body?.S ?? 'null') as T);
  }

  #judgeExecution(
    execution: EmbeddedAws['stateMachines']['executions'] extends Map<string, infer E> ? E : never,
  ): void {
    const { observer, tell } = this.#ending;
    const { name, status, startDate, stopDate = 0, output, error, input } = execution;
    tell(`${name.slice(0, 8)} ended ${status}${error ? ` ${error}` : ''}`);
    if (status === 'RUNNING') observer.violation(`${name} hangs`);
    if (status === 'TIMED_OUT') observer.violation(`${name} did not finish in time`);
    if (status === 'FAILED' && !error) observer.violation(`${name} failed without an error name`);
    if (error === 'UserPoolClientNotFoundError')
      this.#judgeMissed(name, input, startDate, this.#ending.faults.lag);
    if (status !== 'SUCCEEDED') return;
    const [start, stop] = [startDate, stopDate].map(
      (seconds) => seconds * 1000 - Date.now() + this.#ending.clock.elapsed,
    ) as [number, number];
    // A reconcile reports nothing about a single app client.
    if (execution.machine.name.endsWith('-reconcile')) return;
    const said = JSON.parse(output ?? '{}') as ExecutionOutput;
    if (said.operation === 'link' && said.results.length === 0)
      this.#judgeMissed(name, input, startDate, 0);
    this.#judgeOutput(name, said, start, stop);
    this.#judgeDeletion(name, said);
  }

  /**
   * An app client that exists at the end existed since its creation: no execution may have missed it.
   *
   * @param lag milliseconds after its creation in which an execution may miss it, since Cognito does not list it yet.
   */
  #judgeMissed(name: string, input: string, startDate: number, lag: number): void {
    const { aws, observer, userPools, covering } = this.#ending;
    for (const userPoolId of userPools) {
      const clients = [...(aws.userPools.find(userPoolId)?.clients.values() ?? [])];
      for (const { ClientId, ClientName, CreationDate } of clients) {
        if ((startDate - CreationDate) * 1000 <= lag) continue;
        if (!input.includes(ClientId) || covering(userPoolId, ClientName).length === 0) continue;
        observer.violation(`${name} did not see ${ClientId}, which is in ${userPoolId}`);
      }
    }
  }

  /** An app client that was unlinked because of its deletion is never linked again. */
  #judgeDeletion(
    name: string,
    { operation, requestedBy, userPoolId, clientId, results }: ExecutionOutput,
  ): void {
    if (operation !== 'unlink' || requestedBy.via !== 'cloudtrail') return;
    const { observer } = this.#ending;
    if (results.length > 0 && this.#isAlive(userPoolId, clientId)) {
      const what = clientId ?? userPoolId;
      observer.violation(`${what} was unlinked because of a forged deletion`);
    }
    const key = `cognito-idp.us-east-1.amazonaws.com/${userPoolId} ${clientId}`;
    for (const { identityPoolId } of results) {
      if (!observer.entriesNow(identityPoolId).includes(key)) continue;
      this.#noteMisled(name, identityPoolId);
      observer.violation(`${key} is in ${identityPoolId}, though it was deleted and unlinked`);
    }
  }

  #isAlive(userPoolId: string, clientId: string | undefined): boolean {
    const pool = this.#ending.aws.userPools.find(userPoolId);
    return pool !== undefined && (clientId === undefined || pool.clients.has(clientId));
  }

  #judgeOutput(
    name: string,
    { userPoolId, clientId, results }: ExecutionOutput,
    start: number,
    stop: number,
  ): void {
    if (clientId === undefined) return;
    const { observer, faults } = this.#ending;
    const key = `cognito-idp.us-east-1.amazonaws.com/${userPoolId} ${clientId}`;
    for (const { identityPoolId, outcome, cancelled = [] } of results) {
      // Another request of the same write cancelled this change: the identity pool never showed it.
      if (cancelled.some((change) => claimOf(change).endsWith(` ${key}`))) continue;
      const isThere = outcome === 'LINKED' || outcome === 'ALREADY_LINKED';
      // If another request of ours undid the change, it was true at some time since the start. If a foreign
      // writer undid it, verification must have seen that. In both cases Cognito may have shown an old state.
      const verified = (observer.verifiedAt(name, identityPoolId) ?? start) - faults.staleFor;
      const isUndone =
        observer.isOurDoing(identityPoolId, key, stop) ||
        this.#isSettled(identityPoolId, key, isThere, { name, start, stop });
      const from = isUndone ? Math.min(start, verified) : verified;
      if (observer.was(identityPoolId, key, isThere, from, stop)) continue;
      if (observer.isMisled(name, identityPoolId)) continue;
      const was = isThere ? 'not' : 'still';
      observer.violation(
        `${name} says ${outcome} in ${identityPoolId}, but ${key} was ${was} there at ${from} ms`,
      );
    }
  }

  /**
   * Whether the ledger said between `start` and `stop` that another request had the opposite outcome. A request whose
   * entry a foreign writer had already removed counts in the same way as one that removes the entry itself.
   */
  #isSettled(
    poolId: string,
    key: string,
    isThere: boolean,
    { name, start, stop }: { name: string; start: number; stop: number },
  ): boolean {
    const opposite = isThere ? 'unlinked' : 'linked';
    return this.#ending.ledgers
      .of(poolId, key)
      .some(
        ({ state, execution, at }) =>
          state === opposite && !execution.endsWith(`:${name}`) && at >= start && at <= stop,
      );
  }

  /** No execution claims a change that it did not make. */
  #judgeClaims(): void {
    const { observer } = this.#ending;
    for (const [claim, count] of this.#claims()) {
      const [poolId = '', op, ...rest] = claim.split(' ');
      const key = rest.join(' ');
      const real =
        op === 'add' || op === 'remove'
          ? observer.transitions(poolId, key, op)
          : this.#ending.beside.transitions(claim);
      if (count <= real + observer.moot.of(poolId, key)) continue;
      observer.violation(`${count} executions claim “${claim}”, but it happened ${real} times`);
    }
  }

  /** The changes that successful executions report, and how many executions report each. */
  #claims(): Map<string, number> {
    const claims = new Map<string, number>();
    const { executions } = this.#ending.aws.stateMachines;
    const succeeded = [...executions.values()].filter(({ status }) => status === 'SUCCEEDED');
    const results = succeeded.flatMap(({ output }) => {
      const said = JSON.parse(output ?? '{}') as ExecutionOutput & {
        identityPools?: ExecutionOutput['results'];
      };
      return said.identityPools ?? said.results;
    });
    for (const { identityPoolId, changes = [], cancelled = [] } of results) {
      const unseen = cancelled.map(claimOf);
      for (const claim of changes.map(claimOf)) {
        if (unseen.includes(claim)) continue;
        const what = `${identityPoolId} ${claim}`;
        claims.set(what, (claims.get(what) ?? 0) + 1);
      }
    }
    return claims;
  }

  /** The entries of an unsettled write: only the next writer finds out whether it was made. */
  #unsettledIn(items: Item[], write: string | undefined): Set<string> {
    if (write === undefined) return new Set();
    const shares = this.#named<WrittenShare[]>(items, `shares#${write}`).flat();
    const changes = shares.flatMap((share) => share.changes as ExecutionChange[]);
    return new Set(changes.map(({ provider }) => entryKey(provider)));
  }

  /** Linked entries have their role mappings and tags, and no existing app client is marked as deleted. */
  #judgeLedger(poolId: string, ledger: LedgerEntry[], open: Set<string>): void {
    const { aws, observer } = this.#ending;
    const { pool, roleMappings, principalTags } = aws.identityPools.find(poolId);
    const there = new Set(entriesOf(pool).map(entryKey));
    for (const { providerName, clientId, state, links, deleted } of ledger) {
      const userPoolId = providerName.split('/')[1] ?? '';
      const alive = this.#isAlive(userPoolId, clientId === EVERY_CLIENT ? undefined : clientId);
      if (deleted && alive) {
        observer.violation(
          `${providerName} ${clientId} exists, but is marked as deleted in ${poolId}`,
        );
      }
      const provider = { ProviderName: providerName, ClientId: clientId };
      const key = entryKey(provider);
      const isMapped = state === 'linked' && links.includes(MAPPED.link);
      if (!isMapped || !there.has(key) || open.has(key)) continue;
      if (!(mappingKey(provider) in roleMappings)) {
        observer.violation(`${key} is linked according to the ledger, but has no role mapping`);
      }
      if (!areActive(principalTags.get(providerName))) {
        observer.violation(`${key} is linked according to the ledger, but has no principal tags`);
      }
    }
  }

  /** If Cognito misled an execution beyond the bounds, what is found next counts as a consequence. */
  #noteMisled(execution: string, poolId: string): void {
    const { observer } = this.#ending;
    if (!observer.isMisled(execution, poolId)) observer.wasMisled(execution, poolId);
  }

  /** No lock outlives its lease, and the ledger matches our entries in the pool. */
  #judgeTable(poolId: string, items: Item[]): void {
    const { observer } = this.#ending;
    const lease = items.find(({ sk }) => sk?.S === 'lease');
    const left = Number(lease?.['expiresAt']?.N ?? 0) - Date.now();
    if (left > LONGEST_LEASE) observer.violation(`the lease of ${poolId} lasts another ${left} ms`);
    const open = this.#unsettledIn(items, lease?.['writing']?.S);
    const entries = this.#named<LedgerEntry>(items, 'entry#');
    this.#judgeLedger(poolId, entries, open);
    const ledger = new Map<string, string>(
      entries.map(
        ({ providerName, clientId, state }) => [`${providerName} ${clientId}`, state] as const,
      ),
    );
    const there = new Set(observer.entriesNow(poolId).filter((key) => !key.includes(' foreign')));
    for (const key of there) {
      if (ledger.get(key) === 'linked' || open.has(key)) continue;
      const by = this.#ending.ledgers.of(poolId, key).at(-1)?.execution;
      if (by !== undefined) this.#noteMisled(executionName(by), poolId);
      observer.violation(`${key} is in ${poolId}, but the ledger does not have it as linked`);
    }
    for (const [key, state] of ledger) {
      if (state === 'unlinked' || there.has(key) || open.has(key)) continue;
      if (!observer.isOurDoing(poolId, key)) continue;
      observer.violation(`${key} is linked according to the ledger, but is not in ${poolId}`);
    }
  }
}

const executionName = (arn: string): string => arn.split(':').at(-1) ?? arn;

/** The key under which a change is counted. */
function claimOf({ op, provider }: ExecutionChange): string {
  if (op === 'add' || op === 'remove') return `${op} ${entryKey(provider)}`;
  const isTag = op === 'tag' || op === 'untag';
  return `${op} ${isTag ? provider.ProviderName : mappingKey(provider)}`;
}
