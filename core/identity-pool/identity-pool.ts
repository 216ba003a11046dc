import type {
  CognitoIdentityProvider,
  IdentityPool as SdkIdentityPool,
} from '@aws-sdk/client-cognito-identity';
import { sha256 } from '../digest.ts';
import { isMapOf, isNumber, isObject, isShape, isText } from '../shape.ts';
import { type Check, flag, listOf, mapOf, refuse, shapeOf, text } from './answer.ts';
import {
  isPrincipalTagMap,
  isShownMapping,
  type PrincipalTagMap,
  type RoleMapping,
  type Short,
  sameTags,
  short,
  sorted,
} from './roles.ts';

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
const members = {
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

const canonicalEntries = (entries: Provider[]): string[] =>
  entries.map((e) => `${entryKey(e)} ${e.ServerSideTokenCheck ?? false}`).sort();

/**
 * The settings in one comparable form. Order means nothing to Cognito, an absent member is its default, and the
 * tags of AWS itself do not count.
 */
function canonical(pool: IdentityPool): string {
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
    ...(pool.RoleMappings ? [sorted(pool.Roles), sorted(mapValues(pool.RoleMappings, short))] : []),
  ]);
}

const samePrincipalTags = (a: IdentityPool, b: IdentityPool): boolean =>
  Object.entries({ ...a.PrincipalTags, ...b.PrincipalTags }).every(([name]) =>
    sameTags(a.PrincipalTags?.[name], b.PrincipalTags?.[name]),
  );

/** Whether two descriptions mean the same settings. */
export const sameSettings = (a: IdentityPool, b: IdentityPool): boolean =>
  canonical(a) === canonical(b) && samePrincipalTags(a, b);

/**
 * The SHA-256 of a pool's settings, no matter in which order AWS lists them. Principal tags are not part of it,
 * since each writer reads only those of its own user pools.
 */
export const digestOf = (pool: IdentityPool): string => sha256(canonical(pool));

/** An identity pool as states and outputs show it. */
export type ShownPool = Partial<Omit<IdentityPool, 'CognitoIdentityProviders'>> & {
  CognitoIdentityProviders?: Provider[] | Summary;
  /** In place of the settings, if they are too long to show. */
  sha256?: string;
};

/** In place of a list that is too long to show. */
interface Summary {
  count: number;
  sha256: string;
}

const isSummary = isShape<Summary>({ count: isNumber, sha256: isText }, {});

/** Whether a value is a pool as {@link shown} returns it. */
export function isShownPool(value: unknown): value is ShownPool {
  if (!isObject(value)) return false;
  const { sha256, CognitoIdentityProviders: entries = [], ...rest } = value;
  const { Roles = {}, RoleMappings = {}, PrincipalTags = {}, ...settings } = rest;
  const list = isSummary(entries) ? [] : entries;
  const isAround =
    isMapOf(isText)(Roles) &&
    isMapOf(isShownMapping)(RoleMappings) &&
    isMapOf(isPrincipalTagMap)(PrincipalTags);
  try {
    // Stryker disable next-line StringLiteral: no message names the place.
    shapeOf(members)({ ...settings, CognitoIdentityProviders: list }, '');
    return isAround && (sha256 === undefined || isText(sha256));
  } catch {
    return false;
  }
}

const mapValues = <A, B>(map: Record<string, A>, to: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, to(value)]));

/** The pool with digests in place of its role mappings, since ten of them could fill a state. */
export function inShort(pool: IdentityPool): IdentityPool {
  const { RoleMappings } = pool;
  return RoleMappings ? { ...pool, RoleMappings: mapValues(RoleMappings, short) } : pool;
}

/** Above this many entries, a pool is shown with their count and digest. */
export const SHOWN_ENTRIES = 100;

/**
 * The pool in the fullest form that fits: whole, or with count and digest in place of its entries, or only as a
 * digest. Step Functions fails an execution whose state exceeds 262,144 characters.
 *
 * @param room how many characters of JSON it may take.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export function shown(described: IdentityPool, room: number): ShownPool {
  const pool = inShort(described);
  const { CognitoIdentityProviders: entries = [], ...settings } = pool;
  if (entries.length <= SHOWN_ENTRIES && JSON.stringify(pool).length <= room) return pool;
  const summary = {
    count: entries.length,
    sha256: sha256(JSON.stringify(canonicalEntries(entries))),
  };
  const short = { ...settings, CognitoIdentityProviders: summary };
  if (JSON.stringify(short).length <= room) return short;
  const { IdentityPoolId } = pool;
  return { IdentityPoolId, CognitoIdentityProviders: summary, sha256: digestOf(pool) };
}
