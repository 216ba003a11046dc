import { grouped } from '../grouped.ts';
import { type Change, isEntryChange } from './changes.ts';
import { entryKey } from './identity-pool.ts';
import { sameMapping, sameTags } from './roles.ts';

/** What a change is about: an entry, its role mapping, or the principal tags of its user pool. */
export function subjectOf(change: Change): string {
  if (isEntryChange(change)) return `entry ${entryKey(change.provider)}`;
  const kind = 'roleMapping' in change ? 'mapping' : 'tags';
  return `${kind} ${entryKey(change.provider)}`;
}

/** Whether two changes about the same subject are about the same value of it. */
function sameValue(a: Change, b: Change): boolean {
  if (isEntryChange(a) && isEntryChange(b)) {
    return (
      (a.provider.ServerSideTokenCheck ?? false) === (b.provider.ServerSideTokenCheck ?? false)
    );
  }
  if ('roleMapping' in a && 'roleMapping' in b) return sameMapping(a.roleMapping, b.roleMapping);
  return 'principalTags' in a && 'principalTags' in b && sameTags(a.principalTags, b.principalTags);
}

/** The changes about one subject, in their order, that the identity pool never shows. */
function cancelledOf(all: Change[], isShown: (change: Change) => boolean): Change[] {
  const changes = all[0] && isShown(all[0]) ? all.slice(1) : all;
  const [first, last] = [changes[0], changes.at(-1)];
  if (!first || !last) return [];
  // Each change is the opposite of the one before it.
  if (changes.length % 2 === 1) return changes.slice(0, -1);
  const wasThere = ['remove', 'unmap', 'untag'].includes(first.op);
  return wasThere && !sameValue(first, last) ? changes.slice(1, -1) : changes;
}

/**
 * Finds the changes of a common write that cancel each other, so that the identity pool never shows
 * them: an entry that one request adds and a later one removes, or the other way round.
 *
 * @param shares the changes of each request, in the order in which they are merged.
 * @param isShown whether the identity pool shows a change by now, since an earlier attempt has made it.
 * @returns for each request, those of its own changes that are cancelled.
 */
export function cancelledIn(
  shares: Change[][],
  isShown: (change: Change) => boolean = () => false,
): Change[][] {
  const bySubject = grouped(shares.flat(), subjectOf);
  const cancelled = new Set([...bySubject.values()].flatMap((all) => cancelledOf(all, isShown)));
  return shares.map((changes) => changes.filter((change) => cancelled.has(change)));
}
