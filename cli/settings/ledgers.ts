import { pagesOf } from '../../aws/pace/pages.ts';
import { tableName } from '../../core/deployment.ts';
import { entryKey } from '../../core/identity-pool/identity-pool.ts';
import { isLedgerEntry, type LedgerEntry } from '../../core/write/records.ts';
import { isDenied } from '../denied.ts';
import type { Session } from '../session.ts';

type Item = Record<string, { S?: string }>;

function entryIn({ body }: Item): LedgerEntry[] {
  try {
    const entry: unknown = JSON.parse(body?.S ?? 'null');
    return isLedgerEntry(entry) ? [entry] : [];
  } catch {
    return [];
  }
}

/** The ledgers of a stage's identity pools, in the stage's table: what Poolbridge itself wrote last, and when. */
export class Ledgers {
  readonly #session: Session;
  readonly #TableName: string;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#TableName = tableName(stage);
  }

  /** What the ledger has of each entry of an identity pool, by {@link entryKey}. */
  async of(identityPoolId: string): Promise<ReadonlyMap<string, LedgerEntry>> {
    const table = await this.#session.table();
    const pages = pagesOf('Query', async (ExclusiveStartKey: Item | undefined) => {
      const page = await table.query({
        TableName: this.#TableName,
        KeyConditionExpression: 'pk = :pool AND begins_with(sk, :entry)',
        ExpressionAttributeValues: { ':pool': { S: identityPoolId }, ':entry': { S: 'entry#' } },
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      });
      return {
        items: (page.Items ?? []) as Item[],
        next: page.LastEvaluatedKey as Item | undefined,
      };
    });
    const entries: LedgerEntry[] = [];
    for await (const { items } of pages) entries.push(...items.flatMap(entryIn));
    return new Map(
      entries.map((each) => [
        entryKey({ ProviderName: each.providerName, ClientId: each.clientId }),
        each,
      ]),
    );
  }

  /** The same as {@link of}; undefined if the caller may not read it. */
  async readable(identityPoolId: string): Promise<ReadonlyMap<string, LedgerEntry> | undefined> {
    try {
      return await this.of(identityPoolId);
    } catch (error) {
      if (!isDenied(error)) throw error;
      return undefined;
    }
  }
}
