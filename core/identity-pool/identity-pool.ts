import type {
  CognitoIdentityProvider,
  IdentityPool as SdkIdentityPool,
} from '@aws-sdk/client-cognito-identity';
import { type Check, flag, listOf, mapOf, refuse, shapeOf, text } from './answer.ts';
import { type PrincipalTagMap, type RoleMapping, type Short, short } from './roles.ts';

/** One entry of an identity pool: an app client of a user pool whose tokens the pool accepts. */
export interface Provider {
  ProviderName?: string;
  ClientId?: string;
  ServerSideTokenCheck?: boolean;
}

/**
 * Everything that UpdateIdentityPool replaces, and what other operations keep beside it. Absent members are absent
 * in AWS too: an unset `AllowClassicFlow` is not `false`.
 *
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_IdentityPool.html
 */
export interface IdentityPool {
  IdentityPoolId: string;
  IdentityPoolName: string;
  AllowUnauthenticatedIdentities: boolean;
  AllowClassicFlow?: boolean;
  SupportedLoginProviders?: Record<string, string>;
  DeveloperProviderName?: string;
  OpenIdConnectProviderARNs?: string[];
  CognitoIdentityProviders?: Provider[];
  SamlProviderARNs?: string[];
  IdentityPoolTags?: Record<string, string>;
  /** As SetIdentityPoolRoles replaces them; absent if no link asks for role mappings. */
  Roles?: Record<string, string>;
  RoleMappings?: Record<string, RoleMapping | Short>;
  /** By provider name, for the user pools that were read. */
  PrincipalTags?: Record<string, PrincipalTagMap>;
}

const provider = {
  ProviderName: text,
  ClientId: text,
  ServerSideTokenCheck: flag,
} satisfies Record<keyof CognitoIdentityProvider, Check>;

// Compared with the SDK's own type: a member that AWS adds fails the build, and not a write.
export const members = {
  IdentityPoolId: text,
  IdentityPoolName: text,
  AllowUnauthenticatedIdentities: flag,
  AllowClassicFlow: flag,
  SupportedLoginProviders: mapOf(text),
  DeveloperProviderName: text,
  OpenIdConnectProviderARNs: listOf(text),
  CognitoIdentityProviders: listOf(shapeOf(provider)),
  SamlProviderARNs: listOf(text),
  IdentityPoolTags: mapOf(text),
} satisfies Record<keyof SdkIdentityPool & keyof IdentityPool, Check>;

const required = ['IdentityPoolId', 'IdentityPoolName', 'AllowUnauthenticatedIdentities'] as const;

/**
 * Reads DescribeIdentityPool's answer as it came over the wire, since the SDK drops members that it does not know.
 *
 * @throws UnknownPoolFieldError on any member, at any depth, that can't be sent back as it is.
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DescribeIdentityPool.html
 */
export function parseIdentityPool(answer: unknown): IdentityPool {
  const pool = shapeOf(members)(answer, 'IdentityPool') as IdentityPool;
  for (const name of required) {
    if (pool[name] === undefined) refuse(`IdentityPool.${name}`, 'nothing');
  }
  return pool;
}

/**
 * The pool as it is sent to UpdateIdentityPool: every member that Describe returned, except the tags that only AWS
 * may write.
 *
 * @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
 */
export function sendable(pool: IdentityPool): IdentityPool {
  const { IdentityPoolTags: tags, Roles: _, RoleMappings: __, PrincipalTags: ___, ...rest } = pool;
  if (!tags) return rest;
  const own = Object.entries(tags).filter(([key]) => !key.toLowerCase().startsWith('aws:'));
  const onlyAws = own.length === 0 && Object.keys(tags).length > 0;
  return onlyAws ? rest : { ...rest, IdentityPoolTags: Object.fromEntries(own) };
}

/**
 * The key of an entry: entries with the same provider and client are the same entry.
 *
 * @param entry as AWS names its members, or as the ledger does.
 */
export const entryKey = (entry: Provider | { providerName: string; clientId: string }): string =>
  'providerName' in entry
    ? `${entry.providerName} ${entry.clientId}`
    : `${entry.ProviderName ?? ''} ${entry.ClientId ?? ''}`;

/** The Region of an identity pool, from its id. */
export const identityPoolRegion = (identityPoolId: string): string =>
  identityPoolId.split(':')[0] ?? '';

/** The entries of a pool; none if the member is absent. */
export const entriesOf = (pool: IdentityPool): Provider[] => pool.CognitoIdentityProviders ?? [];

const mapValues = <A, B>(map: Record<string, A>, to: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, to(value)]));

/** The pool with digests in place of its role mappings, since ten of them could fill a state. */
export function inShort(pool: IdentityPool): IdentityPool {
  const { RoleMappings } = pool;
  return RoleMappings ? { ...pool, RoleMappings: mapValues(RoleMappings, short) } : pool;
}
