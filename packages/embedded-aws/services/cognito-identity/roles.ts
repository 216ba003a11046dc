import { enforce, type Rule } from '../../kernel/constraints.ts';
import { invalid, type RoleMapping, type StoredPool } from './pools.ts';

export interface RolesInput {
  IdentityPoolId: string;
  Roles: Record<string, string>;
  RoleMappings?: Record<string, RoleMapping>;
}

/** The keys that a role mapping can have: the providers of the pool. */
function mappable({ pool }: StoredPool): Set<string> {
  const clients = (pool.CognitoIdentityProviders ?? []).map(
    ({ ProviderName, ClientId }) => `${ProviderName}:${ClientId}`,
  );
  return new Set([
    ...clients,
    ...Object.keys(pool.SupportedLoginProviders ?? {}),
    ...(pool.OpenIdConnectProviderARNs ?? []),
    ...(pool.SamlProviderARNs ?? []),
  ]);
}

function checkMapping({ Type, AmbiguousRoleResolution, RulesConfiguration }: RoleMapping): void {
  if (AmbiguousRoleResolution === undefined) {
    invalid('AmbiguousRoleResolution is required for role mappings.');
  }
  const rules = RulesConfiguration?.Rules ?? [];
  if (Type === 'Rules' && (rules.length < 1 || rules.length > 25)) {
    invalid('A role mapping of type Rules needs between 1 and 25 rules.');
  }
}

/**
 * Replaces a pool's roles and role mappings.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html
 */
export function setRoles(stored: StoredPool, { Roles, RoleMappings = {} }: RolesInput): void {
  enforce([
    ['roles', Roles, { required: true, max: 2 }],
    ['roleMappings', RoleMappings, { max: 10 }],
    ...Object.keys(Roles ?? {}).map(
      (key): Rule => ['roles', key, { pattern: '(un)?authenticated' }],
    ),
  ]);
  const known = mappable(stored);
  for (const [key, mapping] of Object.entries(RoleMappings)) {
    if (!known.has(key)) {
      invalid(`${key} is not a valid RoleMapping ProviderName or is not a configured provider.`);
    }
    checkMapping(mapping);
  }
  stored.roles = Roles;
  stored.roleMappings = RoleMappings;
}
