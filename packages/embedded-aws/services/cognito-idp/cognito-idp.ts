import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { enforce, enforceRequired, type Rule } from '../../kernel/constraints.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { Operation, Service } from '../../kernel/service.ts';
import { clientOperations } from './clients.ts';
import { check, invalid } from './constraints.ts';
import { groupOperations } from './groups.ts';
import {
  type PoolSettings,
  pageOf,
  randomText,
  resourceTags,
  UserPool,
  UserPools,
} from './pools.ts';
import { rates } from './rates.ts';
import { signInOperations } from './sign-in.ts';
import { userOperations } from './users.ts';

type Tags = Record<string, string>;

interface CreateUserPool extends Partial<PoolSettings> {
  PoolName: string;
  Schema?: PoolSettings['SchemaAttributes'];
  LambdaConfig?: object;
  MfaConfiguration?: string;
  UserPoolTags?: Tags;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

// Other AWS emulators also use this tag to set a pool's id.
const CUSTOM_ID = '_custom_id_';

// Stored and returned. The settings that change behavior are members of PoolSettings.
const settable = [
  ...['DeletionProtection', 'AutoVerifiedAttributes', 'AliasAttributes', 'UsernameAttributes'],
  ...['SmsVerificationMessage', 'EmailVerificationMessage', 'EmailVerificationSubject'],
  ...['VerificationMessageTemplate', 'SmsAuthenticationMessage', 'MfaConfiguration'],
  ...['UserAttributeUpdateSettings', 'DeviceConfiguration', 'EmailConfiguration'],
  ...['SmsConfiguration', 'AdminCreateUserConfig', 'UserPoolAddOns', 'UsernameConfiguration'],
  ...['AccountRecoverySetting', 'UserPoolTier', 'IssuerConfiguration'],
];

const strictPassword = {
  MinimumLength: 8,
  RequireUppercase: true,
  RequireLowercase: true,
  RequireNumbers: true,
  RequireSymbols: true,
};

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html */
function settingsOf(input: CreateUserPool): PoolSettings {
  const issuer: Rule = [
    'issuerConfiguration.type',
    input.IssuerConfiguration?.Type,
    { oneOf: ['ORIGINAL', 'UPDATED'] },
  ];
  enforce([issuer], 'InvalidParameterException');
  // Refuse triggers and a second factor: stored, they would seem to work but have no effect.
  if (Object.keys(input.LambdaConfig ?? {}).length > 0) {
    throw new UnsupportedError('Lambda triggers of a user pool');
  }
  if (input.MfaConfiguration === 'ON') throw new UnsupportedError('multi-factor authentication');
  const now = Date.now() / 1000;
  const given = Object.entries(input).filter(([key]) => settable.includes(key));
  const { PasswordPolicy = strictPassword, ...policies } = input.Policies ?? {};
  return {
    Name: input.PoolName,
    LambdaConfig: {},
    CreationDate: now,
    LastModifiedDate: now,
    DeletionProtection: 'INACTIVE',
    MfaConfiguration: 'OFF',
    VerificationMessageTemplate: { DefaultEmailOption: 'CONFIRM_WITH_CODE' },
    EmailConfiguration: { EmailSendingAccount: 'COGNITO_DEFAULT' },
    AdminCreateUserConfig: { AllowAdminCreateUserOnly: false, UnusedAccountValidityDays: 7 },
    UserPoolTier: 'ESSENTIALS',
    ...Object.fromEntries(given),
    ...(input.Schema && { SchemaAttributes: input.Schema }),
    Policies: {
      ...policies,
      PasswordPolicy: { TemporaryPasswordValidityDays: 7, ...PasswordPolicy },
    },
  } as PoolSettings;
}

/**
 * The settings after UpdateUserPool. Omitted settings are reset to defaults, except those fixed at creation.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html
 */
function updated(old: PoolSettings, input: Partial<CreateUserPool>): PoolSettings {
  const { Name, CreationDate, AliasAttributes, UsernameAttributes } = old;
  const { UsernameConfiguration, SchemaAttributes } = old;
  const once = { AliasAttributes, UsernameAttributes, UsernameConfiguration, SchemaAttributes };
  const kept = Object.entries(once).filter(([, value]) => value !== undefined);
  return {
    ...settingsOf({ ...input, PoolName: input.PoolName ?? Name }),
    ...Object.fromEntries(kept),
    CreationDate,
  };
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-tagging.html */
function checkTags(tags: Tags): void {
  const bad = Object.entries(tags).find(
    ([key, value]) => key.length < 1 || key.length > 128 || value.length > 256,
  );
  if (bad) invalid(`The key or the value of the tag ${bad[0]} has an invalid length.`);
  if (Object.keys(tags).length > 50) invalid('A user pool can have at most 50 tags.');
  if (Object.keys(tags).some((key) => key.toLowerCase().startsWith('aws:'))) {
    invalid('aws: prefixed tag key names are not allowed for external use.');
  }
}

const requestTags = (tags: Tags = {}) => ({
  ...Object.fromEntries(Object.entries(tags).map(([key, tag]) => [`aws:RequestTag/${key}`, tag])),
  'aws:TagKeys': Object.keys(tags),
});

function idFor(pools: UserPools, region: string, wanted: string | undefined): string {
  if (wanted === undefined) return `${region}_${randomText(LETTERS, 9)}`;
  if (!wanted.startsWith(`${region}_`) || !/^[\w-]+_[0-9a-zA-Z]{1,40}$/.test(wanted)) {
    invalid(`The id ${wanted} is not a valid user pool id in ${region}.`);
  }
  if (pools.find(wanted)) invalid(`A user pool ${wanted} already exists.`);
  return wanted;
}

const describe = (pool: UserPool) => ({
  Id: pool.id,
  Arn: pool.arn,
  ...pool.settings,
  EstimatedNumberOfUsers: pool.users.size,
  UserPoolTags: pool.tags,
});

function poolOperations(pools: UserPools): Record<string, Operation> {
  return {
    CreateUserPool: {
      writes: true,
      judge: ({ input }) => ({
        context: requestTags((input as Partial<CreateUserPool>).UserPoolTags),
      }),
      run(call) {
        check(call.input, ['PoolName']);
        const input = call.input as object as CreateUserPool;
        const { [CUSTOM_ID]: wanted, ...tags } = input.UserPoolTags ?? {};
        checkTags(tags);
        const id = idFor(pools, call.region, wanted);
        const pool = new UserPool(id, call, settingsOf(input), tags);
        pools.pools.set(id, pool);
        return { UserPool: describe(pool) };
      },
    },

    DescribeUserPool: pools.operation([], (pool) => ({ UserPool: describe(pool) })),

    UpdateUserPool: {
      writes: true,
      ...pools.operation([], (pool, input: Partial<CreateUserPool>) => {
        checkTags(input.UserPoolTags ?? {});
        pool.settings = updated(pool.settings, input);
        if (input.UserPoolTags) pool.tags = input.UserPoolTags;
      }),
    },

    ListUserPools: {
      run(call) {
        check(call.input, ['MaxResults']);
        const { MaxResults, NextToken } = call.input as { MaxResults: number; NextToken?: string };
        const mine = new Map(pools.of(call).map((pool) => [pool.id, pool]));
        const { page, next } = pageOf(mine, MaxResults, NextToken);
        const UserPools = page.map(({ id: Id, settings }) => {
          const { Name, CreationDate, LastModifiedDate } = settings;
          return { Id, Name, LambdaConfig: {}, LastModifiedDate, CreationDate };
        });
        return { UserPools, NextToken: next };
      },
    },

    DeleteUserPool: {
      writes: true,
      ...pools.operation([], (pool) => {
        if (pool.settings.DeletionProtection === 'ACTIVE') {
          invalid(
            'The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.',
          );
        }
        pools.pools.delete(pool.id);
      }),
    },
  };
}

interface Tagging {
  ResourceArn: string;
  Tags: Tags;
  TagKeys: string[];
}

function tagOperations(pools: UserPools): Record<string, Operation> {
  const poolAt = (call: Call) => {
    const { ResourceArn } = call.input as object as Tagging;
    return pools.of(call).find(({ arn }) => arn === ResourceArn);
  };
  const tagging = (
    required: (keyof Tagging)[],
    run: (pool: UserPool, input: Tagging) => object,
  ): Operation => ({
    judge: (call) => {
      const { ResourceArn, Tags, TagKeys = [] } = call.input as object as Partial<Tagging>;
      const asked = Tags ? requestTags(Tags) : { 'aws:TagKeys': TagKeys };
      return {
        ...(ResourceArn !== undefined && { resource: ResourceArn }),
        context: { ...resourceTags(poolAt(call)), ...asked },
      };
    },
    run(call) {
      check(call.input, ['ResourceArn', ...required]);
      const pool = poolAt(call);
      const input = call.input as object as Tagging;
      if (pool) return run(pool, input);
      const id = input.ResourceArn.split('/').at(-1);
      throw new AwsError('ResourceNotFoundException', `User pool ${id} does not exist.`);
    },
  });
  return {
    TagResource: {
      writes: true,
      ...tagging(['Tags'], (pool, { Tags }) => {
        const tags = { ...pool.tags, ...Tags };
        checkTags(tags);
        pool.tags = tags;
        return {};
      }),
    },

    UntagResource: {
      writes: true,
      ...tagging(['TagKeys'], (pool, { TagKeys }) => {
        const kept = Object.entries(pool.tags).filter(([key]) => !TagKeys.includes(key));
        pool.tags = Object.fromEntries(kept);
        return {};
      }),
    },

    ListTagsForResource: tagging([], ({ tags }) => ({ Tags: tags })),
  };
}

/**
 * The public pages of a user pool. The real issuer hosts belong to AWS, so here the host is the first folder of the
 * path. A path without that folder belongs to the issuer that the pool is configured with.
 */
const PAGE =
  /^(?:\/((?:issuer-)?cognito-idp)\.[\w.-]+)?\/([\w-]+)\/\.well-known\/(jwks\.json|openid-configuration)$/;

/** https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html */
function discovery(pool: UserPool, issuer: string, folder: string): object {
  return {
    issuer,
    jwks_uri: `${folder}/${pool.id}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'token'],
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
  };
}

function start(aws: Aws): Service {
  const userPools = aws.state(UserPools);
  return {
    refuseAbsent: (absent) => enforceRequired(absent, 'InvalidParameterException'),

    operations: {
      ...poolOperations(userPools),
      ...tagOperations(userPools),
      ...clientOperations(userPools),
      ...userOperations(userPools),
      ...groupOperations(userPools),
      ...signInOperations(userPools),
    },
    async page(path) {
      const [, host, id = '', page] = PAGE.exec(path) ?? [];
      const pool = userPools.find(id);
      if (!pool) return undefined;
      // An assumption: both issuers of a pool use the same keys.
      if (page === 'jwks.json') return pool.signer.keySet();
      if (host === undefined) return discovery(pool, pool.issuer, aws.endpoint);
      const issuer = pool.issuerOf(host === 'cognito-idp' ? 'ORIGINAL' : 'UPDATED');
      return discovery(pool, issuer, `${aws.endpoint}/${new URL(issuer).host}`);
    },
  };
}

/** Amazon Cognito user pools. */
export const cognitoIdp = {
  name: 'cognito-idp',
  json: {
    targets: ['AWSCognitoIdentityProviderService'],
    client: '@aws-sdk/client-cognito-identity-provider',
  },
  rates,
  // https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
  throttled: { code: 'TooManyRequestsException' },
  state: { userPools: UserPools },
  start,
} as const satisfies ServiceDefinition;
