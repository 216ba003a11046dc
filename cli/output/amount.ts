import { isFaulty, type TargetReport } from '../../core/request/outcome.ts';
import { counted } from '../../core/sentence.ts';
import type { ReconcileReport } from './reconcile-table.ts';

/** How much a plan would change. */
export interface Amount {
  /** Entries. */
  add: number;
  remove: number;
  /** Role mappings and principal tags, of entries that are there. */
  beside: number;
  /** Repairs that the write would refuse; of a request, the identity pools where it would fail. */
  refused: number;
  /** Changes that a person would have to approve. */
  needApproval: number;
  /** Whether there is no room to say how many more there are. */
  isAtLeast: boolean;
}

/** How much a dry run of `link` would change. */
export function amountOfResults(results: TargetReport[]): Amount {
  const planned = results.flatMap((each) => (each.outcome === 'PLANNED' ? [each] : []));
  const counted = planned.flatMap(({ changes }) =>
    changes.map((change) => ({
      op: change.op,
      count: 'clientIds' in change ? change.clientIds.length : 1,
    })),
  );
  const sumOf = (...ops: string[]): number =>
    counted.reduce((sum, { op, count }) => sum + (ops.includes(op) ? count : 0), 0);
  return {
    add: sumOf('add'),
    remove: sumOf('remove'),
    beside: sumOf('map', 'unmap', 'tag', 'untag'),
    refused: planned.filter(isFaulty).length,
    needApproval: planned.filter((each) => !isFaulty(each) && each.needsApproval).length,
    isAtLeast: false,
  };
}

/** How much a repair would change. */
export function amountOfReport({ identityPools = [] }: ReconcileReport): Amount {
  const pools = identityPools.flatMap((pool) => ('entries' in pool ? [pool] : []));
  const entries = pools.flatMap((pool) => pool.entries);
  const done = entries.filter(({ refused }) => refused === undefined);
  return {
    add: done.filter(({ repair }) => repair === 'link').length,
    remove: done.filter(({ repair }) => repair === 'unlink').length,
    beside: 0,
    refused: entries.length - done.length,
    needApproval: entries.filter(({ needsApproval }) => needsApproval).length,
    isAtLeast: pools.some(({ omitted = 0 }) => omitted > 0),
  };
}

/** Whether applying a plan would change anything. */
export const changesAnything = ({ add, remove, beside }: Amount): boolean =>
  add + remove + beside > 0;

const some = (count: number, one: string, many = one): string[] =>
  count > 0 ? [counted(count, one, many)] : [];

/** How much a plan changes, as one sentence. */
export function amountSentence(amount: Amount): string {
  const { add, remove, beside, refused, needApproval, isAtLeast } = amount;
  const parts = [
    ...some(add, 'to add'),
    ...some(remove, 'to remove'),
    ...some(
      beside,
      'role mapping or principal tag to change',
      'role mappings or principal tags to change',
    ),
    ...some(refused, 'refused'),
    ...some(needApproval, 'to be approved'),
  ];
  return `${isAtLeast ? 'At least ' : ''}${parts.join(', ') || 'Nothing to change'}.`;
}

/** The last line of a plan: how much changes, and the command that applies it. */
export const amountLine = (amount: Amount, apply: string): string =>
  changesAnything(amount) ? `${amountSentence(amount)} To apply: ${apply}` : amountSentence(amount);
