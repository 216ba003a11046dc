import {
  type EntryChange,
  expanded,
  isEntryChange,
  type MappingChange,
  type ShownChange,
  type TagChange,
} from '../identity-pool/changes.ts';
import {
  entriesOf,
  entryKey,
  type IdentityPool,
  type Provider,
} from '../identity-pool/identity-pool.ts';
import type { Intent } from '../identity-pool/merge.ts';
import { isPrincipalTagMap, isShownMapping } from '../identity-pool/roles.ts';
import { isShownPool, type ShownPool } from '../identity-pool/shown-pool.ts';
import { namesIn } from '../issuer.ts';
import { isId } from '../request/request.ts';
import {
  isEither,
  isFlag,
  isListOf,
  isNumber,
  isOneOf,
  isShape,
  isText,
  type Shape,
} from '../shape.ts';

/**
 * How long a request waits once its execution no longer asks, in milliseconds: longer than the state machine waits
 * between two attempts of a step.
 */
export const PENDING_MS = 60_000;

/**
 * How many days the table keeps writes, and ledger entries of what was unlinked: far longer than a write stays unsettled
 * and an event stays undelivered.
 */
export const KEPT_DAYS = 400;

/** A request that waits for an identity pool, as the table keeps it for the next writer. */
export interface Pending {
  /** Different for each request. */
  key: string;
  execution: string;
  operation: 'link' | 'unlink';
  userPoolId: string;
  clientId?: string;
  /** Whether it unlinks because of a deletion. */
  deleted?: boolean;
  /** The number of the listing in which its app client was looked up. */
  listing?: number;
}

/** A request for one identity pool, as the links of today allow it. */
export interface Allowed {
  /** Different for each request. */
  key: string;
  intent: Intent;
  execution: string;
  links: string[];
  /** Undefined if unknown. */
  clientName?: string | undefined;
  /** Whether the app client, or the whole user pool, was deleted. Then it is not linked again. */
  deleted?: boolean | undefined;
}

/** One request's share of a write, as the table keeps it. */
export interface WrittenShare extends Allowed {
  changes: ShownChange[];
  /** The changes that another request of the same write cancelled. The pool never showed them. */
  cancelled?: ShownChange[];
}

/** A write, as the table keeps it for the requests that it was made for. */
export interface WriteRecord {
  /** The execution that writes. */
  execution: string;
  /** ARN of the role session that writes. */
  assumedRoleArn: string;
  /** The sequence of its lease. A later write has a higher one. */
  sequence: number;
  before: ShownPool;
  after: ShownPool;
}

/** Why a request is refused: the sentence, and the name of the error if it is not ProviderQuotaError. */
export interface Refused {
  refused: string;
  error?: 'RoleMappingError';
}

/** The answer to a request that another execution wrote, or an earlier attempt of its own. */
export type Answer = ({ write: string } & Pick<WrittenShare, 'changes' | 'cancelled'>) | Refused;

/** An entry of ours in the ledger, which tells our entries from foreign ones. */
export interface LedgerEntry {
  state: 'linked' | 'unlinked';
  providerName: string;
  clientId: string;
  clientName?: string;
  /** Whether the app client, or the user pool, was deleted. AWS never reuses an id. */
  deleted?: boolean;
  links: string[];
  execution: string;
  sequence: number;
  /** When it was written, in epoch milliseconds. */
  time: number;
}

const isOperation = isOneOf('link', 'unlink');

/** Whether an item of the table can be a request that this service left there. */
export const isPending = isShape<Pending>(
  { key: isText, execution: isText, operation: isOperation, userPoolId: isId('userPoolId') },
  { clientId: isId('clientId'), deleted: isFlag, listing: isNumber },
);

const isProvider = isShape<Provider>(
  {},
  { ProviderName: isText, ClientId: isText, ServerSideTokenCheck: isFlag },
);

const isEntryOp = isOneOf('add', 'remove');

const isEntries: Shape<ShownChange> = isEither(
  isShape<EntryChange>({ op: isEntryOp, provider: isProvider }, {}),
  isShape<Extract<ShownChange, { clientIds: string[] }>>(
    { op: isEntryOp, provider: isProvider, clientIds: isListOf(isText) },
    {},
  ),
);

const isBesideEntries: Shape<ShownChange> = isEither(
  isShape<MappingChange>(
    { op: isOneOf('map', 'unmap'), provider: isProvider, roleMapping: isShownMapping },
    {},
  ),
  isShape<TagChange>(
    { op: isOneOf('tag', 'untag'), provider: isProvider, principalTags: isPrincipalTagMap },
    {},
  ),
);

export const isShownChange: Shape<ShownChange> = isEither(isEntries, isBesideEntries);

const isTrue = (value: unknown): value is true => value === true;

