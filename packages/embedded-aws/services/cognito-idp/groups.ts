import { AwsError } from '../../kernel/errors.ts';
import type { Operation } from '../../kernel/service.ts';
import { type Group, pageOf, type User, type UserPool, type UserPools } from './pools.ts';

type NewGroup = Pick<Group, 'GroupName' | 'Description' | 'RoleArn' | 'Precedence'>;

function create(pool: UserPool, input: NewGroup): object {
  const { GroupName, Description, RoleArn, Precedence } = input;
  if (pool.groups.has(GroupName)) {
    throw new AwsError('GroupExistsException', 'A group with the name already exists.');
  }
  const now = Date.now() / 1000;
  const group: Group = {
    GroupName,
    UserPoolId: pool.id,
    ...(Description !== undefined && { Description }),
    ...(RoleArn !== undefined && { RoleArn }),
    ...(Precedence !== undefined && { Precedence }),
    LastModifiedDate: now,
    CreationDate: now,
  };
  pool.groups.set(GroupName, group);
  return { Group: group };
}

const rank = ({ Precedence = Number.POSITIVE_INFINITY }: Group): number => Precedence;

const byRank = (a: Group, b: Group): number =>
  rank(a) === rank(b) ? 0 : rank(a) < rank(b) ? -1 : 1;

/**
 * The claims from a user's groups. If several groups share the best precedence, a preferred role exists only if
 * they all have the same role.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
 */
export function groupClaims(pool: UserPool, user: User): Record<string, string | string[]> {
  const groups = [...user.groups].map((name) => pool.group(name)).sort(byRank);
  const roles = new Set(groups.flatMap(({ RoleArn }) => RoleArn ?? []));
  const [first] = groups;
  const best = groups.filter((group) => first && rank(group) === rank(first));
  const [preferred, ...others] = new Set(best.flatMap(({ RoleArn }) => RoleArn ?? []));
  return {
    ...(groups.length > 0 && { 'cognito:groups': groups.map(({ GroupName }) => GroupName) }),
    ...(roles.size > 0 && { 'cognito:roles': [...roles] }),
    ...(preferred !== undefined && others.length === 0 && { 'cognito:preferred_role': preferred }),
  };
}

interface Membership {
  Username: string;
  GroupName: string;
}

/** The operations on groups and their members. */
export function groupOperations(pools: UserPools): Record<string, Operation> {
  const membership = (change: (user: User, group: string) => void) =>
    pools.operation<Membership>(['Username', 'GroupName'], (pool, { Username, GroupName }) => {
      change(pool.userNamed(Username), pool.group(GroupName).GroupName);
      return {};
    });
  return {
    CreateGroup: { writes: true, ...pools.operation(['GroupName'], create) },

    AdminAddUserToGroup: {
      writes: true,
      ...membership(({ groups }, group) => groups.add(group)),
    },

    AdminRemoveUserFromGroup: {
      writes: true,
      ...membership(({ groups }, group) => groups.delete(group)),
    },

    ListGroups: pools.operation<{ Limit?: number; NextToken?: string }>(
      [],
      (pool, { Limit, NextToken: token }) => {
        const { page, next } = pageOf(pool.groups, Limit || 60, token);
        return { Groups: page, NextToken: next };
      },
    ),
  };
}
