import { namesIn, type ProviderNames } from '../issuer.ts';
import { namesOfSame } from '../user-pool.ts';
import {
  type Change,
  expanded,
  isActive,
  type MappingChange,
  principalTagsIn,
  roleMappingIn,
  type ShownChange,
  unmapped,
} from './changes.ts';
import { deadMappings, leftBehind } from './dead-mappings.ts';
import { entriesOf, entryKey, type IdentityPool, type Provider } from './identity-pool.ts';
import {
  INACTIVE,
  mappingKey,
  type PrincipalTagMap,
  type RoleMapping,
  type Short,
  sameMapping,
  sameTags,
} from './roles.ts';
import { takenBack } from './taken-back.ts';

/**
 * What a request wants of one identity pool, under one or both names of the user pool. Without a client, it means
 * every entry of the user pool.
 */
export interface Intent extends ProviderNames {
  operation: 'link' | 'unlink';
  clientId?: string | undefined;
  /** For an unlink without a client: the app clients that it may remove; all, if absent. */
  clientIds?: string[];
  /** The flag of a new entry. An existing entry keeps its own. */
  serverSideTokenCheck: boolean;
  /** For a client without a role mapping; absent if no link asks for one. */
  roleMapping?: RoleMapping | Short;
  principalTags?: PrincipalTagMap;
  /** Whether to remove only role mappings whose entries are gone. That of this client must be one of them. */
  leftBehind?: true;
  /** For an undo: the changes to take back. Of the other members, only `principalTags` applies then. */
  takeBack?: ShownChange[];
}

/**
 * The changes that give an entry its role mapping. An existing mapping of an existing entry is kept, like the flag.
 * A mapping that an earlier entry left behind belongs to no one, so it is replaced.
 */
function mapped(
  pool: IdentityPool,
  provider: Provider,
  { roleMapping }: Intent,
  isThere: boolean,
): MappingChange[] {
  if (!roleMapping || !pool.RoleMappings) return [];
  const map: MappingChange = { op: 'map', provider, roleMapping };
  const leftOver = roleMappingIn(pool, provider);
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
  const isUntagged = isActive(principalTags) && !isActive(principalTagsIn(pool, ProviderName));
  return [
    ...(isThere ? [] : [{ op: 'add' as const, provider: { ...provider, ServerSideTokenCheck } }]),
    ...mapped(pool, provider, intent, isThere),
    ...(isUntagged ? [{ op: 'tag' as const, provider: { ProviderName }, principalTags }] : []),
  ];
}

/** Whether an unlink means an app client. */
const isMeant = ({ clientId, clientIds }: Intent, id: string | undefined): boolean =>
  clientId === undefined ? clientIds?.includes(id ?? '') !== false : id === clientId;

/**
 * The changes that remove the role mappings of a client, or of every client, whether or not their entries exist.
 */
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
 * The changes that remove role mappings together with the entries of an intent. There are none if others left role
 * mappings behind, since AWS then refuses all changes of role mappings. Without its entry, a mapping gives no one a
 * role.
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
  // Only tags that are as the link would set them are known to be ours.
  const isOurs =
    isActive(principalTags) && sameTags(principalTagsIn(pool, ProviderName), principalTags);
  return [
    ...mappingsToRemove(pool, intent),
    ...matching.map((provider) => ({ op: 'remove' as const, provider })),
    ...(isLast && isOurs
      ? [{ op: 'untag' as const, provider: { ProviderName }, principalTags }]
      : []),
  ];
}

/**
 * The fewest changes that make the pool as the intent wants it; none if it is so already.
 *
 * @throws UndoConflictError
 * @throws InvalidRequestError if a role mapping is not left behind, although the intent says so.
 */
export function merge(pool: IdentityPool, intent: Intent): Change[] {
  if (intent.takeBack)
    return takenBack(pool, intent.takeBack.flatMap(expanded), intent.principalTags);
  if (intent.leftBehind) return leftBehind(pool, intent);
  const merged = intent.operation === 'unlink' ? unlinked : linked;
  return namesIn(intent).flatMap((providerName) => merged(pool, { ...intent, providerName }));
}
