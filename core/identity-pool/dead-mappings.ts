import { InvalidRequestError, RoleMappingError } from '../errors.ts';
import { namesOfSame, providerIn } from '../user-pool.ts';
import { entriesOf, type IdentityPool, type Provider } from './identity-pool.ts';
import { mappingKey, type RoleMapping, type Short } from './roles.ts';

/** A role mapping of an app client. */
interface ClientMapping {
  provider: Provider;
  roleMapping: RoleMapping | Short;
}

// The keys of other providers, such as accounts.google.com, are none of Poolbridge's business.
const ofAppClient = /^([\w.-]*cognito-idp\.[^/:]+\/[^/:]+):(\w+)$/;

/**
 * The role mappings of app clients whose entries are gone. They give no one a role, but AWS refuses
 * every SetIdentityPoolRoles that holds one of them.
 *
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html
 */
export function deadMappings(pool: IdentityPool): ClientMapping[] {
  const there = new Set(entriesOf(pool).map(mappingKey));
  return Object.entries(pool.RoleMappings ?? {}).flatMap(([key, roleMapping]) => {
    const [, ProviderName, ClientId] = ofAppClient.exec(key) ?? [];
    if (ProviderName === undefined || ClientId === undefined || there.has(key)) return [];
    return [{ provider: { ProviderName, ClientId }, roleMapping }];
  });
}

/**
 * Foresees that AWS refuses the role mappings of a pool, because one of them is of an entry that is gone.
 *
 * @param wanted the pool as it is to be.
 * @throws RoleMappingError that names the mapping and the command that takes it away.
 */
export function checkMappings(wanted: IdentityPool): void {
  const [dead] = deadMappings(wanted);
  if (!dead) return;
  const { ProviderName = '', ClientId } = dead.provider;
  const userPoolId = providerIn(ProviderName);
  throw new RoleMappingError(
    `The identity pool ${wanted.IdentityPoolId} has a role mapping of ${mappingKey(dead.provider)}, whose entry is gone, and AWS refuses all changes of role mappings while it is there, so nothing was written. See it with "poolbridge unlink --left-behind --user-pool ${userPoolId} --client ${ClientId} --identity-pool ${wanted.IdentityPoolId} --dry-run", take it away with the same command without --dry-run, and ask again.`,
  );
}

/** The keys of a client's role mappings, by both names of its user pool. */
const keysOf = (providerName: string, clientId: string): Set<string> =>
  new Set(
    namesOfSame(providerName).map((name) => mappingKey({ ProviderName: name, ClientId: clientId })),
  );

/**
 * The role mappings whose entries are gone, if that of the client is one of them. AWS refuses to take away
 * one and keep another, so they go together.
 *
 * @throws InvalidRequestError where the entry of the client is there.
 */
export function leftBehind(
  pool: IdentityPool,
  { providerName, clientId }: { providerName: string; clientId?: string },
): ({ op: 'unmap' } & ClientMapping)[] {
  const keys = keysOf(providerName, clientId ?? '');
  const dead = deadMappings(pool);
  if (dead.some(({ provider }) => keys.has(mappingKey(provider)))) {
    return dead.map((each) => ({ op: 'unmap', ...each }));
  }
  const entry = entriesOf(pool).find((each) => keys.has(mappingKey(each)));
  if (!entry) return [];
  throw new InvalidRequestError(
    `The entry of ${mappingKey(entry)} is in the identity pool ${pool.IdentityPoolId}, so it has left no role mapping behind, and nothing was written. To unlink the app client, ask without leftBehind.`,
  );
}
