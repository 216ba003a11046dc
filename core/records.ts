import type { Asked } from './batch.ts';
import type { ShownPool } from './identity-pool.ts';
import { type Change, expanded, type ShownChange } from './merge.ts';

/** A request that waits for an identity pool, as it is left for whoever writes next. */
export interface Pending {
  /** Of this request, and no other. */
  key: string;
  execution: string;
  operation: 'link' | 'unlink';
  userPoolId: string;
  clientId?: string;
}

/** A request as the links of today allow it. */
export interface Allowed extends Asked {
  execution: string;
  links: string[];
  /** Where it is known. */
  clientName?: string;
}

/** One request's share of a write. */
export interface WrittenShare extends Allowed {
  changes: ShownChange[];
}

/** A write as everyone is told of it for whom it was made. */
export interface WriteRecord {
  /** The execution that writes. */
  execution: string;
  /** Of its lease: a later write has a higher one. */
  sequence: number;
  before: ShownPool;
  after: ShownPool;
}

/** The answer to a request that another execution wrote, or an earlier attempt of its own. */
export type Answer = { write: string; changes: ShownChange[] } | { refused: string };

/** What the ledger says of one entry of ours: so that later we know ours from foreign. */
export interface LedgerEntry {
  state: 'linked' | 'unlinked';
  providerName: string;
  clientId: string;
  clientName?: string;
  links: string[];
  execution: string;
  sequence: number;
  /** When it was written, in epoch milliseconds. */
  time: number;
}

/** What the ledger is to say after a share of a write. */
export const ledgerEntriesOf = (
  { changes, links, execution, clientName }: WrittenShare,
  sequence: number,
  time: number,
): LedgerEntry[] =>
  changes.flatMap(expanded).map(
    ({ op, provider: { ProviderName = '', ClientId = '' } }: Change): LedgerEntry => ({
      state: op === 'add' ? 'linked' : 'unlinked',
      providerName: ProviderName,
      clientId: ClientId,
      ...(clientName !== undefined && { clientName }),
      ...{ links, execution, sequence, time },
    }),
  );
