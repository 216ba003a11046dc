import { isDeepStrictEqual } from 'node:util';
import type { Link, Links } from './links.ts';

/** One key of a link that differs, with its value in each of the two; undefined where it has none. */
interface ChangedKey {
  key: string;
  before: unknown;
  after: unknown;
}

/** What happens to a link between two versions of links.yml. */
export type LinkChange =
  | { op: 'add' | 'remove'; link: string }
  | { op: 'change'; link: string; keys: ChangedKey[] };

function changedKeys(before: Link, after: Link): ChangedKey[] {
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((key) => ({ key, before: old.get(key), after: now.get(key) }))
    .filter((each) => !isDeepStrictEqual(each.before, each.after));
}

/** What differs between two versions of links.yml, by link and key; see {@link isReordered} for their order. */
export function linkChanges(before: Links, after: Links): LinkChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((link): LinkChange[] => {
    const [old, now] = [before[link], after[link]];
    if (!old) return [{ op: 'add', link }];
    if (!now) return [{ op: 'remove', link }];
    const keys = changedKeys(old, now);
    return keys.length > 0 ? [{ op: 'change', link, keys }] : [];
  });
}

/**
 * Whether the links that two versions of links.yml have in common stand in another order. The first link that sets a
 * role mapping or principal tags for an entry decides them.
 */
export function isReordered(before: Links, after: Links): boolean {
  const inBoth = (one: Links, other: Links) =>
    Object.keys(one).filter((name) => Object.hasOwn(other, name));
  return !isDeepStrictEqual(inBoth(before, after), inBoth(after, before));
}
