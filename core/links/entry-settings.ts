import type { Intent } from '../identity-pool/merge.ts';
import type { PrincipalTagMap, RoleMapping } from '../identity-pool/roles.ts';
import { type Link, type Links, linksTo } from './links.ts';

/** How an entry is to be, and what is to be set beside it. */
export type EntrySettings = Pick<Intent, 'serverSideTokenCheck' | 'roleMapping' | 'principalTags'>;

// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_MappingRule.html
const MATCHES = {
  equals: 'Equals',
  contains: 'Contains',
  startsWith: 'StartsWith',
  notEqual: 'NotEqual',
} as const;

/** A role mapping in AWS's words; none where the pool's authenticated role is to do. */
export function roleMappingOf({ roleMapping, ambiguous }: Link): RoleMapping | undefined {
  if (roleMapping === undefined || roleMapping === 'default') return undefined;
  const AmbiguousRoleResolution = ambiguous === 'authenticated' ? 'AuthenticatedRole' : 'Deny';
  if (roleMapping === 'token') return { Type: 'Token', AmbiguousRoleResolution };
  const Rules = roleMapping.rules.map(({ claim, match, value, role }) => ({
    Claim: claim,
    MatchType: MATCHES[match],
    Value: value,
    RoleARN: role,
  }));
  return { Type: 'Rules', AmbiguousRoleResolution, RulesConfiguration: { Rules } };
}

function principalTagsOf({ principalTags }: Link): PrincipalTagMap | undefined {
  if (principalTags === undefined || principalTags === 'inactive') return undefined;
  if (principalTags === 'default') return { UseDefaults: true, PrincipalTags: {} };
  return { UseDefaults: false, PrincipalTags: principalTags };
}

/**
 * How an entry is to be that several links lead to together: the strictest of them decides its
 * ServerSideTokenCheck, and the first in links.yml that says anything of it, which role mapping and
 * which principal tags there are.
 *
 * @param names of the links, in the order of links.yml.
 */
export function entrySettingsOf(links: Links, names: string[]): EntrySettings {
  const all = names.flatMap((name) => (Object.hasOwn(links, name) ? (links[name] ?? []) : []));
  const mapping = all.find((link) => link.roleMapping !== undefined);
  const tagging = all.find((link) => link.principalTags !== undefined);
  const roleMapping = mapping && roleMappingOf(mapping);
  const principalTags = tagging && principalTagsOf(tagging);
  return {
    serverSideTokenCheck: all.some((link) => link.serverSideTokenCheck),
    ...(roleMapping && { roleMapping }),
    ...(principalTags && { principalTags }),
  };
}

/** What is looked at beside an identity pool's own settings: what any link to it sets there. */
export interface Beside {
  roles: boolean;
  principalTags: boolean;
}

/** What the links to an identity pool set beside its own settings. */
export function besideOf(links: Links, identityPoolId: string): Beside {
  const all = Object.values(linksTo(links, identityPoolId));
  return {
    roles: all.some((link) => roleMappingOf(link) !== undefined),
    principalTags: all.some((link) => principalTagsOf(link) !== undefined),
  };
}
