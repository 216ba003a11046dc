import { isDeepStrictEqual } from 'node:util';
import { executionOf } from '../../core/execution.ts';
import { entriesOf, entryKey } from '../../core/identity-pool/identity-pool.ts';
import { mappingKey } from '../../core/identity-pool/roles.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import {
  ALL_POOLS,
  APPROVED,
  covering,
  FOREIGN_ROLES,
  HOME,
  leaving,
  MAPPED,
  POOLS,
  providerNameOf,
  QUOTAS,
  TAGGED,
} from './accounts.ts';
import { areActive } from './beside.ts';
import { OPPOSITE, type Records, type Result, resultsOf, TABLE } from './operators.ts';
import type { People } from './people.ts';
import type { Scene } from './scene.ts';

/** Checks after a last reconcile that what operators asked for was done, and nothing else. */
export class OperatorsJudge {
  readonly #scene: Scene;
  readonly #people: People;
  readonly #records: Records;

  constructor(scene: Scene, people: People, records: Records) {
    this.#scene = scene;
    this.#people = people;
    this.#records = records;
  }

  /**
   * Checks that the last reconcile linked what events had missed, and removed what no longer exists.
   *
   * @param tagged app clients that a link covers by the tags of their user pool.
   */
  async judge(tagged: string[]): Promise<void> {
    for (const clientId of tagged) {
      await this.#judgeClient(TAGGED.pool, { userPoolId: TAGGED.userPool, clientId }, false);
    }
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
    this.#judgeApprovals();
    for (const poolId of ALL_POOLS) await this.#judgeSettled(poolId);
  }

  /** A write that was made in part is finished or taken back. */
  async #judgeSettled(poolId: string): Promise<void> {
    const lease = await this.#item(poolId, 'lease');
    const write = lease?.['writing']?.S;
    if (write === undefined) return;
    const { observer } = this.#scene;
    observer.violation(`the write ${write} to ${poolId} is unsettled after the last reconcile`);
  }

  /** An app client that was deleted before its approval is not linked. */
  #judgeApprovals(): void {
    const { observer, faults } = this.#scene;
    for (const { clientId, deletedAt, decidedAt } of this.#records.approvals.values()) {
      if (deletedAt === undefined || decidedAt === undefined) continue;
      if (decidedAt - deletedAt <= faults.lag) continue;
      const key = `${providerNameOf(APPROVED)} ${clientId}`;
      const later = observer.additions(POOLS[0], key).find(({ at }) => at > deletedAt);
      if (!later) continue;
      observer.violation(
        `${key} was linked at ${later.at} ms, although it was deleted at ${deletedAt} ms`,
      );
    }
  }

  async #judgeClient(
    poolId: string,
    { userPoolId, clientId }: { userPoolId: string; clientId: string },
    isGone: boolean,
  ): Promise<void> {
    const { observer } = this.#scene;
    const ProviderName = providerNameOf(userPoolId);
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
    const item = await this.#item(poolId, `entry#${name}#${id}`);
    return item && (JSON.parse(item['body']?.S ?? 'null') as LedgerEntry);
  }

  async #item(poolId: string, sk: string): Promise<Record<string, { S?: string }> | undefined> {
    const { Item } = (await this.#scene.aws.tables.ask(HOME, 'GetItem', {
      TableName: TABLE,
      Key: { pk: { S: poolId }, sk: { S: sk } },
    })) as { Item?: Record<string, { S?: string }> };
    return Item;
  }

  /** A report writes nothing, and a repair does not link again what was unlinked. */
  #judgeReconciles(): void {
    for (const { machine, name, input } of this.#scene.aws.stateMachines.executions.values()) {
      if (!machine.name.endsWith('-reconcile')) continue;
      const { repair } = JSON.parse(input) as { repair: boolean };
      for (const poolId of ALL_POOLS) this.#judgeReconcile(poolId, name, repair);
    }
  }

  /** When an execution of `link` began; those of reconcile ask for nothing. */
  #began(execution: string): number {
    if (executionOf(execution).machine.endsWith('-reconcile')) return 0;
    return this.#scene.aws.stateMachines.executions.get(execution)?.startDate ?? 0;
  }

  #judgeReconcile(poolId: string, name: string, repair: boolean): void {
    const { observer, ledgers } = this.#scene;
    const writes = observer.writesBy(poolId, name);
    if (!repair && writes.length > 0) {
      observer.violation(`${name} wrote, although it must only report`);
    }
    const added = writes.flatMap(({ at, added }) => added.map((each) => ({ at, ...each })));
    for (const { at, key, isRemoved, addedAt, removedAt, isByItself } of added) {
      const notes = ledgers.of(poolId, key);
      const last = notes.findLast((note) => note.at <= at);
      // The next holder of the lease also takes back what another execution could not finish.
      const isFinished = notes.some(
        (note) => note.state === 'linked' && note.at > addedAt && note.at <= removedAt,
      );
      const isTakenBack = (isByItself || !isFinished) && last?.state !== 'unlinked';
      // A reconcile that has the lease also writes for the requests that wait, also for one that is later than the unlink.
      const next = notes.find((note) => note.at > at);
      const isAskedSince =
        next?.state === 'linked' &&
        last !== undefined &&
        this.#began(next.execution) > this.#began(last.execution);
      if (!isRemoved || isTakenBack || isAskedSince) continue;
      observer.violation(`${name} linked ${key}, which was unlinked`);
    }
  }

  /** An undo reports only the opposite of the undone changes, and the tags of what it links. */
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
        observer.violation(`${name} claims “${each}”, which is not part of what it undoes`);
      }
    }
  }

  /** Each entry has its role mapping, each mapping has its entry, and foreign mappings are unchanged. */
  #judgeMapped(): void {
    const { aws, observer } = this.#scene;
    const { pool, roles, roleMappings, principalTags } = aws.identityPools.find(MAPPED.pool);
    const ProviderName = providerNameOf(MAPPED.userPool);
    const own = new Map(Object.entries(roleMappings));
    for (const [key, mapping] of Object.entries(FOREIGN_ROLES.RoleMappings)) {
      const isKept = isDeepStrictEqual(own.get(key), mapping);
      if (!isKept) observer.violation(`the foreign role mapping of ${key} has changed`);
      own.delete(key);
    }
    if (!isDeepStrictEqual(roles, FOREIGN_ROLES.Roles))
      observer.violation('the roles have changed');
    const entries = new Set(entriesOf(pool).map(mappingKey));
    for (const key of own.keys()) {
      if (!entries.has(key)) observer.violation(`the role mapping of ${key} outlives its entry`);
    }
    for (const clientId of this.#records.mapped) {
      const key = mappingKey({ ProviderName, ClientId: clientId });
      if (!entries.has(key)) continue;
      if (!own.has(key)) this.#judgeUnmapped(key, entryKey({ ProviderName, ClientId: clientId }));
      const isTagged = areActive(principalTags.get(ProviderName));
      if (!isTagged) observer.violation(`${key} has no principal tags`);
    }
  }

  #judgeUnmapped(mapping: string, entry: string): void {
    const { observer, ledgers } = this.#scene;
    const note = ledgers.of(MAPPED.pool, entry).at(-1);
    // If so, this counts as a consequence.
    if (note) observer.wasMisled(executionOf(note.execution).name, MAPPED.pool);
    observer.violation(`${mapping} has no role mapping`);
  }
}
