import { accountsOf, type Links } from '../core/links/links.ts';
import { longestPartitionName } from '../core/partitions.ts';
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
// UpdateIdentityPool carries those for the roles and, with what they leave, those for the user pools.
const POLICIES = 10;
const POLICIES_FOR_ROLES = 6;

// As long as any that they stand for.
const longest = (value: string): string =>
  value
    .replaceAll('${AWS::Partition}', longestPartitionName)
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

const assuming = (Resource: string[]): Statement => ({
  Effect: 'Allow',
  Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
  Resource,
});

/** sts:AssumeRole on exactly the roles that the links name. */
function assumeRoles(links: Links): Statement[][] {
  const roles = distinct(Object.values(links).map(({ roleArn }) => roleArn));
  const policies = pack([assuming(roles)]);
  if (policies.length <= POLICIES_FOR_ROLES) return policies;
  throw new PolicySizeError(
    `The links name ${roles.length} distinct roles, more than the ${POLICIES_FOR_ROLES} managed policies that are for them have room for. Let identity pools of one account share a role, or split links.yml over several deployments.`,
  );
}

const userPool = (region: string, id: string): string =>
  `arn:\${AWS::Partition}:cognito-idp:${region}:\${AWS::AccountId}:userpool/${id}`;

// Neither tells a secret: app clients are listed by id and name, and of a user pool its issuer is read.
const READ = ['cognito-idp:DescribeUserPool', 'cognito-idp:ListUserPoolClients'];

/** Finding user pools by their tags, where any link does. Listing them knows no resources to narrow. */
const listUserPools = (links: Links): Statement[][] =>
  Object.values(links).some(({ userPoolTags }) => userPoolTags !== undefined)
    ? [[{ Effect: 'Allow', Action: 'cognito-idp:ListUserPools', Resource: ['*'] }]]
    : [];

interface UserPoolAccess {
  policies: Statement[][];
  /** What is granted beyond what the links cover, where IAM has no room for exactly that. */
  wider?: string;
}

/**
 * Describing exactly the user pools that the links name, and those that carry the links' tags, and
 * listing their app clients; those of other accounts by exactly the roles that the links name for it.
 * Where IAM has no room for so many, this is granted for the Regions of those that are named; where it
 * has no room for the tags either, for all.
 */
function readUserPools(links: Links, room: number): UserPoolAccess {
  const all = Object.values(links);
  const own = all.filter(({ userPoolRoleArn }) => userPoolRoleArn === undefined);
  const ids = distinct(own.flatMap(({ userPools = [] }) => userPools));
  const roles = distinct(all.flatMap(({ userPoolRoleArn }) => userPoolRoleArn ?? []));
  const tags = distinct(
    all.flatMap(({ userPoolTags }) => (userPoolTags ? [JSON.stringify(userPoolTags)] : [])),
  ).map((json) => Object.entries(JSON.parse(json) as Record<string, string>));
  const anyPool = [userPool('*', '*')];
  const byTag: Statement[] = tags.map((wanted) => ({
    Effect: 'Allow',
    Action: READ,
    Resource: anyPool,
    Condition: {
      StringEquals: Object.fromEntries(wanted.map(([k, v]) => [`aws:ResourceTag/${k}`, v])),
    },
  }));
  const readTags: Statement[] =
    tags.length > 0
      ? [{ Effect: 'Allow', Action: 'cognito-idp:ListTagsForResource', Resource: anyPool }]
      : [];
  const listing = (Resource: string[]): Statement => ({ Effect: 'Allow', Action: READ, Resource });
  const named = ids.map((id) => userPool(userPoolRegion(id), id));
  const exact = pack([assuming(roles), ...readTags, ...byTag, listing(named)]);
  if (exact.length <= room) return { policies: exact };
  const regions = distinct(ids.map(userPoolRegion));
  const inRegions = regions.map((region) => userPool(region, `${region}_*`));
  const regional = pack([assuming(roles), ...readTags, ...byTag, listing(inRegions)]);
  if (regional.length <= room) {
    const wider = `${ids.length} user pools are more than IAM has room for by name: every user pool in ${regions.join(', ')} may be described and its app clients listed`;
    return { policies: regional, wider };
  }
  const every = pack([assuming(roles), ...readTags, listing(anyPool)]);
  if (every.length <= room) {
    const wider = `${tags.length} sets of userPoolTags are more than IAM has room for: every user pool of the account, in every Region, may be described and its app clients listed`;
    return { policies: every, wider };
  }
  throw new PolicySizeError(
    `The links name ${roles.length} distinct userPoolRoleArns, more than IAM has room for. Let the user pools of one account share a role, or split links.yml over several deployments.`,
  );
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

// An event pattern holds 2,048 characters, of which an account takes 15.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const MOST_ACCOUNTS = 100;

/**
 * The accounts whose events count: our own, and those of which the links name user pools. Rules with
 * an account match no events that others send.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
 */
function heard(links: Links) {
  const accounts = accountsOf(links);
  if (accounts.length <= MOST_ACCOUNTS) return [{ Ref: 'AWS::AccountId' }, ...accounts];
  throw new PolicySizeError(
    `The links name user pools of ${accounts.length} other accounts, more than the ${MOST_ACCOUNTS} that an event pattern has room for. Split links.yml over several deployments.`,
  );
}

/**
 * The managed policies that follow from links.yml, the references by which roles carry them, what
 * they grant beyond it, and the accounts whose events count.
 *
 * @throws PolicySizeError
 */
export function linkPolicies(links: Links) {
  const roles = resourcesOf('AssumeLinkRoles', assumeRoles(links));
  const access = readUserPools(links, POLICIES - roles.length);
  const pools = resourcesOf('ReadUserPools', access.policies);
  const finding = resourcesOf('ListUserPools', listUserPools(links));
  const refs = (all: typeof roles) => all.map(([Ref]) => ({ Ref }));
  return {
    policies: { Resources: Object.fromEntries([...roles, ...pools, ...finding]) },
    assumeRoles: refs(roles),
    readUserPools: refs(pools),
    listUserPools: refs(finding),
    writer: refs([...roles, ...pools]),
    accounts: heard(links),
    ...(access.wider !== undefined && { wider: access.wider }),
  };
}
