import { InvalidRequestError, ProviderQuotaError, UndoConflictError } from '../errors.ts';
import { grouped } from '../grouped.ts';
import { namesIn, type ProviderNames } from '../issuer.ts';
import { namesOfSame } from '../user-pool.ts';
import { checkMappings, deadMappings, leftBehind } from './dead-mappings.ts';
import {
  entriesOf,
  entryKey,
  type IdentityPool,
  type Provider,
  SHOWN_ENTRIES,
} from './identity-pool.ts';
import {
  INACTIVE,
  MOST_ROLE_MAPPINGS,
  mappingKey,
  type PrincipalTagMap,
  type RoleMapping,
  type Short,
  sameMapping,
  sameTags,
  short,
} from './roles.ts';

/**
 * What a request wants of one identity pool, under one or both names of the user pool. Without a
 * client: every entry of the user pool.
 */
export interface Intent extends ProviderNames {
  operation: 'link' | 'unlink';
  clientId?: string;
  /** Of an unlink without a client: the app clients that it may take away; all, if absent. */
  clientIds?: string[];
  /** The flag of a new entry; an existing entry keeps its own. */
  serverSideTokenCheck: boolean;
  /** What a client gets that has none yet; absent where no link asks for any. */
  roleMapping?: RoleMapping | Short;
  principalTags?: PrincipalTagMap;
  /** Whether only role mappings are to be taken away whose entries are gone: this client's must be one. */
  leftBehind?: true;
  /** For an undo: the changes to take back. Beside them only `principalTags` counts then. */
  takeBack?: ShownChange[];
}

/** One entry to add or to remove. */
export interface EntryChange {
  op: 'add' | 'remove';
  provider: Provider;
}

/** The role mapping of one entry to set or to take away; its digest, where it is too long to show. */
export interface MappingChange {
  op: 'map' | 'unmap';
  provider: Provider;
  roleMapping: RoleMapping | Short;
}

/** The principal tags of a user pool to set or to make inactive. */
export interface TagChange {
  op: 'tag' | 'untag';
  provider: Pick<Provider, 'ProviderName'>;
  principalTags: PrincipalTagMap;
}

export type Change = EntryChange | MappingChange | TagChange;

export const isEntryChange = (change: Change): change is EntryChange =>
  change.op === 'add' || change.op === 'remove';

const mappingOf = ({ RoleMappings = {} }: IdentityPool, provider: Provider) => {
  const key = mappingKey(provider);
  return Object.hasOwn(RoleMappings, key) ? RoleMappings[key] : undefined;
};

const tagsOf = ({ PrincipalTags = {} }: IdentityPool, name: string): PrincipalTagMap =>
  (Object.hasOwn(PrincipalTags, name) ? PrincipalTags[name] : undefined) ?? INACTIVE;

const isActive = (tags: PrincipalTagMap): boolean => !sameTags(tags, INACTIVE);

const unmapped = (pool: IdentityPool, provider: Provider): MappingChange[] => {
  const roleMapping = mappingOf(pool, provider);
  return roleMapping ? [{ op: 'unmap', provider, roleMapping }] : [];
};

/**
 * What a role mapping needs: one that is there is kept, as the flag is. But what an entry has left
 * behind that went without it belongs to no one, and does not come to life again with the new entry.
 */
function mapped(
  pool: IdentityPool,
  provider: Provider,
  { roleMapping }: Intent,
  isThere: boolean,
): MappingChange[] {
  if (!roleMapping || !pool.RoleMappings) return [];
  const map: MappingChange = { op: 'map', provider, roleMapping };
  const leftOver = mappingOf(pool, provider);
  if (!leftOver) return [map];
  const isKept = isThere || sameMapping(leftOver, roleMapping);
  return isKept ? [] : [...unmapped(pool, provider), map];
}

function linked(pool: IdentityPool, intent: Intent): Change[] {
  const { providerName: ProviderName, clientId: ClientId, principalTags = INACTIVE } = intent;
  if (ClientId === undefined) return [];
  const provider = { ProviderName, ClientId };
  const isThere = entriesOf(pool).some((entry) => entryKey(entry) === entryKey(provider));
  const { serverSideTokenCheck: ServerSideTokenCheck } = intent;
  const isUntagged = isActive(principalTags) && !isActive(tagsOf(pool, ProviderName));
  return [
    ...(isThere ? [] : [{ op: 'add' as const, provider: { ...provider, ServerSideTokenCheck } }]),
    ...mapped(pool, provider, intent, isThere),
    ...(isUntagged ? [{ op: 'tag' as const, provider: { ProviderName }, principalTags }] : []),
  ];
}

