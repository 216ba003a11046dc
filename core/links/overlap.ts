import { tagsMatch } from './coverage.ts';
import { globsInclude, globsMeet, isExclusion, isLiteral, subsumes } from './glob.ts';
import type { Link } from './links.ts';

const inclusions = (globs: string[]): string[] => globs.filter((glob) => !isExclusion(glob));

const exclusions = (globs: string[]): string[] =>
  globs.filter(isExclusion).map((glob) => glob.slice(1));

function poolsWithin(inner: Link, outer: Link): boolean {
  const ids = new Set(outer.userPools);
  const named = (inner.userPools ?? []).every((id) => ids.has(id));
  const { userPoolTags: wanted } = inner;
  const tagged =
    wanted === undefined ||
    (outer.userPoolTags !== undefined && tagsMatch(outer.userPoolTags, wanted));
  return named && tagged;
}

function poolsMeet(a: Link, b: Link): boolean {
  const ids = new Set(a.userPools);
  if (b.userPools?.some((id) => ids.has(id))) return true;
  const { userPoolTags: one } = a;
  const { userPoolTags: other } = b;
  if (one === undefined || other === undefined) return false;
  return tagsMatch(one, other) || tagsMatch(other, one);
}

function clientsWithin(inner: string[], outer: string[]): boolean {
  if (inner.join('\n') === outer.join('\n')) return true;
  const included = inclusions(outer);
  return inclusions(inner).every((glob) =>
    isLiteral(glob)
      ? globsInclude(outer, glob)
      : included.length === outer.length && included.some((each) => subsumes(each, glob)),
  );
}

function clientsMeet(a: string[], b: string[]): boolean {
  const excluded = [...exclusions(a), ...exclusions(b)];
  const isExcluded = (glob: string): boolean => excluded.some((each) => subsumes(each, glob));
  return inclusions(a).some((one) =>
    inclusions(b).some((other) => {
      if (isLiteral(one)) return globsInclude(a, one) && globsInclude(b, one);
      if (isLiteral(other)) return globsInclude(a, other) && globsInclude(b, other);
      return globsMeet(one, other) && !isExcluded(one) && !isExcluded(other);
    }),
  );
}

/**
 * Whether one link covers every app client that another covers. True is certain. False may also mean that links.yml
 * alone does not show it.
 */
export const coversAllOf = (outer: Link, inner: Link): boolean =>
  poolsWithin(inner, outer) && clientsWithin(inner.clients, outer.clients);

/**
 * Whether two links can cover the same app client, judged by the file alone. It does not show which user pools have
 * the tags of both links, and an exclusion counts only if it excludes a whole glob.
 */
export const canMeet = (a: Link, b: Link): boolean =>
  poolsMeet(a, b) && clientsMeet(a.clients, b.clients);
