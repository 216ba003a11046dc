import { entryKey, type Provider } from './identity-pool.ts';
import { short } from './roles.ts';
import type { ShownPool } from './shown-pool.ts';

/** One thing that differs between two descriptions of an identity pool. */
export interface Difference {
  op: 'add' | 'remove' | 'change';
  /** The identity pool's member, for example `CognitoIdentityProviders`. */
  member: string;
  before?: unknown;
  after?: unknown;
}

const lists = ['OpenIdConnectProviderARNs', 'SamlProviderARNs'] as const;
const maps = ['SupportedLoginProviders', 'IdentityPoolTags'] as const;
const scalars = [
  'IdentityPoolName',
  'AllowUnauthenticatedIdentities',
  'AllowClassicFlow',
  'DeveloperProviderName',
] as const;

const asMap = <T>(
  map: Record<string, T> = {},
  as: (value: T) => unknown = (value) => value,
): Map<string, unknown> =>
  new Map(Object.entries(map).map(([key, value]) => [key, { [key]: as(value) }]));

const asSet = (list: string[] = []): Map<string, unknown> => new Map(list.map((x) => [x, x]));

const asEntries = (entries: Provider[]): Map<string, Provider> =>
  new Map(
    entries.map((e) => [
      entryKey(e),
      { ...e, ServerSideTokenCheck: e.ServerSideTokenCheck ?? false },
    ]),
  );

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function compare(
  member: string,
  before: Map<string, unknown>,
  after: Map<string, unknown>,
): Difference[] {
  const removed = [...before]
    .filter(([key]) => !after.has(key))
    .map(([, value]) => ({ op: 'remove' as const, member, before: value }));
  const changed = [...after]
    .filter(([key, value]) => before.has(key) && !same(before.get(key), value))
    .map(([key, value]) => ({
      op: 'change' as const,
      member,
      before: before.get(key),
      after: value,
    }));
  const added = [...after]
    .filter(([key]) => !before.has(key))
    .map(([, value]) => ({ op: 'add' as const, member, after: value }));
  return [...removed, ...changed, ...added];
}

const scalar = (value: string | boolean | undefined): Map<string, unknown> =>
  // Stryker disable next-line StringLiteral: any key will do, as there is only the one.
  new Map(value === undefined ? [] : [['', value]]);

function entryDifferences(before: ShownPool, after: ShownPool): Difference[] {
  const member = 'CognitoIdentityProviders';
  const { [member]: was = [] } = before;
  const { [member]: is = [] } = after;
  if (Array.isArray(was) && Array.isArray(is))
    return compare(member, asEntries(was), asEntries(is));
  return same(was, is) ? [] : [{ op: 'change', member, before: was, after: is }];
}

/** The differences of roles and principal tags that both descriptions have. */
function differencesAround(before: ShownPool, after: ShownPool): Difference[] {
  const { PrincipalTags: were = {}, RoleMappings: had } = before;
  const { PrincipalTags: are = {}, RoleMappings: has } = after;
  const seen = <T>(map: Record<string, T>, other: Record<string, T>) =>
    asMap(Object.fromEntries(Object.entries(map).filter(([name]) => Object.hasOwn(other, name))));
  const tags = compare('PrincipalTags', seen(were, are), seen(are, were));
  if (!had || !has) return tags;
  return [
    ...compare('Roles', asMap(before.Roles), asMap(after.Roles)),
    ...compare('RoleMappings', asMap(had, short), asMap(has, short)),
    ...tags,
  ];
}

/**
 * The differences between two descriptions of one identity pool. For a pool that is shown only as a digest, the
 * only difference is that digest.
 */
export function diff(before: ShownPool, after: ShownPool): Difference[] {
  if (before.sha256 !== undefined || after.sha256 !== undefined) {
    const change = { op: 'change' as const, member: 'IdentityPool', before, after };
    return before.sha256 === after.sha256 ? [] : [change];
  }
  return [
    ...scalars.flatMap((m) => compare(m, scalar(before[m]), scalar(after[m]))),
    ...maps.flatMap((m) => compare(m, asMap(before[m]), asMap(after[m]))),
    ...lists.flatMap((m) => compare(m, asSet(before[m]), asSet(after[m]))),
    ...entryDifferences(before, after),
    ...differencesAround(before, after),
  ];
}
