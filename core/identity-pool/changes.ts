import { grouped } from '../grouped.ts';
import { entriesOf, entryKey, type IdentityPool, type Provider } from './identity-pool.ts';
import {
  INACTIVE,
  mappingKey,
  type PrincipalTagMap,
  type RoleMapping,
  type Short,
  sameTags,
  short,
} from './roles.ts';
import { SHOWN_ENTRIES } from './shown-pool.ts';

/** An entry to add or to remove. */
export interface EntryChange {
  op: 'add' | 'remove';
  provider: Provider;
}

/** The role mapping of one entry to set or to remove. It is a digest if it is too long to show. */
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

/** The role mapping of an entry, if it has one. */
export const roleMappingIn = ({ RoleMappings = {} }: IdentityPool, provider: Provider) => {
  const key = mappingKey(provider);
  return Object.hasOwn(RoleMappings, key) ? RoleMappings[key] : undefined;
};

/** The principal tags of a user pool in an identity pool; inactive if they were never set. */
export const principalTagsIn = (
  { PrincipalTags = {} }: IdentityPool,
  name: string,
): PrincipalTagMap =>
  (Object.hasOwn(PrincipalTags, name) ? PrincipalTags[name] : undefined) ?? INACTIVE;

/** Whether sessions get any tags from a map. */
export const isActive = (tags: PrincipalTagMap): boolean => !sameTags(tags, INACTIVE);

/** The change that removes the role mapping of an entry, if it has one. */
export const unmapped = (pool: IdentityPool, provider: Provider): MappingChange[] => {
  const roleMapping = roleMappingIn(pool, provider);
  return roleMapping ? [{ op: 'unmap', provider, roleMapping }] : [];
};

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

/** The pool with the changes made, and everything else as it was. Making them twice does no harm. */
export function apply(pool: IdentityPool, changes: Change[]): IdentityPool {
  const mappings = changes.filter((change) => 'roleMapping' in change);
  const tags = changes.filter((change) => 'principalTags' in change);
  return applyToTags(
    applyToMappings(applyToEntries(pool, changes.filter(isEntryChange)), mappings),
    tags,
  );
}

/** A change as states and outputs show it. Of very many changes, one stands for all clients of a user pool. */
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
 * The changes one by one. Above {@link SHOWN_ENTRIES}, those of entries are grouped by user pool. All are there,
 * but role mappings that are too long are shown as digests.
 *
 * @param room how many characters of JSON role mappings may take.
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

/** The single changes that a shown change stands for. */
export const expanded = (shown: ShownChange): Change[] =>
  'clientIds' in shown
    ? shown.clientIds.map((ClientId) => ({
        op: shown.op,
        provider: { ...shown.provider, ClientId },
      }))
    : [shown];
