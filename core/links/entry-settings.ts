import type { Intent } from '../identity-pool/merge.ts';
import type { PrincipalTagMap, RoleMapping } from '../identity-pool/roles.ts';
import { type Link, type Links, linksTo } from './links.ts';

/** The settings of an entry, its role mapping and the principal tags of its user pool. */
export type EntrySettings = Pick<Intent, 'serverSideTokenCheck' | 'roleMapping' | 'principalTags'>;

// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_MappingRule.html
const MATCHES = {
  equals: 'Equals',
  contains: 'Contains',
  startsWith: 'StartsWith',
  notEqual: 'NotEqual',
} as const;

/** The role mapping of a link in the words of AWS; undefined if the pool's authenticated role applies. */
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
 * The settings of an entry that several links share. The strictest link decides its ServerSideTokenCheck. The first
 * link in links.yml that sets a role mapping decides the role mapping, and likewise for principal tags.
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

/** What is read besides an identity pool's own settings: what any link to it sets. */
export interface Beside {
  roles: boolean;
  principalTags: boolean;
}

/** What the links to an identity pool set besides its own settings. */
export function besideOf(links: Links, identityPoolId: string): Beside {
  const all = Object.values(linksTo(links, identityPoolId));
  return {
    roles: all.some((link) => roleMappingOf(link) !== undefined),
    principalTags: all.some((link) => principalTagsOf(link) !== undefined),
  };
}
