import type { Asked } from './batch.ts';
import { isShownPool, type Provider, type ShownPool } from './identity-pool.ts';
import { type Change, expanded, type Intent, type ShownChange } from './merge.ts';
import { isId } from './request.ts';
import {
  isEither,
  isFlag,
  isListOf,
  isNumber,
  isOneOf,
  isShape,
  isText,
  type Shape,
} from './shape.ts';

/** A request that waits for an identity pool, as it is left for whoever writes next. */
export interface Pending {
  /** Of this request, and no other. */
  key: string;
  execution: string;
  operation: 'link' | 'unlink';
  userPoolId: string;
  clientId?: string;
  /** Whether it is to be unlinked because it was deleted. */
  deleted?: boolean;
}

/** A request as the links of today allow it. */
export interface Allowed extends Asked {
  execution: string;
  links: string[];
  /** Where it is known. */
  clientName?: string;
  /** Whether the app client, or the whole user pool, was deleted: what is unlinked stays so. */
  deleted?: boolean;
}

/** One request's share of a write. */
export interface WrittenShare extends Allowed {
  changes: ShownChange[];
}

/** A write as everyone is told of it for whom it was made. */
export interface WriteRecord {
  /** The execution that writes. */
  execution: string;
  /** ARN of the role session that writes. */
  assumedRoleArn: string;
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
  /** Whether the app client, or the user pool, is no more: AWS gives no id twice. */
  deleted?: boolean;
  links: string[];
  execution: string;
  sequence: number;
  /** When it was written, in epoch milliseconds. */
  time: number;
}

const isOperation = isOneOf('link', 'unlink');

/** Whether an item of the table is a request that could have been left there by this service. */
export const isPending = isShape<Pending>(
  { key: isText, execution: isText, operation: isOperation, userPoolId: isId('userPoolId') },
  { clientId: isId('clientId'), deleted: isFlag },
);

const isProvider = isShape<Provider>(
  {},
  { ProviderName: isText, ClientId: isText, ServerSideTokenCheck: isFlag },
);

export const isShownChange: Shape<ShownChange> = isEither(
  isShape<Change>({ op: isOneOf('add', 'remove'), provider: isProvider }, {}),
  isShape<Extract<ShownChange, { clientIds: string[] }>>(
    { op: isOneOf('add', 'remove'), provider: isProvider, clientIds: isListOf(isText) },
    {},
  ),
);

const isIntent = isShape<Intent>(
  { operation: isOperation, providerName: isText, serverSideTokenCheck: isFlag },
  { clientId: isText, takeBack: isListOf(isShownChange) },
);

const isShare = isShape<WrittenShare>(
  {
    ...{ key: isText, execution: isText, links: isListOf(isText) },
    ...{ intent: isIntent, changes: isListOf(isShownChange) },
  },
  { clientName: isText, deleted: isFlag },
);

export const isWrittenShares = isListOf(isShare);

export const isWriteRecord = isShape<WriteRecord>(
  {
    ...{ execution: isText, assumedRoleArn: isText, sequence: isNumber },
    ...{ before: isShownPool, after: isShownPool },
  },
  {},
);

const isSentence = (value: unknown): value is string =>
  isText(value) && /^[A-Z]\w* .{10,1000}\.$/s.test(value);

export const isAnswer: Shape<Answer> = isEither(
  isShape<Extract<Answer, { write: string }>>(
    { write: isText, changes: isListOf(isShownChange) },
    {},
  ),
  isShape<{ refused: string }>({ refused: isSentence }, {}),
);

export const isLedgerEntry = isShape<LedgerEntry>(
  {
    ...{ state: isOneOf('linked', 'unlinked'), providerName: isText, clientId: isText },
    ...{ links: isListOf(isText), execution: isText, sequence: isNumber, time: isNumber },
  },
  { clientName: isText, deleted: isFlag },
);

/** Stands in the ledger for every client of a user pool. */
export const EVERY_CLIENT = '*';

/**
 * What the ledger is to say after a share of a write. What was deleted is entered even where there
 * was nothing to unlink: its creation may be heard of later.
 */
export function ledgerEntriesOf(
  { changes, links, execution, clientName, deleted, intent }: WrittenShare,
  sequence: number,
  time: number,
): LedgerEntry[] {
  const name = clientName === undefined ? {} : { clientName };
  const gone = deleted === true ? { deleted } : {};
  const common = { ...name, ...gone, links, execution, sequence, time };
  const { providerName, clientId = EVERY_CLIENT } = intent;
  const entries = changes.flatMap(expanded).map(
    ({ op, provider: { ProviderName = '', ClientId = '' } }: Change): LedgerEntry => ({
      state: op === 'add' ? 'linked' : 'unlinked',
      ...{ providerName: ProviderName, clientId: ClientId, ...common },
    }),
  );
  if (deleted !== true || entries.some((entry) => entry.clientId === clientId)) return entries;
  return [...entries, { state: 'unlinked', providerName, clientId, ...common }];
}

/** What an execution has changed in an identity pool, as the ledger says. */
export const changesBy = (execution: string, ledger: LedgerEntry[]): Change[] =>
  ledger
    .filter((entry) => entry.execution === execution)
    .map(({ state, providerName, clientId }) => ({
      op: state === 'linked' ? 'add' : 'remove',
      provider: { ProviderName: providerName, ClientId: clientId },
    }));
