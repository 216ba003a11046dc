import { commandFor } from '../command-line.ts';
import { InvalidRequestError, RoleMappingError } from '../errors.ts';
import { namesOfSame, providerIn } from '../user-pool.ts';
import { entriesOf, type IdentityPool, type Provider } from './identity-pool.ts';
import { mappingKey, type RoleMapping, type Short } from './roles.ts';

/** A role mapping of an app client. */
interface ClientMapping {
  provider: Provider;
  roleMapping: RoleMapping | Short;
}

// The keys of other providers, such as accounts.google.com, do not match.
const ofAppClient = /^([\w.-]*cognito-idp\.[^/:]+\/[^/:]+):(\w+)$/;

/**
 * The role mappings of app clients whose entries are gone. They give no one a role, but AWS refuses every
 * SetIdentityPoolRoles that contains one of them.
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
 * Checks that AWS will accept the role mappings of an identity pool: none of them may belong to an entry that is
 * gone.
 *
 * @param wanted the pool as it will be.
 * @param execution ARN of the execution that asks for it.
 * @throws RoleMappingError that names the mapping and the command that removes it.
 */
export function checkMappings(wanted: IdentityPool, execution: string): void {
  const [dead] = deadMappings(wanted);
  if (!dead) return;
  const { ProviderName = '', ClientId } = dead.provider;
  const id = wanted.IdentityPoolId ?? '';
  const client = ['--user-pool', providerIn(ProviderName), '--client', ClientId ?? ''];
  const words = ['--left-behind', ...client, '--identity-pool', id];
  const remove = commandFor(execution, 'unlink', ...words);
  throw new RoleMappingError(
    `The identity pool ${wanted.IdentityPoolId} has a role mapping of ${mappingKey(dead.provider)}, whose entry is gone. AWS refuses all changes of role mappings until it is removed, so nothing was written. Remove it, with --dry-run first to see it, and ask again: ${remove}`,
  );
}

/** The keys of an app client's role mappings, under both names of its user pool. */
const keysOf = (providerName: string, clientId: string): Set<string> =>
  new Set(
    namesOfSame(providerName).map((name) => mappingKey({ ProviderName: name, ClientId: clientId })),
  );

/**
 * The changes that remove the role mappings whose entries are gone, if one of them is that of the client. AWS
 * refuses to remove one and keep another, so they are removed together.
 *
 * @throws InvalidRequestError if the entry of the client is there.
 */
export function leftBehind(
  pool: IdentityPool,
  { providerName, clientId }: { providerName: string; clientId?: string | undefined },
): ({ op: 'unmap' } & ClientMapping)[] {
  const keys = keysOf(providerName, clientId ?? '');
  const dead = deadMappings(pool);
  if (dead.some(({ provider }) => keys.has(mappingKey(provider)))) {
    return dead.map((each) => ({ op: 'unmap', ...each }));
  }
  const entry = entriesOf(pool).find((each) => keys.has(mappingKey(each)));
  if (!entry) return [];
  throw new InvalidRequestError(
    `The entry of ${mappingKey(entry)} is in the identity pool ${pool.IdentityPoolId}, so its role mapping is not left behind and nothing was written. To unlink the app client, ask without leftBehind.`,
  );
}
