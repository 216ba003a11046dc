import { UndoConflictError } from '../errors.ts';
import {
  apply,
  type Change,
  type EntryChange,
  isActive,
  isEntryChange,
  type MappingChange,
  principalTagsIn,
  roleMappingIn,
  type TagChange,
  unmapped,
} from './changes.ts';
import { entriesOf, entryKey, type IdentityPool } from './identity-pool.ts';
import { INACTIVE, type PrincipalTagMap, sameMapping, sameTags, short } from './roles.ts';

const conflict = (was: unknown, is: unknown): never => {
  throw new UndoConflictError(
    `Someone else has changed since what is to be undone, so nothing was undone: it was ${JSON.stringify(was)} and is ${JSON.stringify(is)}. Link or unlink by hand instead.`,
  );
};

function entryTakenBack(pool: IdentityPool, { op, provider }: EntryChange): Change[] {
  const now = entriesOf(pool).find((entry) => entryKey(entry) === entryKey(provider));
  if (now && (now.ServerSideTokenCheck ?? false) !== (provider.ServerSideTokenCheck ?? false)) {
    return conflict(provider, now);
  }
  if (op === 'remove') return now ? [] : [{ op: 'add', provider }];
  if (!now) return [];
  const mappedSince = roleMappingIn(pool, provider);
  return mappedSince
    ? conflict({ ...provider, roleMapping: 'default' }, { ...now, roleMapping: mappedSince })
    : [{ op: 'remove', provider: now }];
}

function mappingTakenBack(pool: IdentityPool, change: MappingChange): Change[] {
  const { op, provider, roleMapping } = change;
  const now = roleMappingIn(pool, provider);
  if (now && !sameMapping(now, roleMapping)) {
    return conflict({ ...provider, roleMapping: short(roleMapping) }, short(now));
  }
  if (op === 'map') return unmapped(pool, provider);
  const isThere = entriesOf(pool).some((entry) => entryKey(entry) === entryKey(provider));
  return now || !isThere ? [] : [{ ...change, op: 'map' }];
}

/** All clients of a user pool share its tags, so they stay while any of the clients does. */
function tagsTakenBack(pool: IdentityPool, change: TagChange): Change[] {
  const { op, provider, principalTags } = change;
  const { ProviderName = '' } = provider;
  const now = principalTagsIn(pool, ProviderName);
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
 * The principal tags of user pools whose app clients are linked again. The changes to take back may lack them, if
 * other app clients kept the tags at that time.
 */
function taggedAgain(pool: IdentityPool, changes: Change[], tags: PrincipalTagMap): TagChange[] {
  if (!isActive(tags)) return [];
  const names = changes.flatMap(({ op, provider }) => (op === 'remove' ? [provider] : []));
  return [...new Set(names.map(({ ProviderName = '' }) => ProviderName))].flatMap(
    (ProviderName): TagChange[] => {
      if (isActive(principalTagsIn(pool, ProviderName))) return [];
      return [{ op: 'tag', provider: { ProviderName }, principalTags: tags }];
    },
  );
}

/**
 * The changes that take others back, the last one first; none for those that are taken back already. A user pool
 * whose app clients are linked again gets principal tags if its links ask for them.
 *
 * @throws UndoConflictError if something is not as it was left.
 */
export function takenBack(
  pool: IdentityPool,
  changes: Change[],
  principalTags: PrincipalTagMap = INACTIVE,
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
