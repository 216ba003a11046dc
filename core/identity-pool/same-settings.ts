import {
  entriesOf,
  entryKey,
  type IdentityPool,
  inShort,
  type Provider,
  sendable,
} from './identity-pool.ts';
import { sameTags, sorted } from './roles.ts';

/** The entries in one comparable form, in which their order does not count. */
export const canonicalEntries = (entries: Provider[]): string[] =>
  entries.map((e) => `${entryKey(e)} ${e.ServerSideTokenCheck ?? false}`).sort();

/**
 * The settings in one comparable form. Order means nothing to Cognito, an absent member is its default, and the
 * tags of AWS itself do not count.
 */
export function canonical(pool: IdentityPool): string {
  const sent = sendable(pool);
  return JSON.stringify([
    sent.IdentityPoolId,
    sent.IdentityPoolName,
    sent.AllowUnauthenticatedIdentities,
    sent.AllowClassicFlow ?? false,
    sorted(sent.SupportedLoginProviders),
    sent.DeveloperProviderName ?? '',
    [...(sent.OpenIdConnectProviderARNs ?? [])].sort(),
    canonicalEntries(entriesOf(sent)),
    [...(sent.SamlProviderARNs ?? [])].sort(),
    sorted(sent.IdentityPoolTags),
    // Roles that were not read are not part of the form.
    ...(pool.RoleMappings ? [sorted(pool.Roles), sorted(inShort(pool).RoleMappings)] : []),
  ]);
}

const samePrincipalTags = (a: IdentityPool, b: IdentityPool): boolean =>
  Object.entries({ ...a.PrincipalTags, ...b.PrincipalTags }).every(([name]) =>
    sameTags(a.PrincipalTags?.[name], b.PrincipalTags?.[name]),
  );

/** Whether two descriptions mean the same settings. */
export const sameSettings = (a: IdentityPool, b: IdentityPool): boolean =>
  canonical(a) === canonical(b) && samePrincipalTags(a, b);
