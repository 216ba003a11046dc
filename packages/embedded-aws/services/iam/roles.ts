import type { Aws } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { enforce, type Rule } from '../../kernel/constraints.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import { type PolicyDocument, parsePolicy, type Role } from '../../kernel/iam.ts';
import type { Operation } from '../../kernel/service.ts';

const named = (member: string, value: unknown, max: number): Rule => [
  member,
  value,
  { required: true, min: 1, max, pattern: '[\\w+=,.@-]+' },
];

/** @throws UnsupportedError for a member that the operation does not support. */
function refuseOthers({ operation, input }: Call, known: string[]): void {
  const odd = Object.keys(input).find((member) => !known.includes(member));
  if (odd !== undefined) throw new UnsupportedError(`${odd} in ${operation}`);
}

function policyIn(text: unknown): PolicyDocument {
  try {
    return parsePolicy(String(text));
  } catch (error) {
    if (error instanceof AwsError) throw error;
    throw new AwsError('MalformedPolicyDocument', 'This policy contains invalid Json');
  }
}

/**
 * The operations of IAM that create and delete roles with inline policies.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
 */
export function roleOperations(aws: Aws): Record<string, Operation> {
  const { roles } = aws.iam;
  const find = (call: Call): Role | undefined =>
    [...roles.values()].find(
      ({ arn, name }) => name === call.input['RoleName'] && arn.split(':')[4] === call.account,
    );
  const existing = (call: Call): Role => {
    const { RoleName } = call.input;
    enforce([named('roleName', RoleName, 64)]);
    const role = find(call);
    if (role) return role;
    throw new AwsError('NoSuchEntity', `The role with name ${RoleName} cannot be found.`, 404);
  };
  const isManaged = (name: string): boolean => name.startsWith('arn:');
  const namesOf = ({ policies }: Role): string[] => policies.flatMap(({ name }) => name ?? []);
  /** Takes a policy from a role. @returns whether it had one of that name. */
  const take = (role: Role, name: string): boolean => {
    const had = role.policies;
    role.policies = had.filter((each) => each.name !== name);
    return role.policies.length < had.length;
  };
  const onRole = (call: Call) => {
    const { partition, account, input } = call;
    const path = String(input['Path'] ?? '/');
    const made = `arn:${partition}:iam::${account}:role${path}${input['RoleName']}`;
    return { resource: find(call)?.arn ?? made };
  };
  return {
    CreateRole: {
      writes: true,
      judge: onRole,
      run(call) {
        refuseOthers(call, ['RoleName', 'Path', 'Description', 'AssumeRolePolicyDocument']);
        const { RoleName, Path = '/', AssumeRolePolicyDocument } = call.input;
        enforce([
          named('roleName', RoleName, 64),
          ['assumeRolePolicyDocument', AssumeRolePolicyDocument, { required: true }],
        ]);
        if (find(call)) {
          const taken = `Role with name ${RoleName} already exists.`;
          throw new AwsError('EntityAlreadyExists', taken, 409);
        }
        const name = String(RoleName);
        const arn = onRole(call).resource;
        const trust = policyIn(AssumeRolePolicyDocument);
        const role = aws.iam.putRole({ arn, name, trust, policies: [] });
        const CreateDate = new Date().toISOString();
        return {
          Role: { Path, RoleName, RoleId: role.id, Arn: arn, CreateDate, AssumeRolePolicyDocument },
        };
      },
    },

    PutRolePolicy: {
      writes: true,
      judge: onRole,
      run(call) {
        const { PolicyName, PolicyDocument } = call.input;
        enforce([named('policyName', PolicyName, 128)]);
        const role = existing(call);
        const name = String(PolicyName);
        const document = { ...policyIn(PolicyDocument), name };
        take(role, name);
        role.policies.push(document);
      },
    },

    DeleteRolePolicy: {
      writes: true,
      judge: onRole,
      run(call) {
        const { PolicyName } = call.input;
        enforce([named('policyName', PolicyName, 128)]);
        if (take(existing(call), String(PolicyName))) return;
        const missing = `The role policy with name ${PolicyName} cannot be found.`;
        throw new AwsError('NoSuchEntity', missing, 404);
      },
    },

    ListRolePolicies: {
      judge: onRole,
      run(call) {
        refuseOthers(call, ['RoleName']);
        const PolicyNames = namesOf(existing(call)).filter((name) => !isManaged(name));
        return { PolicyNames, IsTruncated: false };
      },
    },

    ListAttachedRolePolicies: {
      judge: onRole,
      run(call) {
        refuseOthers(call, ['RoleName']);
        const AttachedPolicies = namesOf(existing(call))
          .filter(isManaged)
          .map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn }));
        return { AttachedPolicies, IsTruncated: false };
      },
    },

    DetachRolePolicy: {
      writes: true,
      judge: onRole,
      run(call) {
        const PolicyArn = String(call.input['PolicyArn']);
        if (isManaged(PolicyArn) && take(existing(call), PolicyArn)) return;
        throw new AwsError('NoSuchEntity', `Policy ${PolicyArn} was not found.`, 404);
      },
    },

    DeleteRole: {
      writes: true,
      judge: onRole,
      run(call) {
        const role = existing(call);
        if (namesOf(role).some(isManaged)) {
          const attached = 'Cannot delete entity, must detach all policies first.';
          throw new AwsError('DeleteConflict', attached, 409);
        }
        if (role.policies.length > 0) {
          const attached = 'Cannot delete entity, must delete policies first.';
          throw new AwsError('DeleteConflict', attached, 409);
        }
        roles.delete(role.arn);
      },
    },
  };
}
