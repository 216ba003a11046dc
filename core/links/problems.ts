import { parseArn } from '../arn.ts';
import { grouped } from '../grouped.ts';
import { identityPoolRegion } from '../identity-pool/identity-pool.ts';
import { MOST_ROLE_MAPPINGS } from '../identity-pool/roles.ts';
import { choiceOf } from '../issuer.ts';
import { partitionNames, partitionOf, unknownRegion } from '../partitions.ts';
import { userPoolRegion } from '../user-pool.ts';
import { roleMappingOf } from './entry-settings.ts';
import { globsInclude, isExclusion, isLiteral, subsumes } from './glob.ts';
import { accountOf, type Link, type Links } from './links.ts';
import { coversAllOf } from './overlap.ts';

const named = (links: Links): [string, Link][] => Object.entries(links);

/** A problem in links.yml that the schema can't find, and its place. */
export interface Problem {
  path: string[];
  message: string;
}

const agreeing = ['roleArn', 'externalId', 'providerQuota'] as const;

/** Links to one identity pool that disagree on how to reach it. */
function disagreements(links: Links): Problem[] {
  const first = new Map<string, [string, Link]>();
  return named(links).flatMap(([name, link]) => {
    const [firstName, firstLink] = first.get(link.identityPool) ?? [name, link];
    first.set(link.identityPool, [firstName, firstLink]);
    return agreeing
      .filter((key) => link[key] !== firstLink[key])
      .map((key) => ({
        path: ['links', name, key],
        message: `must be the same as in links.${firstName}: both lead to one identity pool`,
      }));
  });
}

/** Links with user pools of another account that use tags, or that disagree on the account. */
function misplaced(links: Links): Problem[] {
  const first = new Map<string, [string, Link]>();
  return named(links).flatMap(([name, link]) => {
    const path = ['links', name, 'userPoolRoleArn'];
    if (link.userPoolRoleArn !== undefined && link.userPoolTags !== undefined) {
      const message =
        "is for userPools of another account, which userPoolTags can't select: make two links of it";
      return [{ path, message }];
    }
    const other = (link.userPools ?? []).flatMap((id) => {
      const [firstName, firstLink] = first.get(id) ?? [name, link];
      first.set(id, [firstName, firstLink]);
      return firstLink.userPoolRoleArn === link.userPoolRoleArn ? [] : [[id, firstName]];
    })[0];
    if (!other) return [];
    const [id, firstName] = other;
    return [{ path, message: `must be the same as in links.${firstName}: both name ${id}` }];
  });
}

/** Exclusions that exclude nothing, because no glob before them includes anything. */
const needlessExclusions = (links: Links): Problem[] =>
  named(links).flatMap(([name, { clients }]) => {
    const first = clients.findIndex((glob) => !isExclusion(glob));
    const leading = first === -1 ? clients : clients.slice(0, first);
    return leading.map((glob, i) => ({
      path: ['links', name, 'clients', String(i)],
      message: `is ${JSON.stringify(glob)}, which excludes nothing, because no glob before it includes anything: globs apply in order, so begin with what the link covers, for example "*"`,
    }));
  });

/** Links whose globs exclude everything that they include. */
const coveringNone = (links: Links): Problem[] =>
  named(links).flatMap(([name, { clients }]) => {
    const all = clients.every(
      (glob, i) =>
        isExclusion(glob) ||
        clients.slice(i + 1).some((later) => isExclusion(later) && subsumes(later.slice(1), glob)),
    );
    if (!all || clients.every(isExclusion)) return [];
    const message =
      'covers no app client: later globs with ! exclude everything that the globs before them include, so remove either';
    return [{ path: ['links', name, 'clients'], message }];
  });

interface MappedLink {
  name: string;
  link: Link;
  /** Its role mapping as text, to compare. */
  text: string;
}

/**
 * Each link with a role mapping, with the first earlier link that is related to it and has a different role
 * mapping.
 */
export function clashingMappings(
  links: Links,
  relates: (earlier: Link, later: Link) => boolean,
): { name: string; earlier: string }[] {
  const mapping = named(links).flatMap(([name, link]): MappedLink[] => {
    if (link.roleMapping === undefined) return [];
    return [{ name, link, text: JSON.stringify(roleMappingOf(link) ?? link.roleMapping) }];
  });
  return [...grouped(mapping, ({ link }) => link.identityPool).values()].flatMap((group) =>
    group.flatMap(({ name, link, text }, i) => {
      const earlier = group
        .slice(0, i)
        .find((other) => other.text !== text && relates(other.link, link));
      return earlier ? [{ name, earlier: earlier.name }] : [];
    }),
  );
}

/** Role mappings that never apply, because an earlier link covers the same app clients with a different one. */
const futileMappings = (links: Links): Problem[] =>
  clashingMappings(links, coversAllOf).map(({ name, earlier }) => ({
    path: ['links', name, 'roleMapping'],
    message: `never applies: links.${earlier} comes first, covers the same app clients and has a different one, so make both the same or put the narrower link first`,
  }));

/**
 * How many entries links ask for at least: one for each app client that they name, or one for each user pool; twice
 * as many with `issuer: both`.
 */
function fewestEntries(links: Link[]): number {
  const all = new Map<string, { names: Set<string>; choices: Link['issuer'][] }>();
  for (const { userPools = [], clients: globs, issuer } of links) {
    for (const id of userPools) {
      const { names = new Set<string>(), choices = [] } = all.get(id) ?? {};
      const literal = globs.filter((glob) => isLiteral(glob) && globsInclude(globs, glob));
      for (const name of literal) names.add(name);
      all.set(id, { names, choices: [...choices, issuer] });
    }
  }
  return [...all.values()].reduce((sum, { names, choices }) => {
    const entries = choiceOf(choices) === 'both' ? 2 : 1;
    return sum + Math.max(1, names.size) * entries;
  }, 0);
}

