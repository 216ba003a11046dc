import { randomUUID } from 'node:crypto';
import { enforce, type Rule } from '../../kernel/constraints.ts';
import { AwsError } from '../../kernel/errors.ts';
import { dnsSuffixOf } from '../../kernel/partitions.ts';
import { Signer } from '../cognito-idp/tokens.ts';

/** One app client that an identity pool accepts. */
export interface Provider {
  ProviderName?: string;
  ClientId?: string;
  ServerSideTokenCheck?: boolean;
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_IdentityPool.html */
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
}

/** How users of a provider get their role. */
export interface RoleMapping {
  Type: 'Token' | 'Rules';
  AmbiguousRoleResolution?: 'AuthenticatedRole' | 'Deny';
  RulesConfiguration?: {
    Rules: { Claim: string; MatchType: string; Value: string; RoleARN: string }[];
  };
}

/** An identity pool, with the settings that UpdateIdentityPool does not contain. */
export interface StoredPool {
  account: string;
  region: string;
  pool: IdentityPool;
  roles: Record<string, string>;
  roleMappings: Record<string, RoleMapping>;
  principalTags: Map<string, { UseDefaults: boolean; PrincipalTags: Record<string, string> }>;
}

/** The identity pools of all accounts and Regions, and settings that a test can change. */
export class IdentityPools {
  readonly stored = new Map<string, StoredPool>();
  /** Signs the tokens of GetOpenIdToken. */
  readonly signer = new Signer('cognito-identity');
  // https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
  providerQuota = 50;
  // An assumption: AWS accepts entries that name an updated issuer.
  takesUpdatedIssuers = true;

  /** @throws AwsError ResourceNotFoundException */
  find(id: string, account?: string): StoredPool {
    const found = this.stored.get(id);
    if (found && (account === undefined || found.account === account)) return found;
    throw new AwsError('ResourceNotFoundException', `IdentityPool '${id}' not found.`);
  }
}

const idPattern = { required: true, min: 1, max: 55, pattern: '[\\w-]+:[0-9a-f-]+' };

export const requireId = (id: unknown): Rule => ['identityPoolId', id, idPattern];

function entryRules({ ProviderName, ClientId }: Provider, index: number): Rule[] {
  const at = `cognitoIdentityProviders.${index + 1}.member`;
  return [
    [`${at}.providerName`, ProviderName, { min: 1, max: 128, pattern: '[\\w._:/-]+' }],
    [`${at}.clientId`, ClientId, { min: 1, max: 128, pattern: '[\\w_]+' }],
  ];
}

/** The API model's constraints: botocore's cognito-identity/2014-06-30. */
function poolRules(input: Partial<IdentityPool>): Rule[] {
  const logins = Object.entries(input.SupportedLoginProviders ?? {});
  const tags = Object.entries(input.IdentityPoolTags ?? {});
  const arns = { min: 20, max: 2048 };
  return [
    [
      'identityPoolName',
      input.IdentityPoolName,
      { required: true, min: 1, max: 128, pattern: '[\\w\\s+=,.@-]+' },
    ],
    ['allowUnauthenticatedIdentities', input.AllowUnauthenticatedIdentities, { required: true }],
    ['supportedLoginProviders', input.SupportedLoginProviders, { max: 10 }],
    ...logins.flatMap(([key, value]): Rule[] => [
      ['supportedLoginProviders', key, { min: 1, max: 128 }],
      ['supportedLoginProviders', value, { min: 1, max: 128, pattern: '[\\w.;_/-]+' }],
    ]),
    [
      'developerProviderName',
      input.DeveloperProviderName,
      { min: 1, max: 128, pattern: '[\\w._-]+' },
    ],
    ...(input.OpenIdConnectProviderARNs ?? []).map(
      (arn, i): Rule => [`openIdConnectProviderARNs.${i + 1}.member`, arn, arns],
    ),
    ...(input.SamlProviderARNs ?? []).map(
      (arn, i): Rule => [`samlProviderARNs.${i + 1}.member`, arn, arns],
    ),
    ...(input.CognitoIdentityProviders ?? []).flatMap(entryRules),
    ...tags.flatMap(([key, value]): Rule[] => [
      ['identityPoolTags', key, { min: 1, max: 128 }],
      ['identityPoolTags', value, { max: 256 }],
    ]),
  ];
}

export const invalid = (message: string): never => {
  throw new AwsError('InvalidParameterException', message);
};

