import { accountsOf, type Links } from '../core/links/links.ts';
import { longestPartitionName } from '../core/partitions.ts';
import { userPoolRegion } from '../core/user-pool.ts';

interface Statement {
  Effect: 'Allow';
  Action: string | string[];
  Resource: string[];
  Condition?: object;
}

/** The links need larger policies than AWS allows. */
class PolicySizeError extends Error {
  override readonly name = 'PolicySizeError';
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const POLICY_CHARACTERS = 6144;
// The role of UpdateIdentityPool has the policies for the link roles, and as many for the user pools as still fit.
const POLICIES = 10;
const POLICIES_FOR_ROLES = 6;

// Replaces variables by the longest values that they can have.
const withLongestValues = (value: string): string =>
  value
    .replaceAll('${AWS::Partition}', longestPartitionName)
    .replaceAll('${AWS::AccountId}', '111111111111');

const sizeOf = (statements: Statement[]): number =>
  withLongestValues(JSON.stringify({ Version: '2012-10-17', Statement: statements })).length;

/** A policy with one more statement, which is joined to the last one if only the resource differs. */
function joined(policy: Statement[], statement: Statement): Statement[] {
  const last = policy.at(-1);
  const expected = JSON.stringify({ ...last, Resource: [] });
  if (!last || expected !== JSON.stringify({ ...statement, Resource: [] })) {
    return [...policy, statement];
  }
  const Resource = [...last.Resource, ...statement.Resource];
  return [...policy.slice(0, -1), { ...last, Resource }];
}

/** Distributes statements over as few managed policies as their size limit allows. */
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
    `The links name ${roles.length} distinct roles, which do not fit into the ${POLICIES_FOR_ROLES} managed policies for them. Let identity pools of one account share a role, or split links.yml over several deployments.`,
  );
}

const userPool = (region: string, id: string): string =>
  `arn:\${AWS::Partition}:cognito-idp:${region}:\${AWS::AccountId}:userpool/${id}`;

// Neither reveals a secret: app clients are listed by id and name, and only the issuer of a user pool is used.
const READ = ['cognito-idp:DescribeUserPool', 'cognito-idp:ListUserPoolClients'];

/** Lists user pools, if a link finds them by tags. IAM can not limit this action to a resource. */
const listUserPools = (links: Links): Statement[][] =>
  Object.values(links).some(({ userPoolTags }) => userPoolTags !== undefined)
    ? [[{ Effect: 'Allow', Action: 'cognito-idp:ListUserPools', Resource: ['*'] }]]
    : [];

/** Reads the tags of user pools, if a link finds them by tags. */
const readTags = (links: Links): Statement[] =>
  Object.values(links).some(({ userPoolTags }) => userPoolTags !== undefined)
    ? [
        {
          Effect: 'Allow',
          Action: 'cognito-idp:ListTagsForResource',
          Resource: [userPool('*', '*')],
        },
      ]
    : [];

interface UserPoolAccess {
  policies: Statement[][];
  /** What is granted beyond the links, if an exact policy would be too large. */
  wider?: string;
}

/**
 * Allows describing the user pools that the links name by id or by tags, and listing their app clients; those of
 * other accounts through the roles that the links name. If the user pools do not fit into the policies, all user
 * pools in their Regions are allowed; if the tags do not fit either, all user pools of the account.
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
  const listing = (Resource: string[]): Statement => ({ Effect: 'Allow', Action: READ, Resource });
  const named = ids.map((id) => userPool(userPoolRegion(id), id));
  const exact = pack([assuming(roles), ...readTags(links), ...byTag, listing(named)]);
  if (exact.length <= room) return { policies: exact };
  const regions = distinct(ids.map(userPoolRegion));
  const inRegions = regions.map((region) => userPool(region, `${region}_*`));
  const regional = pack([assuming(roles), ...readTags(links), ...byTag, listing(inRegions)]);
  if (regional.length <= room) {
    const wider = `${ids.length} user pools do not fit into the policies by id, so the functions may describe every user pool in ${regions.join(', ')} and list its app clients`;
    return { policies: regional, wider };
  }
  const every = pack([assuming(roles), ...readTags(links), listing(anyPool)]);
  if (every.length <= room) {
    const wider = `${tags.length} sets of userPoolTags do not fit into the policies, so the functions may describe every user pool of the account, in every Region, and list its app clients`;
    return { policies: every, wider };
  }
  throw new PolicySizeError(
    `The links name ${roles.length} distinct userPoolRoleArns, which do not fit into the policies. Let the user pools of one account share a role, or split links.yml over several deployments.`,
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
      Description: 'Made by Poolbridge from links.yml',
      PolicyDocument: { Version: '2012-10-17', Statement },
    };
    return [`${name}${index + 1}`, { Type: 'AWS::IAM::ManagedPolicy', Properties }] as const;
  });

// An event pattern may have 2,048 characters; an account id takes 15.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const MOST_ACCOUNTS = 100;

/**
 * The accounts whose events the rules match: our own, and those with user pools that the links name. A rule that
 * names accounts matches no event of another account.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
 */
function eventAccounts(links: Links) {
  const accounts = accountsOf(links);
  if (accounts.length <= MOST_ACCOUNTS) return [{ Ref: 'AWS::AccountId' }, ...accounts];
  throw new PolicySizeError(
    `The links name user pools of ${accounts.length} other accounts, but an event pattern has room for ${MOST_ACCOUNTS}. Split links.yml over several deployments.`,
  );
}

/**
 * The managed policies that follow from links.yml, references to them for the roles, what they grant beyond the
 * links, and the accounts whose events the rules match.
 *
 * @throws PolicySizeError if the links need larger policies than AWS allows.
 */
export function linkPolicies(links: Links) {
  const roles = resourcesOf('AssumeLinkRoles', assumeRoles(links));
  const access = readUserPools(links, POLICIES - roles.length);
  const pools = resourcesOf('ReadUserPools', access.policies);
  const finding = resourcesOf('ListUserPools', listUserPools(links));
  const tagging = resourcesOf('ReadTags', readTags(links).length > 0 ? [readTags(links)] : []);
  const refs = (all: typeof roles) => all.map(([Ref]) => ({ Ref }));
  return {
    policies: { Resources: Object.fromEntries([...roles, ...pools, ...finding, ...tagging]) },
    assumeRoles: refs(roles),
    readUserPools: refs(pools),
    listUserPools: refs(finding),
    readTags: refs(tagging),
    sweeper: refs([...pools, ...finding]),
    writer: refs([...roles, ...pools]),
    accounts: eventAccounts(links),
    ...(access.wider !== undefined && { wider: access.wider }),
  };
}
