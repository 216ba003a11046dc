import { isObject } from '../shape.ts';
import { isExclusion } from './glob.ts';
import type { Link, Links } from './links.ts';
import { canMeet, coversAllOf } from './overlap.ts';
import { clashingMappings, type Problem, regionsIn } from './problems.ts';
import { isKnownRegion } from './regions.ts';

type NamedLink = [string, Link];

/** Regions that may be a mistake, or newer than this version. */
function unknownRegions([name, link]: NamedLink): Problem[] {
  return regionsIn(link)
    .filter(([, region]) => !isKnownRegion(region))
    .map(([path, region]) => ({
      path: ['links', name, ...path],
      message: `is in ${region}, which was no AWS Region when this version was made: correct the id, unless the Region is newer`,
    }));
}

/** Globs with blanks that a name of Cognito can have, but that are mostly slips. */
const strangeBlanks = ([name, { clients }]: NamedLink): Problem[] =>
  clients.flatMap((glob, i) => {
    const text = isExclusion(glob) ? glob.slice(1) : glob;
    if (text === text.trim() && !/[^\S ]/.test(text)) return [];
    const message = `is ${JSON.stringify(glob)}, which matches only names with the same blanks at the same places: remove blanks that are not meant`;
    return [{ path: ['links', name, 'clients', String(i)], message }];
  });

/** Wildcards in tags, which are compared to the letter. */
const wildcardTags = ([name, { userPoolTags = {} }]: NamedLink): Problem[] =>
  Object.entries(userPoolTags)
    .filter((tag) => tag.some((text) => /[*?]/.test(text)))
    .map(([key, value]) => ({
      path: ['links', name, 'userPoolTags', key],
      message: `is ${JSON.stringify(value)}, and tags are compared to the letter: * and ? stand for nothing else in them, so write the whole tag`,
    }));

/** One role for two jobs, for which the templates make two. */
function sameRole([name, { roleArn, userPoolRoleArn }]: NamedLink): Problem[] {
  if (userPoolRoleArn !== roleArn) return [];
  const message =
    'is the same role as roleArn: resources/user-pool-account.yml makes a role of its own that reads the user pools, and the role of resources/account-b.yml may not';
  return [{ path: ['links', name, 'userPoolRoleArn'], message }];
}

/** A link as a text that is the same whatever the order of its keys and user pools. */
function textOf(link: Link): string {
  const { userPools = [] } = link;
  return JSON.stringify({ ...link, userPools: [...userPools].sort() }, (_, value: unknown) =>
    isObject(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value,
  );
}

/** Links that differ by name alone. While a link is renamed both names may be wanted. */
function sameLinks(links: NamedLink[]): Problem[] {
  const first = new Map<string, string>();
  return links.flatMap(([name, link]) => {
    const text = textOf(link);
    const firstName = first.get(text) ?? name;
    first.set(text, firstName);
    if (firstName === name) return [];
    const message = `says the same as links.${firstName}: remove one, or correct what was to be different`;
    return [{ path: ['links', name], message }];
  });
}

/**
 * Links with different role mappings of which neither is an exception within the other, though a client
 * can be covered by both.
 */
const crossingMappings = (links: Links): Problem[] =>
  clashingMappings(
    links,
    (earlier, later) => canMeet(earlier, later) && !coversAllOf(later, earlier),
  ).map(({ name, earlier }) => ({
    path: ['links', name, 'roleMapping'],
    message: `differs from that of links.${earlier}, and both links can cover the same app client: the first in the file counts, so make both the same or put the exception in a link of its own before them`,
  }));

/** What links.yml may say, but probably means otherwise. */
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
  ];
}