/** Whether an unlink is about an app client. */
const isMeant = ({ clientId, clientIds }: Intent, id: string | undefined): boolean =>
  clientId === undefined ? clientIds?.includes(id ?? '') !== false : id === clientId;

/** The role mappings of a client, or of every client, whether or not their entries are there. */
function mappingsOf({ RoleMappings = {} }: IdentityPool, intent: Intent): MappingChange[] {
  const { providerName: ProviderName } = intent;
  const prefix = mappingKey({ ProviderName, ClientId: '' });
  return Object.entries(RoleMappings).flatMap(([key, roleMapping]): MappingChange[] => {
    const ClientId = key.slice(prefix.length);
    if (!key.startsWith(prefix) || !isMeant(intent, ClientId)) return [];
    return [{ op: 'unmap', provider: { ProviderName, ClientId }, roleMapping }];
  });
}

/**
 * The role mappings to take away with the entries of an intent: none where those of others have been left
 * behind, since AWS refuses all changes of role mappings then. Without its entry a mapping gives no one a role.
 */
function mappingsToRemove(pool: IdentityPool, intent: Intent): MappingChange[] {
  const own = mappingsOf(pool, intent);
  const { providerName, clientId } = intent;
  const isOwn = ({ ProviderName = '', ClientId = '' }: Provider): boolean =>
    namesOfSame(providerName).includes(ProviderName) && (clientId ?? ClientId) === ClientId;
  return deadMappings(pool).every(({ provider }) => isOwn(provider)) ? own : [];
}

/** Removing an entry also removes its role mapping and, with the last entry, the principal tags. */
function unlinked(pool: IdentityPool, intent: Intent): Change[] {
  const { providerName: ProviderName, principalTags = INACTIVE } = intent;
  const ofUserPool = entriesOf(pool).filter((entry) => entry.ProviderName === ProviderName);
  const matching = ofUserPool.filter(({ ClientId }) => isMeant(intent, ClientId));
  const isLast = matching.length > 0 && matching.length === ofUserPool.length;
  // Only those that are as the link would have set them are known to be ours.
  const isOurs = isActive(principalTags) && sameTags(tagsOf(pool, ProviderName), principalTags);
  return [
    ...mappingsToRemove(pool, intent),
    ...matching.map((provider) => ({ op: 'remove' as const, provider })),
    ...(isLast && isOurs
      ? [{ op: 'untag' as const, provider: { ProviderName }, principalTags }]
      : []),
  ];
}

const conflict = (was: unknown, is: unknown): never => {
  throw new UndoConflictError(
    `What is to be undone has been changed since by someone else, so nothing was undone: it was ${JSON.stringify(was)} and is ${JSON.stringify(is)}. Link or unlink by hand what you want.`,
  );
};

function entryTakenBack(pool: IdentityPool, { op, provider }: EntryChange): Change[] {
  const now = entriesOf(pool).find((entry) => entryKey(entry) === entryKey(provider));
  if (now && (now.ServerSideTokenCheck ?? false) !== (provider.ServerSideTokenCheck ?? false)) {
    return conflict(provider, now);
  }
  if (op === 'remove') return now ? [] : [{ op: 'add', provider }];
  if (!now) return [];
  const mappedSince = mappingOf(pool, provider);
  return mappedSince
    ? conflict({ ...provider, roleMapping: 'default' }, { ...now, roleMapping: mappedSince })
    : [{ op: 'remove', provider: now }];
}

function mappingTakenBack(pool: IdentityPool, change: MappingChange): Change[] {
  const { op, provider, roleMapping } = change;
  const now = mappingOf(pool, provider);
  if (now && !sameMapping(now, roleMapping)) {
    return conflict({ ...provider, roleMapping: short(roleMapping) }, short(now));
  }
  if (op === 'map') return unmapped(pool, provider);
  const isThere = entriesOf(pool).some((entry) => entryKey(entry) === entryKey(provider));
  return now || !isThere ? [] : [{ ...change, op: 'map' }];
}

