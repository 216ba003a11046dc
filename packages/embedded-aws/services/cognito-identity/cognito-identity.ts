import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call, Judged } from '../../kernel/call.ts';
import { enforce } from '../../kernel/constraints.ts';
import { AwsError } from '../../kernel/errors.ts';
import type { Service } from '../../kernel/service.ts';
import { IdentityLogins } from './logins.ts';
import {
  checkTags,
  createPool,
  type IdentityPool,
  IdentityPools,
  requireId,
  type StoredPool,
  updatePool,
} from './pools.ts';
import { rates } from './rates.ts';
import { type RolesInput, setRoles } from './roles.ts';

const arnOf = ({ partition, region, account }: Call, id: string): string =>
  `arn:${partition}:cognito-identity:${region}:${account}:identitypool/${id}`;

interface TagsInput {
  IdentityPoolId: string;
  IdentityProviderName: string;
  UseDefaults?: boolean;
  PrincipalTags?: Record<string, string>;
}

// The server has checked the types by the API's model; operations check the rest.
const inputOf = <T>({ input }: Call): T => input as T;

function start(aws: Aws): Service {
  const pools = aws.state(IdentityPools);
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
  const open = {
    open: true,
    owner: ({ IdentityPoolId, IdentityId }: Record<string, unknown>) =>
      pools.stored.get(String(IdentityPoolId ?? logins.poolOf(String(IdentityId))))?.account,
  };
  const ownByArn = (call: Call): StoredPool =>
    pools.find(String(call.input['ResourceArn']).split('/').at(-1) ?? '', call.account);

  return {
    operations: {
      CreateIdentityPool: {
        writes: true,
        run(call) {
          const input = inputOf<IdentityPool>(call);
          checkTags(input.IdentityPoolTags);
          return createPool(pools, call, input).pool;
        },
      },

      DescribeIdentityPool: {
        judge: (call) => onPool(call),
        run: (call) => own(call).pool,
      },

      UpdateIdentityPool: {
        writes: true,
        // The reference lists three actions for this API. An assumption: AWS always requires all three, even
        // if no tag changes. The contract suite checks it.
        // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitoidentity.html
        judge: (call) => [
          onPool(call),
          { ...onPool(call), action: 'cognito-identity:TagResource' },
          { ...onPool(call), action: 'cognito-identity:UntagResource' },
        ],
        run(call) {
          const input = inputOf<IdentityPool>(call);
          const stored = own(call);
          updatePool(pools, stored, input);
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
            if (
              principal &&
              aws.iam.allows({ principal, action: 'iam:PassRole', resource, context })
            )
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

      GetId: {
        ...open,
        run: (call) => logins.getId(inputOf(call)),
      },
      GetOpenIdToken: {
        ...open,
        run: (call) => logins.getOpenIdToken(inputOf(call)),
      },
      GetCredentialsForIdentity: {
        ...open,
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
          const ref = createPool(pools, { account, region }, input).pool.IdentityPoolId;
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

/** Amazon Cognito identity pools. */
export const cognitoIdentity = {
  name: 'cognito-identity',
  json: {
    targets: ['AWSCognitoIdentityService'],
    client: '@aws-sdk/client-cognito-identity',
  },
  rates,
  // https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/CommonErrors.html
  throttled: { code: 'TooManyRequestsException' },
  state: { identityPools: IdentityPools },
  start,
} as const satisfies ServiceDefinition;
