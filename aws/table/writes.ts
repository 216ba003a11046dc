import {
  isWriteRecord,
  KEPT_DAYS,
  type WriteRecord,
  type WrittenShare,
} from '../../core/write/records.ts';
import { sharesOfText, textOfShares } from '../../core/write/share-text.ts';
import type { PoolItems } from './pool-items.ts';
import { parsed } from './table.ts';

/** A write, as it was recorded before it was made. */
export interface RecordedWrite {
  write: string;
  record: WriteRecord;
  shares: WrittenShare[];
}

/** The writes to one identity pool, each recorded before it is made. */
export class Writes {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  /** Records a write before it is made, with the requests that it is for. */
  async record(write: string, record: WriteRecord, shares: WrittenShare[]): Promise<void> {
    await this.#items.keep(`shares#${write}`, textOfShares(shares), KEPT_DAYS);
    await this.#items.keep(`write#${write}`, JSON.stringify(record), KEPT_DAYS);
  }

  /** A write without its shares. The answer to each request has its own share. */
  async recordOf(write: string): Promise<WriteRecord | undefined> {
    return parsed(await this.#items.kept(`write#${write}`), isWriteRecord);
  }

  /** A write with all requests that it is for, as it was recorded before it. */
  async recorded(write: string): Promise<RecordedWrite | undefined> {
    const [record, text] = await Promise.all([
      this.recordOf(write),
      this.#items.kept(`shares#${write}`),
    ]);
    if (!record) return undefined;
    return { write, record, shares: (text !== undefined && sharesOfText(text)) || [] };
  }
}
