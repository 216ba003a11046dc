import type {
  RoleMapping as SdkRoleMapping,
  MappingRule as SdkRule,
} from '@aws-sdk/client-cognito-identity';
import { sha256 } from '../sha256.ts';
import { isEither, isFlag, isListOf, isMapOf, isShape, isText } from '../shape.ts';
import { type Check, flag, listOf, mapOf, shapeOf, text } from './answer.ts';

/** One rule of a role mapping: users whose claim matches get the role. */
export interface MappingRule {
  Claim: string;
  MatchType: string;
  Value: string;
  RoleARN: string;
}

/**
 * The role that the users of one app client get, if it is not the pool's authenticated role.
 *
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_RoleMapping.html
 */
export interface RoleMapping {
  Type: string;
  AmbiguousRoleResolution?: string;
  RulesConfiguration?: { Rules: MappingRule[] };
}

/**
 * The claims of a user pool's users that become tags of their sessions: attributes for access control.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/attributes-for-access-control.html
 */
export interface PrincipalTagMap {
  UseDefaults: boolean;
  PrincipalTags: Record<string, string>;
}

/** In place of something that is too long to show. */
export interface Short {
  sha256: string;
}

export const isShort = isShape<Short>({ sha256: isText }, {});

// https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
export const MOST_ROLE_MAPPINGS = 10;

/**
 * The map of a user pool whose users get no session tags. AWS has no operation that removes a map.
 *
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetPrincipalTagAttributeMap.html
 */
export const INACTIVE: PrincipalTagMap = { UseDefaults: false, PrincipalTags: {} };

// Compared with the SDK's own types, as the identity pool is: a call replaces everything that was there.
const rule = {
  Claim: text,
  MatchType: text,
  Value: text,
  RoleARN: text,
} satisfies Record<keyof SdkRule, Check>;

const mapping = {
  Type: text,
  AmbiguousRoleResolution: text,
  RulesConfiguration: shapeOf({ Rules: listOf(shapeOf(rule)) }),
} satisfies Record<keyof SdkRoleMapping, Check>;

/** The roles of an identity pool, which SetIdentityPoolRoles replaces all together. */
export interface PoolRoles {
  /** ARNs by `authenticated` and `unauthenticated`. */
  Roles: Record<string, string>;
  /** By provider; for user pools, by {@link mappingKey}. */
  RoleMappings: Record<string, RoleMapping>;
}

/**
 * Reads GetIdentityPoolRoles' answer as it came over the wire.
 *
 * @throws UnknownPoolFieldError on any member, at any depth, that can't be sent back as it is.
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetIdentityPoolRoles.html
 */
export function parseRoles(answer: unknown): PoolRoles {
  const { Roles, RoleMappings } = shapeOf({
    IdentityPoolId: text,
    Roles: mapOf(text),
    RoleMappings: mapOf(shapeOf(mapping)),
  })(answer, 'IdentityPoolRoles') as Partial<PoolRoles>;
  return { Roles: Roles ?? {}, RoleMappings: RoleMappings ?? {} };
}

/**
 * Reads GetPrincipalTagAttributeMap's answer as it came over the wire.
 *
 * @throws UnknownPoolFieldError
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetPrincipalTagAttributeMap.html
 */
export function parsePrincipalTags(answer: unknown): PrincipalTagMap {
  const { UseDefaults, PrincipalTags } = shapeOf({
    IdentityPoolId: text,
    IdentityProviderName: text,
    UseDefaults: flag,
    PrincipalTags: mapOf(text),
  })(answer, 'PrincipalTagAttributeMap') as Partial<PrincipalTagMap>;
  return { UseDefaults: UseDefaults ?? false, PrincipalTags: PrincipalTags ?? {} };
}

/** The key of the role mapping of an app client. A tag map has no such key: it belongs to the whole user pool. */
export const mappingKey = (provider: { ProviderName?: string; ClientId?: string }): string =>
  `${provider.ProviderName}:${provider.ClientId}`;

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** A map in one comparable form. */
export const sorted = <T>(map: Record<string, T> = {}): [string, T][] =>
  // Stryker disable next-line EqualityOperator: no key is there twice.
  Object.entries(map).sort(byKey);

/** The digest of a role mapping. States and outputs show it for mappings that they do not change. */
export function short(roleMapping: RoleMapping | Short): Short {
  if ('sha256' in roleMapping) return roleMapping;
  const { Type, AmbiguousRoleResolution = '', RulesConfiguration } = roleMapping;
  // The first rule that matches applies, so the order of the rules matters.
  const rules = (RulesConfiguration?.Rules ?? []).map(({ Claim, MatchType, Value, RoleARN }) => [
    ...[Claim, MatchType, Value, RoleARN],
  ]);
  const content = JSON.stringify([Type, AmbiguousRoleResolution, rules]);
  return { sha256: sha256(content) };
}

export const sameMapping = (a: RoleMapping | Short, b: RoleMapping | Short): boolean =>
  short(a).sha256 === short(b).sha256;

/** Whether two maps mean the same. A map that was never set is inactive. */
export const sameTags = (a: PrincipalTagMap = INACTIVE, b: PrincipalTagMap = INACTIVE): boolean =>
  a.UseDefaults === b.UseDefaults &&
  // With the defaults, AWS ignores the map's own tags.
  (a.UseDefaults ||
    JSON.stringify(sorted(a.PrincipalTags)) === JSON.stringify(sorted(b.PrincipalTags)));

const isRule = isShape<MappingRule>(
  { Claim: isText, MatchType: isText, Value: isText, RoleARN: isText },
  {},
);

const isRoleMapping = isShape<RoleMapping>(
  { Type: isText },
  {
    AmbiguousRoleResolution: isText,
    RulesConfiguration: isShape<{ Rules: MappingRule[] }>({ Rules: isListOf(isRule) }, {}),
  },
);

/** Whether a value is a role mapping, whole or as its digest. */
export const isShownMapping = isEither(isRoleMapping, isShort);

export const isPrincipalTagMap = isShape<PrincipalTagMap>(
  { UseDefaults: isFlag, PrincipalTags: isMapOf(isText) },
  {},
);
