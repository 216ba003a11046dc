import { parseArn } from '../core/arn.ts';
import { grouped } from '../core/grouped.ts';
import { globsInclude, isExclusion } from '../core/links/glob.ts';
import { accountOf, type Link, type Links } from '../core/links/links.ts';
import { userPoolRegion } from '../core/user-pool.ts';
import { A, type NewIdentityPool, type NewUserPool, type Where } from './accounts.ts';

/** A stack of one of the templates in resources/. */
interface Stack {
  where: Where;
  parameters: Record<string, string>;
}

/** Everything that must exist so that a links.yml can be deployed. */
export interface Needed {
  /** The account and Region of the service. */
  home: Where;
  userPools: (NewUserPool & Where)[];
  identityPools: (NewIdentityPool & { id: string })[];
  /** Of resources/account-b.yml, one for each roleArn. */
  linkRoles: Stack[];
  /** Of resources/user-pool-account.yml, one for each userPoolRoleArn. */
  readRoles: Stack[];
  /** Where user pools are whose events must be forwarded. */
  forwarders: Where[];
}

const regionOf = (identityPool: string): string => identityPool.split(':')[0] ?? '';
const nameOf = (roleArn: string): string => roleArn.slice(roleArn.lastIndexOf('/') + 1);
const distinct = <T>(all: T[]): T[] => [
  ...new Map(all.map((each) => [JSON.stringify(each), each])).values(),
];

/** The Region of the first user pool that is named; without one, that of the first identity pool. */
function homeOf(all: Link[]): Where {
  const own = all.filter(({ userPoolRoleArn }) => userPoolRoleArn === undefined);
  const [first = all.flatMap(({ userPools = [] }) => userPools)[0]] = own.flatMap(
    ({ userPools = [] }) => userPools,
  );
  const region = first === undefined ? regionOf(all[0]?.identityPool ?? '') : userPoolRegion(first);
  return { ...A, region };
}

function userPoolsOf(all: Link[], home: Where): Needed['userPools'] {
  const named = all.flatMap(({ userPools = [], userPoolRoleArn }) =>
    userPools.map((id) => ({
      id,
      account: accountOf(userPoolRoleArn) ?? home.account,
      region: userPoolRegion(id),
    })),
  );
  const updated = new Set(
    all.flatMap(({ issuer, userPools = [] }) =>
      issuer === 'updated' || issuer === 'both' ? userPools : [],
    ),
  );
  const tagged = all.flatMap(({ userPoolTags: tags }) => (tags ? [{ ...home, tags }] : []));
  return [
    ...distinct(named).map((pool) => ({ ...pool, isUpdated: updated.has(pool.id) })),
    ...distinct(tagged),
  ];
}

/** The roles that a role mapping sends to an identity pool, beside the one that its users get already. */
const mappedRoles = ({ roleMapping }: Link): string[] =>
  typeof roleMapping === 'object' ? roleMapping.rules.map(({ role }) => role) : [];

function linkRolesOf(
  all: Link[],
  trusted: string,
  roleNames: ReadonlyMap<string, string>,
): Stack[] {
  return [...grouped(all, ({ roleArn }) => roleArn)].map(([roleArn, links]) => {
    const { account, partition } = parseArn(roleArn);
    const ids = distinct(links.map(({ identityPool }) => identityPool));
    const mapping = links.filter(({ roleMapping }) => roleMapping !== undefined);
    const usersRole = (id: string) =>
      `arn:${partition}:iam::${account}:role/${roleNames.get(id) ?? ''}`;
    const roles = distinct(
      mapping.flatMap((link) => [usersRole(link.identityPool), ...mappedRoles(link)]),
    );
    return {
      where: { account, region: regionOf(ids[0] ?? '') },
      parameters: {
        TrustedAccountId: trusted,
        IdentityPoolIds: ids.join(','),
        ExternalId: links.find(({ externalId }) => externalId !== undefined)?.externalId ?? '',
        RoleName: nameOf(roleArn),
        RoleMappingRoleArns: roles.join(','),
        PrincipalTags: String(links.some(({ principalTags }) => principalTags !== undefined)),
      },
    };
  });
}

function readRolesOf(all: Link[], trusted: string): Stack[] {
  const others = grouped(all, ({ userPoolRoleArn }) => userPoolRoleArn ?? '');
  others.delete('');
  return [...others].map(([roleArn, links]) => {
    const ids = distinct(links.flatMap(({ userPools = [] }) => userPools));
    const { account } = parseArn(roleArn);
    return {
      where: { account, region: userPoolRegion(ids[0] ?? '') },
      parameters: {
        TrustedAccountId: trusted,
        UserPoolIds: ids.join(','),
        RoleName: nameOf(roleArn),
      },
    };
  });
}

/** What must exist so that these links can be deployed. The user pools that no role reads are Account-A's. */
export function neededBy(links: Links): Needed {
  const all = Object.values(links);
  const home = homeOf(all);
  const userPools = userPoolsOf(all, home);
  const pools = distinct(all.map(({ identityPool: id, roleArn }) => ({ id, roleArn })));
  const identityPools = pools.map(({ id, roleArn }, index) => ({
    id,
    account: parseArn(roleArn).account,
    region: regionOf(id),
    roleName: `customer-${index + 1}`,
  }));
  const roleNames = new Map(identityPools.map(({ id, roleName }) => [id, roleName]));
  const places = distinct(userPools.map(({ account, region }) => ({ account, region })));
  return {
    home,
    userPools,
    identityPools,
    linkRoles: linkRolesOf(all, home.account, roleNames),
    readRoles: readRolesOf(all, home.account),
    forwarders: places.filter(
      ({ account, region }) => account !== home.account || region !== home.region,
    ),
  };
}

/** A name of an app client that the link includes; undefined if its globs give none. */
export function clientNameFor({ clients }: Pick<Link, 'clients'>): string | undefined {
  const globs = clients.filter((glob) => !isExclusion(glob));
  return ['app', 'trial', 'x']
    .flatMap((word) => globs.map((glob) => glob.replaceAll(/\*+/g, word).replaceAll('?', '1')))
    .find((name) => globsInclude(clients, name));
}
