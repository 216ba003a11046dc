import { randomUUID } from 'node:crypto';
import type { Aws, Call, Judged, Service } from './aws.ts';
import { IdentityLogins } from './cognito-identity-logins.ts';
import { enforce, type Rule } from './constraints.ts';
import { AwsError } from './errors.ts';
import { isAllowed } from './iam.ts';

/** One user pool client that an identity pool accepts. */
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

interface RoleMapping {
  Type: 'Token' | 'Rules';
  AmbiguousRoleResolution?: 'AuthenticatedRole' | 'Deny';
  RulesConfiguration?: {
    Rules: { Claim: string; MatchType: string; Value: string; RoleARN: string }[];
  };
}

/** An identity pool with what other operations than Update keep beside it. */
export interface StoredPool {
  account: string;
  region: string;
  pool: IdentityPool;
  roles: Record<string, string>;
  roleMappings: Record<string, RoleMapping>;
  principalTags: Map<string, { UseDefaults: boolean; PrincipalTags: Record<string, string> }>;
}

/** The identity pools of every account and Region, and what an operator can change about them. */
export class IdentityPools {
  readonly stored = new Map<string, StoredPool>();
  // https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
  providerQuota = 50;

  /** @throws AwsError ResourceNotFoundException */
  find(id: string, account?: string): StoredPool {
    const found = this.stored.get(id);
    if (found && (account === undefined || found.account === account)) return found;
    throw new AwsError('ResourceNotFoundException', `IdentityPool '${id}' not found.`);
  }
}

const idPattern = { required: true, min: 1, max: 55, pattern: '[\\w-]+:[0-9a-f-]+' };

const requireId = (id: unknown): Rule => ['identityPoolId', id, idPattern];

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

const invalid = (message: string): never => {
  throw new AwsError('InvalidParameterException', message);
};

// Whether the user pool or the client exists is not asked: AWS accepts any that are well-formed.
const wellFormed = /^cognito-idp\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?\/\1_[0-9a-zA-Z]+$/;

function checkEntries(entries: Provider[], quota: number): void {
  const keys = entries.map(({ ProviderName = '', ClientId }) => {
    if (!wellFormed.test(ProviderName) || !ClientId) invalid('Invalid Cognito Identity Provider');
    return `${ProviderName} ${ClientId}`;
  });
  // An assumption: what AWS does with exact duplicates is not known.
  if (new Set(keys).size < keys.length) invalid('Duplicate Cognito Identity Provider');
  // The code is the model's; AWS's own text is not known.
  if (entries.length > quota) {
    throw new AwsError(
      'LimitExceededException',
      `The number of Cognito user pool providers exceeds the limit of ${quota}.`,
    );
  }
}