/** The tags of a user pool are all its clients': they stay while any of them does. */
function tagsTakenBack(pool: IdentityPool, change: TagChange): Change[] {
  const { op, provider, principalTags } = change;
  const { ProviderName = '' } = provider;
  const now = tagsOf(pool, ProviderName);
  const isUsed = entriesOf(pool).some((entry) => entry.ProviderName === ProviderName);
  if (isActive(now) && !sameTags(now, principalTags)) {
    return conflict({ ...provider, principalTags }, now);
  }
  if (op === 'tag') return isActive(now) && !isUsed ? [{ ...change, op: 'untag' }] : [];
  return isActive(now) ? [] : [{ ...change, op: 'tag' }];
}

function changeTakenBack(pool: IdentityPool, change: Change): Change[] {
  if (isEntryChange(change)) return entryTakenBack(pool, change);
  return 'roleMapping' in change ? mappingTakenBack(pool, change) : tagsTakenBack(pool, change);
}

/**
 * The principal tags that user pools need whose app clients are linked again. The changes to take back
 * may not have them: other app clients kept the tags at that time.
 */
function taggedAgain(pool: IdentityPool, changes: Change[], tags: PrincipalTagMap): TagChange[] {
  if (!isActive(tags)) return [];
  const names = changes.flatMap(({ op, provider }) => (op === 'remove' ? [provider] : []));
  return [...new Set(names.map(({ ProviderName = '' }) => ProviderName))].flatMap(
    (ProviderName): TagChange[] => {
      if (isActive(tagsOf(pool, ProviderName))) return [];
      return [{ op: 'tag', provider: { ProviderName }, principalTags: tags }];
    },
  );
}

/**
 * The changes that take others back, the last first; none for those that are taken back already. A user
 * pool whose app clients are linked again has principal tags if its links ask for them.
 *
 * @throws UndoConflictError when something is there that is not as it was left.
 */
function takenBack(
  pool: IdentityPool,
  changes: Change[],
  { principalTags = INACTIVE }: Pick<Intent, 'principalTags'>,
): Change[] {
  let now = pool;
  const isTag = (change: Change): boolean => 'principalTags' in change;
  const last = changes.toReversed();
  const back = [...last.filter((each) => !isTag(each)), ...last.filter(isTag)].flatMap((change) => {
    const changed = changeTakenBack(now, change);
    now = apply(now, changed);
    return changed;
  });
  return [...back, ...taggedAgain(now, changes, principalTags)];
}

/**
 * The fewest changes that bring the pool to what is wanted; none when it is there already.
 *
 * @throws UndoConflictError
 * @throws InvalidRequestError where what is called left behind is not.
 */
export function merge(pool: IdentityPool, intent: Intent): Change[] {
  if (intent.takeBack) return takenBack(pool, intent.takeBack.flatMap(expanded), intent);
  if (intent.leftBehind) return leftBehind(pool, intent);
  const merged = intent.operation === 'unlink' ? unlinked : linked;
  return namesIn(intent).flatMap((providerName) => merged(pool, { ...intent, providerName }));
}

/** Whether the pool is as an intent wants it; one that conflicts with it is not done there. */
export function isMet(pool: IdentityPool, intent: Intent): boolean {
  try {
    return merge(pool, intent).length === 0;
  } catch (error) {
    if (error instanceof UndoConflictError || error instanceof InvalidRequestError) return false;
    throw error;
  }
}

function applyToEntries(pool: IdentityPool, changes: EntryChange[]): IdentityPool {
  if (changes.length === 0) return pool;
  const touched = new Set(changes.map(({ provider }) => entryKey(provider)));
  const added = changes.filter(({ op }) => op === 'add').map(({ provider }) => provider);
  const kept = entriesOf(pool).filter((entry) => !touched.has(entryKey(entry)));
  return { ...pool, CognitoIdentityProviders: [...kept, ...added] };
}

function applyToMappings(pool: IdentityPool, changes: MappingChange[]): IdentityPool {
  if (changes.length === 0 || !pool.RoleMappings) return pool;
  const mappings = new Map(Object.entries(pool.RoleMappings));
  for (const { op, provider, roleMapping } of changes) {
    if (op === 'map') mappings.set(mappingKey(provider), roleMapping);
    else mappings.delete(mappingKey(provider));
  }
  return { ...pool, RoleMappings: Object.fromEntries(mappings) };
}

