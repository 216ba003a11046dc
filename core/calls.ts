import { type IdentityPool, sameSettings } from './identity-pool.ts';
import { sameMapping, sameTags } from './roles.ts';

/** One call that changes a pool, and what the pool is to be after it. */
export interface Call {
  operation: 'SetIdentityPoolRoles' | 'UpdateIdentityPool' | 'SetPrincipalTagAttributeMap';
  to: IdentityPool;
  /** The user pool whose principal tags are set. */
  providerName?: string;
}

/** The role mappings that stay as they are from one state to another. */
function keptMappings({ RoleMappings: from = {} }: IdentityPool, to: IdentityPool) {
  const { RoleMappings: wanted = {} } = to;
  return Object.fromEntries(
    Object.entries(from).filter(([key, mapping]) => {
      const after = Object.hasOwn(wanted, key) ? wanted[key] : undefined;
      return after !== undefined && sameMapping(mapping, after);
    }),
  );
}

/** A state with the roles and tags of one pool, and the settings and entries of another. */
const withSettingsOf = (beside: IdentityPool, settings: IdentityPool): IdentityPool => ({
  ...settings,
  ...(beside.Roles && { Roles: beside.Roles }),
  ...(beside.RoleMappings && { RoleMappings: beside.RoleMappings }),
  ...(beside.PrincipalTags && { PrincipalTags: beside.PrincipalTags }),
});

function tagCalls(from: IdentityPool, { PrincipalTags: wanted = {} }: IdentityPool): Call[] {
  const calls: Call[] = [];
  let now = from;
  for (const [providerName, tags] of Object.entries(wanted)) {
    if (sameTags(now.PrincipalTags?.[providerName], tags)) continue;
    now = { ...now, PrincipalTags: { ...now.PrincipalTags, [providerName]: tags } };
    calls.push({ operation: 'SetPrincipalTagAttributeMap', to: now, providerName });
  }
  return calls;
}

/**
 * The calls that bring a pool from one state to another, in the only order that AWS takes: a role
 * mapping is of a provider that is there, so those that go do so before their entries, and those that
 * come do so after them.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html
 */
export function callsBetween(from: IdentityPool, to: IdentityPool): Call[] {
  const calls: Call[] = [];
  let now = from;
  const call = (operation: Call['operation'], next: IdentityPool) => {
    if (sameSettings(now, next)) return;
    calls.push({ operation, to: next });
    now = next;
  };
  if (from.RoleMappings) {
    call('SetIdentityPoolRoles', { ...from, RoleMappings: keptMappings(from, to) });
  }
  call('UpdateIdentityPool', withSettingsOf(now, to));
  if (to.RoleMappings) {
    call('SetIdentityPoolRoles', { ...now, RoleMappings: to.RoleMappings });
  }
  return [...calls, ...tagCalls(now, to)];
}
