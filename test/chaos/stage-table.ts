import assert from 'node:assert/strict';
import type { Execution } from 'embedded-aws/services/states/machines.ts';
import type { LastWrite } from '../../core/write/lease.ts';
import { PAUSE } from '../../core/write/pause.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import { HOME, POOLS, USER_POOLS } from './accounts.ts';
import type { Scene } from './scene.ts';

const TableName = 'poolbridge-dev';

type Item = Record<string, { S?: string; N?: string }>;

export const providerName = (userPoolId: string): string =>
  `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;

/** The name that a user pool has as well, once it has the updated issuer. */
export const updatedName = (userPoolId: string): string => `issuer-${providerName(userPoolId)}`;

/** The table of the deployed service, as scripts read and change it. */
export class StageTable {
  readonly scene: Scene;

  constructor(scene: Scene) {
    this.scene = scene;
  }

  async #ask(operation: string, input: object): Promise<{ Item?: Item; Items?: Item[] }> {
    const answer = await this.scene.aws.tables.ask(HOME, operation, { TableName, ...input });
    return answer as { Item?: Item; Items?: Item[] };
  }

  async item(sk: string, poolId: string = POOLS[0]): Promise<Item | undefined> {
    const { Item } = await this.#ask('GetItem', { Key: { pk: { S: poolId }, sk: { S: sk } } });
    return Item;
  }

  async put(sk: string, item: Item, poolId: string = POOLS[0]): Promise<void> {
    await this.#ask('PutItem', { Item: { pk: { S: poolId }, sk: { S: sk }, ...item } });
  }

  /** Puts a request into the table that waits for an identity pool, as an execution, or someone else, does. */
  async putPending(key: string, request: object, poolId: string = POOLS[0]): Promise<void> {
    const body = { key, execution: 'x:forger', userPoolId: USER_POOLS[0], ...request };
    const item = {
      body: { S: JSON.stringify(body) },
      ticket: { N: '0' },
      expiresAt: { N: String(Date.now() + 60_000) },
    };
    await this.put(`pending#${key}`, item, poolId);
  }

  async #items(prefix: string, poolId: string): Promise<Item[]> {
    const { Items = [] } = await this.#ask('Query', {
      KeyConditionExpression: 'pk = :pool AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pool': { S: poolId }, ':prefix': { S: prefix } },
    });
    return Items;
  }

  /** The keys of the answered requests. */
  async answered(poolId: string = POOLS[0]): Promise<string[]> {
    const items = await this.#items('answer#', poolId);
    return items.map(({ sk }) => sk?.S?.slice('answer#'.length) ?? '');
  }

  /** The key of the request that an execution waits for. */
  async keyOf({ arn }: Execution, poolId: string = POOLS[0]): Promise<string> {
    const items = await this.#items('pending#', poolId);
    const own = items.find(({ body }) => body?.S?.includes(arn));
    assert.ok(own, `${arn} does not wait`);
    return own['sk']?.S?.slice('pending#'.length) ?? '';
  }

  /** The ledger entry of an app client. */
  async ledger(
    clientId: string,
    userPoolId: string = USER_POOLS[0],
    poolId: string = POOLS[0],
  ): Promise<LedgerEntry | undefined> {
    const item = await this.item(`entry#${providerName(userPoolId)}#${clientId}`, poolId);
    return item?.['body']?.S === undefined ? undefined : JSON.parse(item['body'].S);
  }

  /** Records an app client as deleted, as a forged or mistaken event once did. */
  async mark(
    clientId: string,
    userPoolId: string = USER_POOLS[0],
    poolId: string = POOLS[0],
  ): Promise<void> {
    const entry: LedgerEntry = {
      state: 'unlinked',
      providerName: providerName(userPoolId),
      clientId,
      deleted: true,
      links: [],
      execution: 'x:forged',
      sequence: 0,
      time: Date.now(),
    };
    const sequence = { N: String(entry.sequence) };
    const sk = `entry#${entry.providerName}#${clientId}`;
    await this.put(sk, { body: { S: JSON.stringify(entry) }, sequence }, poolId);
  }

  /** Someone pauses all writes. */
  async pause(): Promise<void> {
    await this.put(PAUSE, {}, PAUSE);
  }

  async resume(): Promise<void> {
    await this.#ask('DeleteItem', { Key: { pk: { S: PAUSE }, sk: { S: PAUSE } } });
  }

  /** Takes the lease for another holder for `ms` milliseconds, even if it is held. */
  async takeLease(ms: number, poolId: string = POOLS[0]): Promise<void> {
    await this.#ask('UpdateItem', {
      Key: { pk: { S: poolId }, sk: { S: 'lease' } },
      UpdateExpression: 'SET nonce = :another, holder = :another, expiresAt = :until',
      ExpressionAttributeValues: {
        ':another': { S: 'another' },
        ':until': { N: String(Date.now() + ms) },
      },
    });
  }

  /** Releases a lease that {@link takeLease} took. */
  async freeLease(poolId: string = POOLS[0]): Promise<void> {
    await this.#ask('UpdateItem', {
      Key: { pk: { S: poolId }, sk: { S: 'lease' } },
      UpdateExpression: 'REMOVE nonce, holder, expiresAt',
    });
  }

  /** When the lease expires, in epoch milliseconds; 0 if it is free. */
  async leaseExpiry(poolId: string = POOLS[0]): Promise<number> {
    return Number((await this.item('lease', poolId))?.['expiresAt']?.N ?? 0);
  }

  /** What the lease has about the last write of ours. */
  async lastWrite(poolId: string = POOLS[0]): Promise<LastWrite> {
    return JSON.parse((await this.item('lease', poolId))?.['lastWrite']?.S ?? '{}');
  }
}
