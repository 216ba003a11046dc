import { tableName } from '../../core/deployment.ts';
import { LATEST_MS, LEASE_MS } from '../../core/write/lease.ts';
import type { Session } from '../session.ts';

/** The lease of an identity pool, as the table has it. */
export interface FoundLease {
  /** Whether any execution has held it so far. */
  isKnown: boolean;
  /** The nonce of its acquisition; null if no one holds it. */
  nonce: string | null;
  /** The execution that holds it. */
  holder: string | null;
  /** ISO 8601, or null if the lease does not say. */
  takenAt: string | null;
  until: string | null;
  /** Whether the next write may take it. */
  isOver: boolean;
  /** The write under this lease whose result is not known yet. */
  unsettledWrite: string | null;
}

// The clock of this machine may differ from Lambda's by this many milliseconds.
const MARGIN_MS = 5000;

const iso = (time: number): string | null => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};

/** The leases of a stage's identity pools, in the stage's table. */
export class Leases {
  readonly #session: Session;
  readonly #TableName: string;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#TableName = tableName(stage);
  }

  #at(identityPoolId: string) {
    return {
      TableName: this.#TableName,
      Key: { pk: { S: identityPoolId }, sk: { S: 'lease' } },
    };
  }

  async find(identityPoolId: string): Promise<FoundLease> {
    const table = await this.#session.table();
    const { Item: found } = await table.getItem({
      ...this.#at(identityPoolId),
      ConsistentRead: true,
    });
    const Item = found ?? {};
    const nonce = Item['nonce']?.S ?? null;
    const expiresAt = Number(Item['expiresAt']?.N);
    const left = expiresAt - Date.now();
    return {
      isKnown: found !== undefined,
      nonce,
      holder: nonce === null ? null : (Item['holder']?.S ?? 'an unknown execution'),
      takenAt: nonce === null ? null : iso(expiresAt - LEASE_MS),
      until: nonce === null ? null : iso(expiresAt),
      isOver: nonce === null || !(left > -MARGIN_MS && left < LATEST_MS),
      unsettledWrite: Item['writing']?.S ?? null,
    };
  }

  /**
   * Gives a lease back as its holder would. The sequence and the record of the last write stay, since the next write
   * needs them.
   *
   * @returns false if another execution holds it by now.
   */
  async release(identityPoolId: string, nonce: string): Promise<boolean> {
    const table = await this.#session.table();
    try {
      await table.updateItem({
        ...this.#at(identityPoolId),
        ConditionExpression: 'nonce = :nonce',
        UpdateExpression: 'REMOVE nonce, holder, expiresAt',
        ExpressionAttributeValues: { ':nonce': { S: nonce } },
      });
      return true;
    } catch (error) {
      if ((error as Error).name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }
}
