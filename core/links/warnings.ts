import { isObject } from '../shape.ts';
import { isExclusion } from './glob.ts';
import type { Link, Links } from './links.ts';
import { canMeet, coversAllOf } from './overlap.ts';
import { clashingMappings, type Problem, regionsIn } from './problems.ts';
import { isKnownRegion } from './regions.ts';

type NamedLink = [string, Link];

/** Regions that may be mistakes, or newer than this version. */
function unknownRegions([name, link]: NamedLink): Problem[] {
  return regionsIn(link)
    .filter(([, region]) => !isKnownRegion(region))
    .map(([path, region]) => ({
      path: ['links', name, ...path],
      message: `is in ${region}, which was not an AWS Region when this version was made: correct the id, unless the Region is newer`,
    }));
}

/** Globs with white space that a name in Cognito can have, but that is mostly a mistake. */
const strangeBlanks = ([name, { clients }]: NamedLink): Problem[] =>
  clients.flatMap((glob, i) => {
    const text = isExclusion(glob) ? glob.slice(1) : glob;
    if (text === text.trim() && !/[^\S ]/.test(text)) return [];
    const message = `is ${JSON.stringify(glob)}, which matches only names with the same blanks in the same places: remove the blanks if they are a mistake`;
    return [{ path: ['links', name, 'clients', String(i)], message }];
  });

/** Wildcards in tags, which must match exactly. */
const wildcardTags = ([name, { userPoolTags = {} }]: NamedLink): Problem[] =>
  Object.entries(userPoolTags)
    .filter((tag) => tag.some((text) => /[*?]/.test(text)))
    .map(([key, value]) => ({
      path: ['links', name, 'userPoolTags', key],
      message: `is ${JSON.stringify(value)}, but tags must match exactly: * and ? are not wildcards there, so write the whole tag`,
    }));

/** The same role for two purposes. The templates create a role for each. */
function sameRole([name, { roleArn, userPoolRoleArn }]: NamedLink): Problem[] {
  if (userPoolRoleArn !== roleArn) return [];
  const message =
    'is the same role as roleArn: resources/user-pool-account.yml creates a separate role that reads the user pools, and the role of resources/account-b.yml may not read them';
  return [{ path: ['links', name, 'userPoolRoleArn'], message }];
}

/** A link as text, the same for every order of its keys and user pools. */
function textOf(link: Link): string {
  const { userPools = [] } = link;
  return JSON.stringify({ ...link, userPools: [...userPools].sort() }, (_, value: unknown) =>
    isObject(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value,
  );
}

/** Links that differ only in name. Both names may be wanted while a link is renamed. */
function sameLinks(links: NamedLink[]): Problem[] {
  const first = new Map<string, string>();
  return links.flatMap(([name, link]) => {
    const text = textOf(link);
    const firstName = first.get(text) ?? name;
    first.set(text, firstName);
    if (firstName === name) return [];
    const message = `is the same as links.${firstName}: remove one, or correct the one that should be different`;
    return [{ path: ['links', name], message }];
  });
}

/**
 * Links with different role mappings that can cover the same client, where neither is an exception within the
 * other.
 */
const crossingMappings = (links: Links): Problem[] =>
  clashingMappings(
    links,
    (earlier, later) => canMeet(earlier, later) && !coversAllOf(later, earlier),
  ).map(({ name, earlier }) => ({
    path: ['links', name, 'roleMapping'],
    message: `differs from that of links.${earlier}, and both links can cover the same app client: the first in the file applies, so make both the same or put the exception in its own link before them`,
  }));

/** Links whose `onRemoved: restore` never applies. */
function futileRestores(links: NamedLink[]): Problem[] {
  const restoring = links.filter(([, { onRemoved }]) => onRemoved === 'restore');
  return restoring.flatMap(([name, link]) => {
    const outer = links.filter(
      ([, other]) => other.identityPool === link.identityPool && coversAllOf(other, link),
    );
    const path = ['links', name, 'onRemoved'];
    const [approving] = outer.find(([, { approval }]) => approval === 'required') ?? [];
    if (approving !== undefined) {
      const message = `never applies: links.${approving} requires approval for the same app clients, and reconcile leaves such changes to a person, so remove one of the two`;
      return [{ path, message }];
    }
    const [telling] = outer.find(([, { onRemoved }]) => onRemoved !== 'restore') ?? [];
    if (telling === undefined) return [];
    const message = `never applies: links.${telling} covers the same app clients without it, and an entry is restored only if all its links say so`;
    return [{ path, message }];
  });
}

/** What links.yml may contain, but is probably a mistake. */
export function warningsOf(links: Links): Problem[] {
  const all = Object.entries(links);
  return [
    ...all.flatMap((each) => [
      ...unknownRegions(each),
      ...strangeBlanks(each),
      ...wildcardTags(each),
      ...sameRole(each),
    ]),
    ...sameLinks(all),
    ...crossingMappings(links),
    ...futileRestores(all),
  ];
}
