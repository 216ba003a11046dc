/**
 * The protocol by its decisions of order that are in aws/ and functions/, and not in core/: each with the
 * lines that it stands for. A mistake is a protocol in which one of them is not so.
 */
export interface Protocol {
  /** `#make` in aws/write/pool-writer.ts: the lease is held until the call has been read back. */
  holdsUntilReadBack: boolean;
  /** `#make` in aws/write/pool-writer.ts, OLDEST_LOOK: a look that is older than a second is not written. */
  looksAgain: boolean;
  /** `intend` in aws/table/lease-item.ts: its condition on the nonce. */
  intendsOnlyAsHolder: boolean;
  /** `run` in aws/write/critical-section.ts: after UnresolvedWriteError the lease runs out by itself. */
  keepsLeaseWhenUnresolved: boolean;
  /** `enter` in aws/table/ledger.ts: its condition on the sequence. */
  entersInOrder: boolean;
  /** `unanswered` in aws/write/gathering.ts: a request that has its answer is not written again. */
  dropsAnswered: boolean;
  /** `#write` in aws/write/critical-section.ts: its first line. */
  looksUnderLease: boolean;
  /** `answer` in aws/table/waiting-requests.ts: the answer is put down, and only then the request is forgotten. */
  answersFirst: boolean;
  /**
   * `giveAnswers` in aws/write/answers.ts: requests about one entry are answered in their order. Once it was so
   * for those alone that cancel each other, which were answered before the others.
   */
  answersInOrder: 'all' | 'cancelled' | 'none';
  /** `#write` in aws/write/critical-section.ts: after a refusal, what is earlier about the same goes with the own. */
  keepsEarlier: boolean;
  /** `#settle` in aws/write/critical-section.ts: core/write/settlement.ts says which shares are done. */
  settlesWhatIsThere: boolean;
  /** `confirm` in functions/reconcile-identity-pool.ts: the ledger is asked again under the lease. */
  confirmsRepairs: boolean;
  /** `gather` in aws/write/gathering.ts: the repairs of reconcile come before those that wait. */
  repairsFirst: boolean;
  /** `#gather` in aws/write/critical-section.ts: deletions come last. */
  putsDeletionsLast: boolean;
  /** `writeSafely` in aws/write/safe-write.ts: a request that is asked for again goes on waiting. */
  keepsPendingWhenBusy: boolean;
  /** `describe` in aws/write/pool-writer.ts: what core/write/lease.ts calls doubtful is read again. */
  doubts: boolean;
  /** `release` in aws/table/lease-item.ts: the item goes on naming a write that is unsettled. */
  keepsWriting: boolean;
  /** `#isDeleted` in aws/write/critical-section.ts: the ledger is asked for a deletion under the lease. */
  looksForDeletion: boolean;
}

/** The protocol of the product. */
export const PRODUCT: Protocol = {
  holdsUntilReadBack: true,
  looksAgain: true,
  intendsOnlyAsHolder: true,
  keepsLeaseWhenUnresolved: true,
  entersInOrder: true,
  dropsAnswered: true,
  looksUnderLease: true,
  answersFirst: true,
  answersInOrder: 'all',
  keepsEarlier: true,
  settlesWhatIsThere: true,
  confirmsRepairs: true,
  repairsFirst: true,
  putsDeletionsLast: true,
  keepsPendingWhenBusy: true,
  doubts: true,
  keepsWriting: true,
  looksForDeletion: true,
};
