import { parseArn } from '../../core/arn.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';

/** What notes on an entry are made from. */
type Noted = Omit<PoolReport['entries'][number], 'repair' | 'refused'>;

/** Who removed an entry: a role with its session, or a user, without the account. */
const removerOf = ({ removedBy }: Noted): string[] =>
  removedBy
    ? [`by ${parseArn(removedBy.principalArn).resource.replace(/^assumed-role\//, '')}`]
    : [];

/**
 * What is known about an entry beside its state, a few words each.
 *
 * @param recent the words for what was written within the last minute.
 */
export const notesOf = (entry: Noted, recent = 'just now'): string[] => [
  ...(entry.needsApproval ? ['needs approval'] : []),
  ...(entry.unlinked ? ['unlinked by request'] : []),
  ...(entry.recent ? [recent] : []),
  ...(entry.restored ? ['restored'] : []),
  ...(entry.braked ? ['no longer restored'] : []),
  ...removerOf(entry),
];

/** Why an entry is to be linked, if it is not new. */
export const whyLinked = (entry: Noted): string =>
  entry.state === 'removed' ? ['removed', ...removerOf(entry)].join(' ') : '';
