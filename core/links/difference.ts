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

/** What differs between two versions of links.yml, by link and key. The order of the links does not count. */
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
