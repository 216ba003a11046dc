import type { EmbeddedAws } from 'embedded-aws';
import type { LedgerEntry } from '../../core/write/records.ts';

/** What the ledger said about an entry from a time on, in milliseconds. */
export type Noted = Pick<LedgerEntry, 'state' | 'execution'> & { at: number };

interface PutInput {
  Item?: Record<string, { S?: string }>;
}

/** What the ledgers of all identity pools have said, and when. */
export class LedgerHistory {
  readonly #notes = new Map<string, Noted[]>();

  /** @param now the time of the seed, in milliseconds. */
  constructor({ tables }: Pick<EmbeddedAws, 'tables'>, now: () => number) {
    const ask = tables.ask.bind(tables);
    tables.ask = async (where, operation, input) => {
      const answer = await ask(where, operation, input);
      if (operation === 'PutItem') this.#put(input as PutInput, now());
      return answer;
    };
  }

  #put({ Item = {} }: PutInput, at: number): void {
    const { pk, sk, body } = Item;
    const [kind, name, clientId] = sk?.S?.split('#') ?? [];
    if (kind !== 'entry') return;
    const key = `${pk?.S} ${name} ${clientId}`;
    const { state, execution } = JSON.parse(body?.S ?? '') as LedgerEntry;
    this.#notes.set(key, [...(this.#notes.get(key) ?? []), { state, execution, at }]);
  }

  /** What the ledger of an identity pool has said about an entry, oldest first. */
  of(poolId: string, key: string): readonly Noted[] {
    return this.#notes.get(`${poolId} ${key}`) ?? [];
  }
}
