import { ProviderQuotaError, UndoConflictError } from './errors.ts';
import { grouped } from './grouped.ts';
import {
  entriesOf,
  entryKey,
  type IdentityPool,
  type Provider,
  SHOWN_ENTRIES,
} from './identity-pool.ts';

/** What a request wants of one identity pool. Without a client: every entry of the user pool. */
export interface Intent {
  operation: 'link' | 'unlink';
  providerName: string;
  clientId?: string;
  /** The flag of a new entry; an existing entry keeps its own. */
  serverSideTokenCheck: boolean;
  /** Of an undo, and nothing else counts then: the changes that are to be taken back. */
  takeBack?: ShownChange[];
}

/** One entry to add or to remove. */
export interface Change {
  op: 'add' | 'remove';
  provider: Provider;
}

/**
 * The changes that take others back; none for those that are taken back already.
 *
 * @throws UndoConflictError when an entry is there with another flag than it had.
 */
function takenBack(pool: IdentityPool, changes: Change[]): Change[] {
  const there = new Map(entriesOf(pool).map((entry) => [entryKey(entry), entry]));
  return changes.flatMap(({ op, provider }): Change[] => {
    const now = there.get(entryKey(provider));
    if (now && (now.ServerSideTokenCheck ?? false) !== (provider.ServerSideTokenCheck ?? false)) {
      throw new UndoConflictError(
        `The entry has been changed since by someone else, so nothing was undone: it was ${JSON.stringify(provider)} and is ${JSON.stringify(now)}. Link or unlink by hand what you want.`,
      );
    }
    if (op === 'add') return now ? [{ op: 'remove', provider: now }] : [];
    return now ? [] : [{ op: 'add', provider }];
  });
}

/**
 * The fewest changes that bring the pool to what is wanted; none when it is there already.
 *
 * @throws UndoConflictError
 */
export function merge(pool: IdentityPool, intent: Intent): Change[] {
  if (intent.takeBack) return takenBack(pool, intent.takeBack.flatMap(expanded));
  const { operation, providerName: ProviderName, clientId: ClientId } = intent;
  const matching = entriesOf(pool).filter(
    (entry) =>
      entry.ProviderName === ProviderName &&
      (ClientId === undefined || entry.ClientId === ClientId),
  );
  if (operation === 'unlink') return matching.map((provider) => ({ op: 'remove', provider }));
  if (ClientId === undefined || matching.length > 0) return [];
  const provider = { ProviderName, ClientId, ServerSideTokenCheck: intent.serverSideTokenCheck };
  return [{ op: 'add', provider }];
}

/** Whether the pool is as an intent wants it; an undo that conflicts with it is not done there. */
export function isMet(pool: IdentityPool, intent: Intent): boolean {
  try {
    return merge(pool, intent).length === 0;
  } catch (error) {
    if (error instanceof UndoConflictError) return false;
    throw error;
  }
}

/** The pool with the changes made, and everything else as it was. Making them twice is harmless. */
export function apply(pool: IdentityPool, changes: Change[]): IdentityPool {
  if (changes.length === 0) return pool;
  const touched = new Set(changes.map(({ provider }) => entryKey(provider)));
  const added = changes.filter(({ op }) => op === 'add').map(({ provider }) => provider);
  const kept = entriesOf(pool).filter((entry) => !touched.has(entryKey(entry)));
  return { ...pool, CognitoIdentityProviders: [...kept, ...added] };
}

/**
 * Refuses changes that would leave more entries than the quota. A pool above its quota may still
 * lose entries.
 *
 * @throws ProviderQuotaError
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
 */
export function checkQuota(pool: IdentityPool, changes: Change[], quota: number): void {
  const count = entriesOf(apply(pool, changes)).length;
  if (count <= quota || !changes.some(({ op }) => op === 'add')) return;
  throw new ProviderQuotaError(
    `Identity pool ${pool.IdentityPoolId} already holds ${entriesOf(pool).length} of ${quota} user pool providers, so nothing was written. Unlink clients that are no longer used, or have Account-B's quota "Amazon Cognito user pool providers per identity pool" raised and then set providerQuota in links.yml to it.`,
  );
}

/** A change as states and outputs show it; of very many, one line for all clients of a user pool. */
export type ShownChange =
  | Change
  | { op: Change['op']; provider: Omit<Provider, 'ClientId'>; clientIds: string[] };

/** The changes one by one, or by user pool above {@link SHOWN_ENTRIES}; nothing is left out. */
export function shownChanges(changes: Change[]): ShownChange[] {
  if (changes.length <= SHOWN_ENTRIES) return changes;
  const groups = grouped(changes, ({ op, provider: { ClientId: _, ...common } }) =>
    JSON.stringify({ op, provider: common }),
  );
  return [...groups].map(([common, group]) => ({
    ...(JSON.parse(common) as Pick<Change, 'op' | 'provider'>),
    clientIds: group.map(({ provider }) => provider.ClientId ?? ''),
  }));
}

/** The changes that are shown, one by one again. */
export const expanded = (shown: ShownChange): Change[] =>
  'clientIds' in shown
    ? shown.clientIds.map((ClientId) => ({
        op: shown.op,
        provider: { ...shown.provider, ClientId },
      }))
    : [shown];