/** Role mappings that AWS would refuse. */
function impossibleMappings(links: Links): Problem[] {
  const mapping = named(links).filter(([, link]) => roleMappingOf(link) !== undefined);
  const tooMany = [...grouped(mapping, ([, { identityPool }]) => identityPool)].flatMap(
    ([identityPoolId, group]): Problem[] => {
      const count = fewestEntries(group.map(([, link]) => link));
      if (count <= MOST_ROLE_MAPPINGS) return [];
      const path = ['links', group.at(-1)?.[0] ?? '', 'roleMapping'];
      const message = `is one too many: the links to ${identityPoolId} ask for ${count} role mappings or more, and AWS allows ${MOST_ROLE_MAPPINGS} in an identity pool`;
      return [{ path, message }];
    },
  );
  const elsewhere = mapping.flatMap(([name, { roleMapping, roleArn }]): Problem[] => {
    const rules = typeof roleMapping === 'object' ? roleMapping.rules : [];
    const account = accountOf(roleArn);
    const other = rules.find(({ role }) => accountOf(role) !== account);
    const path = ['links', name, 'roleMapping'];
    const message = `names the role ${other?.role}, which is not in the identity pool's account ${account}`;
    return other ? [{ path, message }] : [];
  });
  return [...tooMany, ...elsewhere];
}

const tagsText = ({ principalTags }: Link): string => {
  const isMap = typeof principalTags === 'object';
  return JSON.stringify(isMap ? Object.entries(principalTags).sort() : principalTags);
};

/**
 * Links that disagree with an earlier link of the same user pool and identity pool about a key. A link without the
 * key leaves it to the others.
 */
function disputed(
  links: Links,
  key: 'principalTags' | 'issuer',
  { text, why }: { text: (link: Link) => string | undefined; why: string },
): Problem[] {
  const first = new Map<string, [string, Link]>();
  const saying = named(links).filter(([, link]) => link[key] !== undefined);
  return saying.flatMap(([name, link]) => {
    const other = (link.userPools ?? []).flatMap((id) => {
      const pair = `${link.identityPool} ${id}`;
      const [firstName, firstLink] = first.get(pair) ?? [name, link];
      first.set(pair, [firstName, firstLink]);
      return text(firstLink) === text(link) ? [] : [[id, firstName]];
    })[0];
    if (!other) return [];
    const [id, firstName] = other;
    const path = ['links', name, key];
    const message = `must be the same as in links.${firstName}: both name ${id}, and ${why}`;
    return [{ path, message }];
  });
}

/** The Regions in a link's ids, each with its path in the link. */
export const regionsIn = ({ identityPool, userPools = [] }: Link): [string[], string][] => [
  [['identityPool'], identityPoolRegion(identityPool)],
  ...userPools.map((id, i): [string[], string] => [['userPools', String(i)], userPoolRegion(id)]),
];

/** The Regions and ARNs of a link, with their places in it. */
function placesOf(
  link: Link,
): { path: string[]; region?: string; partition: string | undefined }[] {
  const { roleMapping } = link;
  const rules = typeof roleMapping === 'object' ? roleMapping.rules : [];
  const arns: [string[], string | undefined][] = [
    [['roleArn'], link.roleArn],
    [['userPoolRoleArn'], link.userPoolRoleArn],
    ...rules.map(({ role }, i): [string[], string] => [
      ['roleMapping', 'rules', String(i), 'role'],
      role,
    ]),
  ];
  return [
    ...regionsIn(link).map(([path, region]) => ({ path, region, partition: partitionOf(region) })),
    ...arns.flatMap(([path, arn]) =>
      arn === undefined ? [] : [{ path, partition: parseArn(arn).partition }],
    ),
  ];
}

/** Unknown Regions and partitions, and links across partitions: no role leads from one into another. */
const outOfReach = (links: Links): Problem[] =>
  named(links).flatMap(([name, link]) => {
    const home = partitionOf(identityPoolRegion(link.identityPool));
    return placesOf(link).flatMap(({ path, region, partition }) => {
      const at = ['links', name, ...path];
      if (region !== undefined && partition === undefined) {
        return [{ path: at, message: `can't be reached: ${unknownRegion(region)}` }];
      }
      if (partition === undefined || !partitionNames.includes(partition)) {
        const message = `is in the partition ${partition}, which Poolbridge does not know: it works in ${partitionNames.join(', ')}`;
        return [{ path: at, message }];
      }
      if (home === undefined || partition === home) return [];
      const message = `is in the partition ${partition}, but the identity pool is in ${home}: no role leads from one partition into another`;
      return [{ path: at, message }];
    });
  });

/** The problems of links that are each well-formed. */
export const problemsOf = (links: Links): Problem[] => [
  ...outOfReach(links),
  ...disagreements(links),
  ...misplaced(links),
  ...needlessExclusions(links),
  ...coveringNone(links),
  ...futileMappings(links),
  ...impossibleMappings(links),
  ...disputed(links, 'principalTags', {
    text: tagsText,
    why: 'an identity pool has one map for all clients of a user pool',
  }),
  ...disputed(links, 'issuer', {
    text: ({ issuer }) => issuer,
    why: 'they lead to one identity pool',
  }),
];
