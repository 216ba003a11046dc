import type { IdentityPool } from './identity-pool.ts';
import { INACTIVE, sameMapping, sameTags } from './roles.ts';
import { sameSettings } from './same-settings.ts';

/** One call that changes an identity pool, and the state that it leads to. */
export interface Call {
  operation: 'SetIdentityPoolRoles' | 'UpdateIdentityPool' | 'SetPrincipalTagAttributeMap';
  to: IdentityPool;
  /** The user pool whose principal tags are set. */
  providerName?: string;
}

/** The role mappings that are the same in two states. */
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

/** The calls that set principal tags, or those that reset them. */
function tagCalls(
  from: IdentityPool,
  { PrincipalTags: wanted = {} }: IdentityPool,
  kind: 'set' | 'reset',
): Call[] {
  const calls: Call[] = [];
  let now = from;
  for (const [providerName, tags] of Object.entries(wanted)) {
    const isMeant = sameTags(tags, INACTIVE) === (kind === 'reset');
    if (!isMeant || sameTags(now.PrincipalTags?.[providerName], tags)) continue;
    now = { ...now, PrincipalTags: { ...now.PrincipalTags, [providerName]: tags } };
    calls.push({ operation: 'SetPrincipalTagAttributeMap', to: now, providerName });
  }
  return calls;
}

/**
 * The calls that lead an identity pool from one state to another. Role mappings and principal tags are removed
 * before their entry and set after it: AWS refuses a role mapping whose provider is not there, and principal tags
 * without their provider would be left behind if the next call failed.
 *
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html
 */
export function callsBetween(from: IdentityPool, to: IdentityPool): Call[] {
  const calls = tagCalls(from, to, 'reset');
  let now = calls.at(-1)?.to ?? from;
  const call = (operation: Call['operation'], next: IdentityPool) => {
    if (sameSettings(now, next)) return;
    calls.push({ operation, to: next });
    now = next;
  };
  if (from.RoleMappings) {
    call('SetIdentityPoolRoles', { ...now, RoleMappings: keptMappings(from, to) });
  }
  call('UpdateIdentityPool', withSettingsOf(now, to));
  if (to.RoleMappings) {
    call('SetIdentityPoolRoles', { ...now, RoleMappings: to.RoleMappings });
  }
  return [...calls, ...tagCalls(now, to, 'set')];
}
