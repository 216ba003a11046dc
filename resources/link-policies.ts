import type { Links } from '../core/links.ts';
import { userPoolRegion } from '../core/user-pool.ts';

interface Statement {
  Effect: 'Allow';
  Action: string | string[];
  Resource: string[];
  Condition?: object;
}

/** The links need more room than IAM has. */
class PolicySizeError extends Error {
  override readonly name = 'PolicySizeError';
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const POLICY_CHARACTERS = 6144;
// A role carries ten managed policies. UpdateIdentityPool has those for the roles and those for the
// user pools.
const POLICIES_FOR_ROLES = 6;
const POLICIES_FOR_USER_POOLS = 4;

// As long as any that they stand for.
const longest = (value: string): string =>
  value
    .replaceAll('${AWS::Partition}', 'aws-us-gov')
    .replaceAll('${AWS::AccountId}', '111111111111');

const sizeOf = (statements: Statement[]): number =>
  longest(JSON.stringify({ Version: '2012-10-17', Statement: statements })).length;

/** The policy with one more statement, joined to its last where only the resource differs. */
function joined(policy: Statement[], statement: Statement): Statement[] {
  const last = policy.at(-1);
  const alike = JSON.stringify({ ...last, Resource: [] });
  if (!last || alike !== JSON.stringify({ ...statement, Resource: [] })) {
    return [...policy, statement];
  }
  const Resource = [...last.Resource, ...statement.Resource];
  return [...policy.slice(0, -1), { ...last, Resource }];
}

/** Spreads statements over as few policies as the size of a managed policy allows. */
function pack(statements: Statement[]): Statement[][] {
  const policies: Statement[][] = [];
  const single = statements.flatMap(({ Resource, ...rest }) =>
    Resource.map((resource) => ({ ...rest, Resource: [resource] })),
  );
  for (const statement of single) {
    const longer = joined(policies.at(-1) ?? [], statement);
    const fits = policies.length > 0 && sizeOf(longer) <= POLICY_CHARACTERS;
    if (fits) policies[policies.length - 1] = longer;
    else policies.push([statement]);
  }
  return policies;
}

const distinct = (values: string[]): string[] => [...new Set(values)].sort();

/** sts:AssumeRole on exactly the roles that the links name. */
function assumeRoles(links: Links): Statement[][] {
  const roles = distinct(Object.values(links).map(({ roleArn }) => roleArn));
  const policies = pack([
    { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Resource: roles },
  ]);
  if (policies.length <= POLICIES_FOR_ROLES) return policies;
  throw new PolicySizeError(
    `The links name ${roles.length} distinct roles, more than the ${POLICIES_FOR_ROLES} managed policies that are for them have room for. Let identity pools of one account share a role, or split links.yml over several deployments.`,
  );
}

const userPool = (region: string, id: string): string =>
  `arn:\${AWS::Partition}:cognito-idp:${region}:\${AWS::AccountId}:userpool/${id}`;

const LIST = 'cognito-idp:ListUserPoolClients';

/**
 * Listing the app clients of exactly the user pools that the links name, and of those that carry
 * the links' tags. Where IAM has no room for so many, of the Regions of those that are named.
 */
function readUserPools(links: Links): Statement[][] {
  const all = Object.values(links);
  const ids = distinct(all.flatMap(({ userPools = [] }) => userPools));
  const tags = distinct(
    all.flatMap(({ userPoolTags }) => (userPoolTags ? [JSON.stringify(userPoolTags)] : [])),
  ).map((json) => Object.entries(JSON.parse(json) as Record<string, string>));
  const anyPool = [userPool('*', '*')];
  const byTag: Statement[] = tags.map((wanted) => ({
    Effect: 'Allow',
    Action: LIST,
    Resource: anyPool,
    Condition: {
      StringEquals: Object.fromEntries(wanted.map(([k, v]) => [`aws:ResourceTag/${k}`, v])),
    },
  }));
  const readTags: Statement[] =
    tags.length > 0
      ? [{ Effect: 'Allow', Action: 'cognito-idp:ListTagsForResource', Resource: anyPool }]
      : [];
  const listed = ids.map((id) => userPool(userPoolRegion(id), id));
  const policies = pack([
    ...readTags,
    ...byTag,
    { Effect: 'Allow', Action: LIST, Resource: listed },
  ]);
  if (policies.length <= POLICIES_FOR_USER_POOLS) return policies;
  const regions = distinct(ids.map(userPoolRegion));
  const inRegions = tags.length > 0 ? anyPool : regions.map((r) => userPool(r, `${r}_*`));
  return pack([...readTags, { Effect: 'Allow', Action: LIST, Resource: inRegions }]);
}

const resourcesOf = (name: string, policies: Statement[][]) =>
  policies.map((statements, index) => {
    const Statement = statements.map(({ Resource, ...rest }) => ({
      ...rest,
      Resource: Resource.map((arn) => (arn.includes('${') ? { 'Fn::Sub': arn } : arn)),
    }));
    const Properties = {
      Path: '/poolbridge/',
      Description: 'Of Poolbridge, from links.yml',
      PolicyDocument: { Version: '2012-10-17', Statement },
    };
    return [`${name}${index + 1}`, { Type: 'AWS::IAM::ManagedPolicy', Properties }] as const;
  });

/**
 * The managed policies that follow from links.yml, and the references by which roles carry them.
 *
 * @throws PolicySizeError
 */
export function linkPolicies(links: Links) {
  const roles = resourcesOf('AssumeLinkRoles', assumeRoles(links));
  const pools = resourcesOf('ReadUserPools', readUserPools(links));
  const refs = (all: typeof roles) => all.map(([Ref]) => ({ Ref }));
  return {
    policies: { Resources: Object.fromEntries([...roles, ...pools]) },
    assumeRoles: refs(roles),
    readUserPools: refs(pools),
    writer: refs([...roles, ...pools]),
  };
}
