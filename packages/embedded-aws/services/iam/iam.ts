import { randomBytes } from 'node:crypto';
import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import { AwsError } from '../../kernel/errors.ts';
import { denial, type PolicyDocument, parsePolicy } from '../../kernel/iam.ts';
import type { ResourceType, Service } from '../../kernel/service.ts';
import { roleOperations } from './roles.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const INLINE_CHARACTERS = 10_240;
const MANAGED_CHARACTERS = 6_144;
const MANAGED_POLICIES = 10;

const limit = (message: string): never => {
  throw new AwsError('LimitExceeded', message, 409);
};

const sizeOf = (document: unknown): number => JSON.stringify(document).replace(/\s/g, '').length;

const suffix = (): string => randomBytes(6).toString('hex').toUpperCase();

interface RoleProperties {
  RoleName?: string;
  Path?: string;
  AssumeRolePolicyDocument: unknown;
  ManagedPolicyArns?: string[];
  Policies?: { PolicyName: string; PolicyDocument: unknown }[];
  PermissionsBoundary?: string;
}

function start(aws: Aws): Service {
  const attached = (arn: string): PolicyDocument => {
    const policy = aws.iam.managedPolicies.get(arn);
    if (policy) return policy;
    throw new AwsError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`, 404);
  };

  const role: ResourceType = {
    properties: [
      ...['RoleName', 'Path', 'AssumeRolePolicyDocument', 'ManagedPolicyArns', 'Policies'],
      ...['Description', 'MaxSessionDuration', 'Tags', 'PermissionsBoundary'],
    ],
    create(properties, { account, partition, stack, logicalId, deployer }) {
      const given = properties as unknown as RoleProperties;
      const { Path = '/', ManagedPolicyArns = [], Policies = [] } = given;
      const name = given.RoleName ?? `${stack}-${logicalId}-${suffix()}`.slice(-64);
      if (ManagedPolicyArns.length > MANAGED_POLICIES) {
        limit(`Cannot exceed quota for PoliciesPerRole: ${MANAGED_POLICIES}`);
      }
      const inline = Policies.reduce((sum, each) => sum + sizeOf(each.PolicyDocument), 0);
      if (inline > INLINE_CHARACTERS) {
        limit(`Maximum policy size of ${INLINE_CHARACTERS} bytes exceeded for role ${name}`);
      }
      const policies = [
        ...Policies.map((each) => ({
          ...parsePolicy(each.PolicyDocument),
          name: each.PolicyName,
        })),
        ...ManagedPolicyArns.map(attached),
      ];
      const trust = parsePolicy(given.AssumeRolePolicyDocument);
      const arn = `arn:${partition}:iam::${account}:role${Path}${name}`;
      const { PermissionsBoundary } = given;
      if (deployer) {
        const context = { 'iam:PermissionsBoundary': PermissionsBoundary };
        const question = { principal: deployer, action: 'iam:CreateRole', resource: arn, context };
        if (!aws.iam.allows(question)) throw new AwsError('AccessDenied', denial(question), 403);
      }
      const boundary =
        PermissionsBoundary === undefined ? {} : { boundary: attached(PermissionsBoundary) };
      const { id } = aws.iam.putRole({ arn, name, trust, policies, ...boundary });
      return { ref: name, attributes: { Arn: arn, RoleId: id } };
    },
  };

  const managedPolicy: ResourceType = {
    properties: ['ManagedPolicyName', 'Path', 'Description', 'PolicyDocument'],
    create(properties, { account, partition, stack, logicalId }) {
      const { ManagedPolicyName, Path = '/', PolicyDocument } = properties;
      if (sizeOf(PolicyDocument) > MANAGED_CHARACTERS) {
        limit(`Cannot exceed quota for PolicySize: ${MANAGED_CHARACTERS}`);
      }
      const name = ManagedPolicyName ?? `${stack}-${logicalId}-${suffix()}`;
      const arn = `arn:${partition}:iam::${account}:policy${Path}${name}`;
      aws.iam.managedPolicies.set(arn, { ...parsePolicy(PolicyDocument), name: arn });
      return { ref: arn, attributes: { PolicyArn: arn } };
    },
  };

  return {
    operations: roleOperations(aws),
    resources: { 'AWS::IAM::Role': role, 'AWS::IAM::ManagedPolicy': managedPolicy },
  };
}

/** IAM: roles and managed policies from templates, and the API operations for roles with inline policies. */
export const iam = {
  name: 'iam',
  start,
} as const satisfies ServiceDefinition;