function applyToTags(pool: IdentityPool, changes: TagChange[]): IdentityPool {
  if (changes.length === 0) return pool;
  const set = changes.map(({ op, provider, principalTags }) => [
    ...[provider.ProviderName, op === 'tag' ? principalTags : INACTIVE],
  ]);
  return { ...pool, PrincipalTags: { ...pool.PrincipalTags, ...Object.fromEntries(set) } };
}

/** The pool with the changes made, and everything else as it was. Making them twice is harmless. */
export function apply(pool: IdentityPool, changes: Change[]): IdentityPool {
  const mappings = changes.filter((change) => 'roleMapping' in change);
  const tags = changes.filter((change) => 'principalTags' in change);
  return applyToTags(
    applyToMappings(applyToEntries(pool, changes.filter(isEntryChange)), mappings),
    tags,
  );
}

/**
 * Refuses changes that would leave more entries than the quota, or more role mappings than AWS allows.
 * A pool above its quota may still lose entries.
 *
 * @throws ProviderQuotaError
 * @throws RoleMappingError where AWS would refuse the role mappings, whatever their number.
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
 */
export function checkQuota(pool: IdentityPool, changes: Change[], quota: number): void {
  const wanted = apply(pool, changes);
  const added = changes.filter(({ op }) => op === 'add').length;
  if (entriesOf(wanted).length > quota && added > 0) {
    const needed = added > 1 ? `, and ${added} more are needed` : '';
    throw new ProviderQuotaError(
      `Identity pool ${pool.IdentityPoolId} already holds ${entriesOf(pool).length} of ${quota} user pool providers${needed}, so nothing was written. Unlink clients that are no longer used, or have Account-B's quota "Amazon Cognito user pool providers per identity pool" raised and then set providerQuota in links.yml to it.`,
    );
  }
  if (pool.RoleMappings && changes.some((change) => 'roleMapping' in change)) checkMappings(wanted);
  const mappings = (of: IdentityPool): number => Object.keys(of.RoleMappings ?? {}).length;
  const mapped = changes.filter(({ op }) => op === 'map').length;
  if (mappings(wanted) > MOST_ROLE_MAPPINGS && mapped > 0) {
    const needed = mapped > 1 ? `, and ${mapped} more are needed` : '';
    throw new ProviderQuotaError(
      `Identity pool ${pool.IdentityPoolId} already holds ${mappings(pool)} of ${MOST_ROLE_MAPPINGS} role mappings${needed}, a quota that AWS does not raise, so nothing was written. Unlink clients that are no longer used, or give this one's link roleMapping: default.`,
    );
  }
}

/** A change as states and outputs show it; of very many, one line for all clients of a user pool. */
export type ShownChange =
  | Change
  | { op: EntryChange['op']; provider: Omit<Provider, 'ClientId'>; clientIds: string[] };

function groupedEntries(changes: EntryChange[]): ShownChange[] {
  const groups = grouped(changes, ({ op, provider: { ClientId: _, ...common } }) =>
    JSON.stringify({ op, provider: common }),
  );
  return [...groups].map(([common, group]) => ({
    ...(JSON.parse(common) as EntryChange),
    clientIds: group.map(({ provider }) => provider.ClientId ?? ''),
  }));
}

/**
 * The changes one by one, or those of entries by user pool above {@link SHOWN_ENTRIES}; none is left
 * out, but role mappings that are too long are shown as their digests.
 *
 * @param room how many characters of JSON there are for role mappings.
 */
export function shownChanges(changes: Change[], room = Number.POSITIVE_INFINITY): ShownChange[] {
  const entries = changes.filter(isEntryChange);
  const others = changes.filter((change) => !isEntryChange(change));
  const all = entries.length <= SHOWN_ENTRIES ? changes : [...groupedEntries(entries), ...others];
  if (JSON.stringify(others).length <= room) return all;
  return all.map((change) =>
    'roleMapping' in change ? { ...change, roleMapping: short(change.roleMapping) } : change,
  );
}

/** The changes that are shown, one by one again. */
export const expanded = (shown: ShownChange): Change[] =>
  'clientIds' in shown
    ? shown.clientIds.map((ClientId) => ({
        op: shown.op,
        provider: { ...shown.provider, ClientId },
      }))
    : [shown];