const isIntent = isShape<Intent>(
  { operation: isOperation, providerName: isText, serverSideTokenCheck: isFlag },
  {
    clientId: isText,
    roleMapping: isShownMapping,
    principalTags: isPrincipalTagMap,
    clientIds: isListOf(isText),
    takeBack: isListOf(isShownChange),
    otherName: isText,
    leftBehind: isTrue,
  },
);

const isShare = isShape<WrittenShare>(
  {
    key: isText,
    execution: isText,
    links: isListOf(isText),
    intent: isIntent,
    changes: isListOf(isShownChange),
  },
  { clientName: isText, deleted: isFlag, cancelled: isListOf(isShownChange) },
);

export const isWrittenShares = isListOf(isShare);

export const isWriteRecord = isShape<WriteRecord>(
  {
    execution: isText,
    assumedRoleArn: isText,
    sequence: isNumber,
    before: isShownPool,
    after: isShownPool,
  },
  {},
);

const isSentence = (value: unknown): value is string =>
  isText(value) && /^[A-Z]\w* .{10,1000}\.$/s.test(value);

export const isAnswer: Shape<Answer> = isEither(
  isShape<Extract<Answer, { write: string }>>(
    { write: isText, changes: isListOf(isShownChange) },
    { cancelled: isListOf(isShownChange) },
  ),
  isShape<Refused>({ refused: isSentence }, { error: isOneOf('RoleMappingError') }),
);

export const isLedgerEntry = isShape<LedgerEntry>(
  {
    state: isOneOf('linked', 'unlinked'),
    providerName: isText,
    clientId: isText,
    links: isListOf(isText),
    execution: isText,
    sequence: isNumber,
    time: isNumber,
  },
  { clientName: isText, deleted: isFlag },
);

/** Stands in the ledger for every client of a user pool. */
export const EVERY_CLIENT = '*';

/**
 * The ledger entries of a share of a write. A deletion is recorded even if there was nothing to unlink, since the
 * event of the creation may come later.
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
  const all = changes.flatMap(expanded);
  const changed = all.filter(isEntryChange);
  // A client whose role mapping is set is linked, no matter who added the entry. An earlier attempt may have added
  // it and then failed.
  const linked = changed.length > 0 ? [] : all.filter(({ op }) => op === 'map');
  const entries = [...changed, ...linked].map(({ op, provider }): LedgerEntry => {
    const { ProviderName = '', ClientId = '' }: Provider = provider;
    const state = op === 'remove' ? 'unlinked' : 'linked';
    return { state, providerName: ProviderName, clientId: ClientId, ...common };
  });
  const isEntered = entries.some(
    (entry) => entry.clientId === clientId && entry.providerName === providerName,
  );
  if (deleted !== true || isEntered) return entries;
  return [...entries, { state: 'unlinked', providerName, clientId, ...common }];
}

/** Whether a share removes the entry of its app client itself, under each name of the user pool. */
function removesAll({ intent, changes }: WrittenShare): boolean {
  const removed = changes.flatMap(expanded).filter(({ op }) => op === 'remove');
  return namesIn(intent).every((name) =>
    removed.some(({ provider }) => provider.ProviderName === name),
  );
}

/**
 * Whether a share may unlink entries that others removed already. That it still removes a role mapping of such an entry
 * does not matter.
 */
export const mayBeSettled = (share: WrittenShare): boolean => {
  const { intent, deleted } = share;
  const isUnlink = intent.operation === 'unlink' && !intent.takeBack && !intent.leftBehind;
  return isUnlink && deleted !== true && (intent.clientId === undefined || !removesAll(share));
};

/**
 * The ledger entries of what a share asks to unlink and others removed before.
 *
 * @param after the pool as the write leaves it.
 * @param ledger of the user pool.
 */
export function settledBy(
  { intent, links, execution }: WrittenShare,
  after: IdentityPool,
  ledger: LedgerEntry[],
  { sequence, time }: Pick<LedgerEntry, 'sequence' | 'time'>,
): LedgerEntry[] {
  const { clientId } = intent;
  const names = namesIn(intent);
  const there = new Set(entriesOf(after).map(entryKey));
  return ledger
    .filter(
      (entry) =>
        entry.state === 'linked' &&
        names.includes(entry.providerName) &&
        (clientId === undefined || entry.clientId === clientId) &&
        !there.has(entryKey(entry)),
    )
    .map((entry) => ({ ...entry, state: 'unlinked', links, execution, sequence, time }));
}

/** The changes of an execution in an identity pool, from the ledger. */
export const changesBy = (execution: string, ledger: LedgerEntry[]): EntryChange[] =>
  ledger
    .filter((entry) => entry.execution === execution)
    .map(({ state, providerName, clientId }) => ({
      op: state === 'linked' ? 'add' : 'remove',
      provider: { ProviderName: providerName, ClientId: clientId },
    }));
