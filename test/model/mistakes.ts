import { bound, faults } from './bounds.ts';
import { PRODUCT, type Protocol } from './protocol.ts';
import { type Bound, DELETE_A, LINK_A, LINK_B, UNLINK_A, UNLINK_B } from './world.ts';

/** A mistake in the protocol, and the smallest bound in which the check detects it. */
export interface Mistake {
  name: string;
  protocol: Protocol;
  bound: Bound;
  /** The violation that the check must find. */
  sees: RegExp;
}

const without = (decision: Exclude<keyof Protocol, 'answersInOrder'>): Protocol => ({
  ...PRODUCT,
  [decision]: false,
});

/** Mistakes of order that were made in the code, or almost: the check must detect each of them. */
export const mistakes: Mistake[] = [
  {
    name: 'the lease is given back before the read-back',
    protocol: without('holdsUntilReadBack'),
    bound: bound([LINK_A, LINK_B]),
    sees: /two write/,
  },
  {
    name: 'a write uses an old look at the pool',
    protocol: without('looksAgain'),
    bound: bound([LINK_B], { faults: faults('foreign') }),
    sees: /foreign setting is undone/,
  },
  {
    name: 'an execution records a write without holding the lease',
    protocol: without('intendsOnlyAsHolder'),
    bound: bound([LINK_A, LINK_B], { faults: faults('stall') }),
    sees: /two write/,
  },
  {
    name: 'the lease is given back after a write whose result is unknown',
    protocol: without('keepsLeaseWhenUnresolved'),
    bound: bound([LINK_B, UNLINK_B], { faults: faults('lost', 'foreign') }),
    sees: /./,
  },
  {
    name: 'the ledger takes entries in any order',
    protocol: without('entersInOrder'),
    bound: bound([LINK_A, UNLINK_A], { faults: faults('stall') }),
    sees: /the ledger has unlinked/,
  },
  {
    name: 'a waiting request that has its answer is written again',
    protocol: without('dropsAnswered'),
    bound: bound([LINK_A, LINK_B, UNLINK_A]),
    sees: /done again/,
  },
  {
    name: 'an execution does not look for an answer under the lease',
    protocol: without('looksUnderLease'),
    bound: bound([LINK_A, LINK_B, UNLINK_A], { waiting: true }),
    sees: /done again|is replaced/,
  },
  {
    name: 'requests about one entry are answered in any order',
    protocol: { ...PRODUCT, answersInOrder: 'none' },
    bound: bound([LINK_A, UNLINK_A], { waiting: true, faults: faults('crash') }),
    sees: /came last/,
  },
  {
    name: 'only requests that cancel each other are answered in their order',
    protocol: { ...PRODUCT, answersInOrder: 'cancelled' },
    bound: bound([LINK_A, LINK_A, UNLINK_A], { waiting: true, faults: faults('crash') }),
    sees: /UNLINKED was reported .* there at the end/,
  },
  {
    name: 'a request is written alone after a refusal, before an earlier one about the same entry',
    protocol: without('keepsEarlier'),
    bound: bound([LINK_A, UNLINK_A], {
      waiting: true,
      linkedBefore: true,
      faults: faults('refused'),
    }),
    sees: /UNLINKED was reported .* there at the end/,
  },
  {
    name: 'an unsettled write counts as made without a look at the pool',
    protocol: without('settlesWhatIsThere'),
    bound: bound([LINK_A], { faults: faults('lost') }),
    sees: /no role mapping|is not there/,
  },
  {
    name: 'reconcile does not ask the ledger again under the lease',
    protocol: without('confirmsRepairs'),
    bound: bound([LINK_A, UNLINK_A], { reconcile: true }),
    sees: /UNLINKED was reported .* there at the end/,
  },
  {
    name: 'reconcile links again what the same write unlinks',
    protocol: without('repairsFirst'),
    bound: bound([LINK_A, UNLINK_A], { waiting: true, reconcile: true }),
    sees: /UNLINKED was reported .* there at the end/,
  },
  {
    name: 'deletions are not last',
    protocol: without('putsDeletionsLast'),
    bound: bound([LINK_A, DELETE_A]),
    sees: /deleted is there/,
  },
  {
    name: 'a request that is repeated loses its place',
    protocol: without('keepsPendingWhenBusy'),
    bound: bound([LINK_A, LINK_B, UNLINK_A]),
    sees: /came last/,
  },
  {
    name: 'an old description is trusted',
    protocol: without('doubts'),
    bound: bound([LINK_A, LINK_B]),
    sees: /its writer has not seen/,
  },
  {
    name: 'the lease forgets an unsettled write',
    protocol: without('keepsWriting'),
    bound: bound([LINK_B], { faults: faults('foreign') }),
    sees: /no write is known as unsettled/,
  },
  {
    name: 'the ledger is not asked for a deletion under the lease',
    protocol: without('looksForDeletion'),
    bound: bound([LINK_A, DELETE_A]),
    sees: /deleted is there/,
  },
];

/**
 * Mistakes that do no harm, because another rule covers for the one that is left out. The execution of a
 * request that was forgotten without an answer repeats it. It then finds its answer, or settles the write
 * first and finds the answer of that. If the request was left to wait again in the meantime, it is dropped
 * because it has an answer.
 */
export const harmless: Omit<Mistake, 'sees'>[] = [
  {
    name: 'a request is forgotten before its answer is stored',
    protocol: without('answersFirst'),
    bound: bound([LINK_A, UNLINK_A], { faults: faults('crash') }),
  },
];