// AWS does not check that the user pool or the app client exists, only that the names are well-formed.
const providerName = /^(?:issuer-)?cognito-idp\.([a-z0-9-]+)\.([a-z0-9.-]+)\/\1_[0-9a-zA-Z]+$/;

function isWellFormed(name: string): boolean {
  const [, region = '', suffix] = providerName.exec(name) ?? [];
  return suffix === dnsSuffixOf(region);
}

function checkEntries(
  entries: Provider[],
  { providerQuota: quota, takesUpdatedIssuers }: IdentityPools,
): void {
  const keys = entries.map(({ ProviderName = '', ClientId }) => {
    const isKnown = takesUpdatedIssuers || !ProviderName.startsWith('issuer-');
    if (!(isKnown && isWellFormed(ProviderName)) || !ClientId) {
      invalid('Invalid Cognito Identity Provider');
    }
    return `${ProviderName} ${ClientId}`;
  });
  // An assumption: AWS refuses exact duplicates.
  if (new Set(keys).size < keys.length) invalid('Duplicate Cognito Identity Provider');
  // The code comes from the API's model. AWS's message is not known.
  if (entries.length > quota) {
    throw new AwsError(
      'LimitExceededException',
      `The number of Cognito user pool providers exceeds the limit of ${quota}.`,
    );
  }
}

export function checkTags(tags: Record<string, string> = {}): void {
  if (Object.keys(tags).length > 50) invalid('An identity pool can have at most 50 tags.');
  if (Object.keys(tags).some((key) => key.toLowerCase().startsWith('aws:'))) {
    invalid('aws: prefixed tag key names are not allowed for external use.');
  }
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

const awsTags = (tags: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => key.startsWith('aws:')));

/**
 * The pool after UpdateIdentityPool. Omitted members are reset to their defaults, except the developer provider
 * name and the tags, which are kept.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html
 */
function replaced(old: IdentityPool, input: IdentityPool): IdentityPool {
  const { DeveloperProviderName: developer } = old;
  if (developer !== undefined && (input.DeveloperProviderName ?? developer) !== developer) {
    invalid('The developer provider name can not be changed once it is set.');
  }
  const tags = input.IdentityPoolTags && {
    ...awsTags(old.IdentityPoolTags),
    ...input.IdentityPoolTags,
  };
  return withoutUndefined({
    IdentityPoolId: old.IdentityPoolId,
    IdentityPoolName: input.IdentityPoolName,
    AllowUnauthenticatedIdentities: input.AllowUnauthenticatedIdentities,
    AllowClassicFlow: input.AllowClassicFlow,
    SupportedLoginProviders: input.SupportedLoginProviders,
    DeveloperProviderName: input.DeveloperProviderName ?? developer,
    OpenIdConnectProviderARNs: input.OpenIdConnectProviderARNs,
    CognitoIdentityProviders: input.CognitoIdentityProviders,
    SamlProviderARNs: input.SamlProviderARNs,
    IdentityPoolTags: tags ?? old.IdentityPoolTags,
  } as IdentityPool);
}

/** Creates a pool. The tag `_custom_id_` sets its id and is not stored. */
export function createPool(
  pools: IdentityPools,
  { account, region }: Pick<StoredPool, 'account' | 'region'>,
  input: Omit<IdentityPool, 'IdentityPoolId'>,
): StoredPool {
  enforce(poolRules(input));
  checkEntries(input.CognitoIdentityProviders ?? [], pools);
  const { _custom_id_: custom, ...tags } = input.IdentityPoolTags ?? {};
  const IdentityPoolId = custom ?? `${region}:${randomUUID()}`;
  if (pools.stored.has(IdentityPoolId)) invalid(`IdentityPool '${IdentityPoolId}' exists.`);
  const IdentityPoolTags = input.IdentityPoolTags && tags;
  const pool = withoutUndefined({ ...input, IdentityPoolId, IdentityPoolTags } as IdentityPool);
  const beside = { roles: {}, roleMappings: {}, principalTags: new Map() };
  const stored = { account, region, pool, ...beside };
  pools.stored.set(IdentityPoolId, stored);
  return stored;
}

/** Replaces a pool's settings, as UpdateIdentityPool does. */
export function updatePool(pools: IdentityPools, stored: StoredPool, input: IdentityPool): void {
  enforce([requireId(input.IdentityPoolId), ...poolRules(input)]);
  checkEntries(input.CognitoIdentityProviders ?? [], pools);
  checkTags(input.IdentityPoolTags);
  stored.pool = structuredClone(replaced(stored.pool, input));
}