function checkTags(tags: Record<string, string> = {}): void {
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
 * The pool after UpdateIdentityPool: what is omitted is reset to its default, except the developer
 * provider name and the tags, which survive.
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

const arnOf = ({ partition, region, account }: Call, id: string): string =>
  `arn:${partition}:cognito-identity:${region}:${account}:identitypool/${id}`;

interface RolesInput {
  IdentityPoolId: string;
  Roles: Record<string, string>;
  RoleMappings?: Record<string, RoleMapping>;
}

interface TagsInput {
  IdentityPoolId: string;
  IdentityProviderName: string;
  UseDefaults?: boolean;
  PrincipalTags?: Record<string, string>;
}

// The shapes are the API model's; every operation checks what it reads.
const inputOf = <T>({ input }: Call): T => input as T;

function checkRoleMappings({ pool }: StoredPool, mappings: Record<string, RoleMapping>): void {
  const known = new Set(
    (pool.CognitoIdentityProviders ?? []).map(
      ({ ProviderName, ClientId }) => `${ProviderName}:${ClientId}`,
    ),
  );
  for (const key of Object.keys(pool.SupportedLoginProviders ?? {})) known.add(key);
  for (const arn of [...(pool.OpenIdConnectProviderARNs ?? []), ...(pool.SamlProviderARNs ?? [])]) {
    known.add(arn);
  }
  for (const [key, mapping] of Object.entries(mappings)) {
    if (!known.has(key)) {
      invalid(`${key} is not a valid RoleMapping ProviderName or is not a configured provider.`);
    }
    if (mapping.AmbiguousRoleResolution === undefined) {
      invalid('AmbiguousRoleResolution is required for role mappings.');
    }
    const rules = mapping.RulesConfiguration?.Rules ?? [];
    if (mapping.Type === 'Rules' && (rules.length < 1 || rules.length > 25)) {
      invalid('A role mapping of type Rules needs between 1 and 25 rules.');
    }
  }
}

/** Amazon Cognito identity pools. */
export function cognitoIdentity(aws: Aws): Service {
  const pools = aws.identityPools;
  const logins = new IdentityLogins(aws);
  const own = (call: Call): StoredPool => {
    const { IdentityPoolId } = inputOf<{ IdentityPoolId: string }>(call);
    enforce([requireId(IdentityPoolId)]);
    const found = pools.find(IdentityPoolId, call.account);
    if (found.region === call.region) return found;
    throw new AwsError('ResourceNotFoundException', `IdentityPool '${IdentityPoolId}' not found.`);
  };
  const tagsOf = (id: string): Record<string, string> =>
    pools.stored.get(id)?.pool.IdentityPoolTags ?? {};
  const onPool = (call: Call, id = String(call.input['IdentityPoolId'])): Judged => ({
    resource: arnOf(call, id),
    context: Object.fromEntries(
      Object.entries(tagsOf(id)).map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
    ),
  });
  const onArn = (call: Call): Judged =>
    onPool(call, String(call.input['ResourceArn']).split('/').at(-1));
  const ownByArn = (call: Call): StoredPool =>
    pools.find(String(call.input['ResourceArn']).split('/').at(-1) ?? '', call.account);

  const create = (call: Pick<Call, 'account' | 'region'>, input: IdentityPool): StoredPool => {
    enforce(poolRules(input));
    checkEntries(input.CognitoIdentityProviders ?? [], pools.providerQuota);
    const { _custom_id_: custom, ...tags } = input.IdentityPoolTags ?? {};
    const IdentityPoolId = custom ?? `${call.region}:${randomUUID()}`;
    if (pools.stored.has(IdentityPoolId)) invalid(`IdentityPool '${IdentityPoolId}' exists.`);
    const IdentityPoolTags = input.IdentityPoolTags && tags;
    const pool = withoutUndefined({ ...input, IdentityPoolId, IdentityPoolTags } as IdentityPool);
    const { account, region } = call;
    const beside = { roles: {}, roleMappings: {}, principalTags: new Map() };
    const stored = { account, region, pool, ...beside };
    pools.stored.set(IdentityPoolId, stored);
    return stored;
  };

  const setRoles = (stored: StoredPool, { Roles, RoleMappings = {} }: RolesInput): void => {
    enforce([
      ['roles', Roles, { required: true, max: 2 }],
      ['roleMappings', RoleMappings, { max: 10 }],
      ...Object.keys(Roles ?? {}).map(
        (key): Rule => ['roles', key, { pattern: '(un)?authenticated' }],
      ),
    ]);
    checkRoleMappings(stored, RoleMappings);
    stored.roles = Roles;
    stored.roleMappings = RoleMappings;
  };

  return {
    operations: {
      CreateIdentityPool: {
        writes: true,
        run(call) {
          const input = inputOf<IdentityPool>(call);
          checkTags(input.IdentityPoolTags);
          return create(call, input).pool;
        },
      },

      DescribeIdentityPool: {
        judge: (call) => onPool(call),
        run: (call) => own(call).pool,
      },

      UpdateIdentityPool: {
        writes: true,
        // The API stands for three actions; when AWS asks for the other two is an assumption.
        // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitoidentity.html
        judge(call) {
          const { IdentityPoolId: id, IdentityPoolTags: sent } = inputOf<IdentityPool>(call);
          const tag = { ...onPool(call), action: 'cognito-identity:TagResource' };
          const untag = { ...onPool(call), action: 'cognito-identity:UntagResource' };
          const lost = Object.keys(tagsOf(id)).some(
            (k) => !k.startsWith('aws:') && !(k in (sent ?? {})),
          );
          return [
            onPool(call),
            ...(sent && Object.keys(sent).length > 0 ? [tag] : []),
            ...(sent && lost ? [untag] : []),
          ];
        },
        run(call) {
          const input = inputOf<IdentityPool>(call);
          enforce([requireId(input.IdentityPoolId), ...poolRules(input)]);
          checkEntries(input.CognitoIdentityProviders ?? [], pools.providerQuota);
          checkTags(input.IdentityPoolTags);
          const stored = own(call);
          stored.pool = structuredClone(replaced(stored.pool, input));
          return stored.pool;
        },
      },

      DeleteIdentityPool: {
        writes: true,
        judge: (call) => onPool(call),
        run(call) {
          pools.stored.delete(own(call).pool.IdentityPoolId);
        },
      },

      ListIdentityPools: {
        run({ account, region, input }) {
          const { MaxResults, NextToken } = input as { MaxResults: number; NextToken?: string };
          const all = [...pools.stored.values()]
            .filter((stored) => stored.account === account && stored.region === region)
            .map(({ pool: { IdentityPoolId, IdentityPoolName } }) => ({
              IdentityPoolId,
              IdentityPoolName,
            }));
          const start = Number(NextToken ?? 0);
          const end = start + MaxResults;
          return {
            IdentityPools: all.slice(start, end),
            ...(end < all.length && { NextToken: String(end) }),
          };
        },
      },

      GetIdentityPoolRoles: {
        judge: (call) => onPool(call),
        run(call) {
          const { pool, roles: Roles, roleMappings: RoleMappings } = own(call);
          const mapped = Object.keys(RoleMappings).length > 0 ? { RoleMappings } : {};
          return { IdentityPoolId: pool.IdentityPoolId, Roles, ...mapped };
        },
      },

      SetIdentityPoolRoles: {
        writes: true,
        run(call) {
          const input = inputOf<RolesInput>(call);
          const stored = own(call);
          const passed = [
            ...Object.values(input.Roles ?? {}),
            ...Object.values(input.RoleMappings ?? {}).flatMap((mapping) =>
              (mapping.RulesConfiguration?.Rules ?? []).map(({ RoleARN }) => RoleARN),
            ),
          ];
          for (const resource of passed) {
            const context = { 'iam:PassedToService': 'cognito-identity.amazonaws.com' };
            const { principal } = call;
            if (principal && isAllowed({ principal, action: 'iam:PassRole', resource, context }))
              continue;
            throw new AwsError(
              'NotAuthorizedException',
              `Access to Role '${resource}' is forbidden.`,
            );
          }
          setRoles(stored, input);
        },
      },

      GetPrincipalTagAttributeMap: {
        judge: (call) => onPool(call),
        run(call) {
          const { IdentityPoolId, IdentityProviderName } = inputOf<TagsInput>(call);
          const found = own(call).principalTags.get(IdentityProviderName);
          if (!found) {
            throw new AwsError(
              'ResourceNotFoundException',
              `No principal tag attribute map for ${IdentityProviderName}.`,
            );
          }
          return { IdentityPoolId, IdentityProviderName, ...found };
        },
      },

      SetPrincipalTagAttributeMap: {
        writes: true,
        run(call) {
          const {
            IdentityPoolId,
            IdentityProviderName,
            UseDefaults = false,
            PrincipalTags = {},
          } = inputOf<TagsInput>(call);
          enforce([
            ['identityProviderName', IdentityProviderName, { required: true, min: 1, max: 128 }],
            ['principalTags', PrincipalTags, { max: 50 }],
          ]);
          own(call).principalTags.set(IdentityProviderName, { UseDefaults, PrincipalTags });
          return { IdentityPoolId, IdentityProviderName, UseDefaults, PrincipalTags };
        },
      },

      TagResource: {
        writes: true,
        judge: onArn,
        run(call) {
          const { Tags } = inputOf<{ Tags: Record<string, string> }>(call);
          checkTags(Tags);
          const { pool } = ownByArn(call);
          pool.IdentityPoolTags = { ...pool.IdentityPoolTags, ...Tags };
        },
      },

      UntagResource: {
        writes: true,
        judge: onArn,
        run(call) {
          const { TagKeys } = inputOf<{ TagKeys: string[] }>(call);
          const { pool } = ownByArn(call);
          const kept = Object.entries(pool.IdentityPoolTags ?? {}).filter(
            ([key]) => !TagKeys.includes(key),
          );
          pool.IdentityPoolTags = Object.fromEntries(kept);
        },
      },

      ListTagsForResource: {
        judge: onArn,
        run: (call) => ({ Tags: ownByArn(call).pool.IdentityPoolTags ?? {} }),
      },

      GetId: { open: true, run: (call) => logins.getId(inputOf(call)) },
      GetOpenIdToken: { open: true, run: (call) => logins.getOpenIdToken(inputOf(call)) },
      GetCredentialsForIdentity: {
        open: true,
        run: (call) => logins.getCredentials(inputOf(call)),
      },
    },

    resources: {
      'AWS::Cognito::IdentityPool': {
        properties: [
          ...['IdentityPoolName', 'AllowUnauthenticatedIdentities', 'AllowClassicFlow'],
          ...['SupportedLoginProviders', 'DeveloperProviderName', 'OpenIdConnectProviderARNs'],
          ...['CognitoIdentityProviders', 'SamlProviderARNs', 'IdentityPoolTags'],
        ],
        create(properties, { account, region, partition, stack, logicalId }) {
          const listed = (properties['IdentityPoolTags'] ?? []) as { Key: string; Value: string }[];
          const IdentityPoolTags = {
            ...Object.fromEntries(listed.map(({ Key, Value }) => [Key, Value])),
            'aws:cloudformation:stack-name': stack,
            'aws:cloudformation:logical-id': logicalId,
          };
          const input = { ...properties, IdentityPoolTags } as unknown as IdentityPool;
          const ref = create({ account, region }, input).pool.IdentityPoolId;
          const Arn = `arn:${partition}:cognito-identity:${region}:${account}:identitypool/${ref}`;
          return { ref, attributes: { Arn, Name: input.IdentityPoolName } };
        },
      },
      'AWS::Cognito::IdentityPoolRoleAttachment': {
        properties: ['IdentityPoolId', 'Roles', 'RoleMappings'],
        create(properties) {
          const input = properties as unknown as RolesInput;
          setRoles(pools.find(input.IdentityPoolId), input);
          return { ref: `${input.IdentityPoolId}-roles` };
        },
      },
    },
  };
}
