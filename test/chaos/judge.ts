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
// Clocks differ.
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

/** What the judge is given when everything has come to its end. */
export interface Ending
  extends Pick<Scene, 'aws' | 'observer' | 'beside' | 'clock' | 'faults' | 'tell'> {
  home: { account: string; region: string };
  pools: readonly string[];
  userPools: readonly string[];
  /** The identity pools that links.yml allows a client. */
  covering(userPoolId: string, name: string): string[];
}

/** Looks at the end whether everyone got what he was told, and nothing was left behind. */
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

  /** No one waits for long for a listing that was cut off. */
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
    if (status === 'TIMED_OUT') observer.violation(`${name} was never done`);
    if (status === 'FAILED' && !error) observer.violation(`${name} does not say why not`);
    if (error === 'UserPoolClientNotFoundError') this.#judgeMissed(name, input, startDate);
    if (status !== 'SUCCEEDED') return;
    const [start, stop] = [startDate, stopDate].map(
      (seconds) => seconds * 1000 - Date.now() + this.#ending.clock.elapsed,
    ) as [number, number];
    // A reconcile says nothing of a single client.
    if (execution.machine.name.endsWith('-reconcile')) return;
    const said = JSON.parse(output ?? '{}') as ExecutionOutput;
    if (said.operation === 'link' && said.results.length === 0)
      this.#judgeMissed(name, input, startDate);
    this.#judgeOutput(name, said, start, stop);
    this.#judgeDeletion(said);
  }

  /** An app client that is there at the end was there all the time: no one may have missed it. */
  #judgeMissed(name: string, input: string, startDate: number): void {
    const { aws, observer, faults, userPools, covering } = this.#ending;
    for (const userPoolId of userPools) {
      const clients = [...(aws.userPools.find(userPoolId)?.clients.values() ?? [])];
      for (const { ClientId, ClientName, CreationDate } of clients) {
        // Cognito did not list it yet.
        if ((startDate - CreationDate) * 1000 <= faults.lag) continue;
        if (!input.includes(ClientId) || covering(userPoolId, ClientName).length === 0) continue;
        observer.violation(`${name} did not see ${ClientId}, which is in ${userPoolId}`);
      }
    }
  }

  /** What was unlinked because it was deleted is never linked again. */
  #judgeDeletion({ operation, requestedBy, userPoolId, clientId, results }: ExecutionOutput): void {
    if (operation !== 'unlink' || requestedBy.via !== 'cloudtrail') return;
    const { observer } = this.#ending;
    if (results.length > 0 && this.#isAlive(userPoolId, clientId)) {
      const what = clientId ?? userPoolId;
      observer.violation(`someone only claimed that ${what} was deleted, and it was unlinked`);
    }
    const key = `cognito-idp.us-east-1.amazonaws.com/${userPoolId} ${clientId}`;
    for (const { identityPoolId } of results) {
      if (!observer.entriesNow(identityPoolId).includes(key)) continue;
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
      // Another request of the same write took it back: the identity pool never showed it.
      if (cancelled.some((change) => claimOf(change).endsWith(` ${key}`))) continue;
      const isThere = outcome === 'LINKED' || outcome === 'ALREADY_LINKED';
      // What was undone by another request had been done; by anyone else, it would have been seen,
      // but for as long as Cognito may show an old state.
      const verified = (observer.verifiedAt(name, identityPoolId) ?? start) - faults.staleFor;
      const isUndone =
        observer.isOurDoing(identityPoolId, key, stop) ||
        this.#isSettled(identityPoolId, key, isThere, { name, stop });
      const from = isUndone ? start : verified;
      if (observer.was(identityPoolId, key, isThere, from, stop)) continue;
      const was = isThere ? 'not' : 'still';
      observer.violation(
        `${name} says ${outcome} in ${identityPoolId}, but ${key} was ${was} there at ${from} ms`,
      );
    }
  }

  /**
   * Whether the ledger has an entry as another request wanted it that was done by a time: one that found its entry
   * gone already, by the hand of a foreign writer, undoes what was done before it just as one that removes it.
   */
  #isSettled(
    poolId: string,
    key: string,
    isThere: boolean,
    { name, stop }: { name: string; stop: number },
  ): boolean {
    return this.#named<LedgerEntry>(this.#items.get(poolId) ?? [], 'entry#').some(
      ({ providerName, clientId, state, execution, time }) =>
        `${providerName} ${clientId}` === key &&
        state === (isThere ? 'unlinked' : 'linked') &&
        !execution.endsWith(`:${name}`) &&
        time - Date.now() + this.#ending.clock.elapsed <= stop,
    );
  }

  /** Nobody claims what he has not done. */
  #judgeClaims(): void {
    const { observer } = this.#ending;
    for (const [claim, count] of this.#claims()) {
      const [poolId = '', op, ...rest] = claim.split(' ');
      const key = rest.join(' ');
      const real =
        op === 'add' || op === 'remove'
          ? observer.transitions(poolId, key, op)
          : this.#ending.beside.transitions(claim);
      if (count <= real + observer.moot(poolId, key)) continue;
      observer.violation(`${count} executions claim “${claim}”, which happened ${real} times`);
    }
  }

  /** What executions that succeeded say they have done, and how many of them say it. */
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

  /** The entries of a write that no one has seen the end of: the next writer finds out about these alone. */
  #unsettledIn(items: Item[], write: string | undefined): Set<string> {
    if (write === undefined) return new Set();
    const shares = this.#named<WrittenShare[]>(items, `shares#${write}`).flat();
    const changes = shares.flatMap((share) => share.changes as ExecutionChange[]);
    return new Set(changes.map(({ provider }) => entryKey(provider)));
  }

  /** What the ledger has as linked has what its links set beside it; what is alive is not marked as deleted. */
  #judgeLedger(poolId: string, ledger: LedgerEntry[], open: Set<string>): void {
    const { aws, observer } = this.#ending;
    const { pool, roleMappings, principalTags } = aws.identityPools.find(poolId);
    const there = new Set(entriesOf(pool).map(entryKey));
    for (const { providerName, clientId, state, links, deleted } of ledger) {
      const userPoolId = providerName.split('/')[1] ?? '';
      const alive = this.#isAlive(userPoolId, clientId === EVERY_CLIENT ? undefined : clientId);
      if (deleted && alive) {
        observer.violation(
          `${providerName} ${clientId} is alive, and marked as deleted in ${poolId}`,
        );
      }
      const provider = { ProviderName: providerName, ClientId: clientId };
      const key = entryKey(provider);
      const isMapped = state === 'linked' && links.includes(MAPPED.link);
      if (!isMapped || !there.has(key) || open.has(key)) continue;
      if (!(mappingKey(provider) in roleMappings)) {
        observer.violation(`${key} is linked by the ledger, and has no role mapping`);
      }
      if (!areActive(principalTags.get(providerName))) {
        observer.violation(`${key} is linked by the ledger, and has no principal tags`);
      }
    }
  }

  /** No lock outlives its lease, and the ledger knows what is ours. */
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
      observer.violation(`${key} is in ${poolId}, and the ledger does not know it as linked`);
    }
    for (const [key, state] of ledger) {
      if (state === 'unlinked' || there.has(key) || open.has(key)) continue;
      if (!observer.isOurDoing(poolId, key)) continue;
      observer.violation(`${key} is linked by the ledger of ${poolId}, and is not there`);
    }
  }
}

/** A change as it is counted. */
function claimOf({ op, provider }: ExecutionChange): string {
  if (op === 'add' || op === 'remove') return `${op} ${entryKey(provider)}`;
  const isTag = op === 'tag' || op === 'untag';
  return `${op} ${isTag ? provider.ProviderName : mappingKey(provider)}`;
}
