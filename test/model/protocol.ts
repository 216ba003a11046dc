/**
 * The rules of order in the protocol that are in aws/ and functions/, not in core/, each with the code that it
 * stands for. A mistake is a protocol in which one of these rules is broken.
 */
export interface Protocol {
  /** `#make` in aws/write/pool-writer.ts: the lease is held until the call has been read back. */
  holdsUntilReadBack: boolean;
  /** `#make` in aws/write/pool-writer.ts, OLDEST_LOOK: no write uses a look that is older than a second. */
  looksAgain: boolean;
  /** `intend` in aws/table/lease-item.ts: its condition on the nonce. */
  intendsOnlyAsHolder: boolean;
  /** `run` in aws/write/critical-section.ts: after UnresolvedWriteError the lease expires by itself. */
  keepsLeaseWhenUnresolved: boolean;
  /** `enter` in aws/table/ledger.ts: its condition on the sequence. */
  entersInOrder: boolean;
  /** `unanswered` in aws/write/gathering.ts: a request that has an answer is not written again. */
  dropsAnswered: boolean;
  /** `#write` in aws/write/critical-section.ts: its first line. */
  looksUnderLease: boolean;
  /** `answer` in aws/table/waiting-requests.ts: a request is forgotten only after its answer is stored. */
  answersFirst: boolean;
  /**
   * `giveAnswers` in aws/write/answers.ts: requests about one entry are answered in their order. `cancelled`: only
   * requests that cancel each other are, and they are answered before the others.
   */
  answersInOrder: 'all' | 'cancelled' | 'none';
  /** `#write` in aws/write/critical-section.ts: after a refusal, earlier requests about the same entry stay. */
  keepsEarlier: boolean;
  /** `#settle` in aws/write/critical-section.ts: core/write/settlement.ts says which shares are done. */
  settlesWhatIsThere: boolean;
  /** `confirm` in functions/reconcile-identity-pool.ts: the ledger is asked again under the lease. */
  confirmsRepairs: boolean;
  /** `gather` in aws/write/gathering.ts: the repairs of reconcile come before waiting requests. */
  repairsFirst: boolean;
  /** `#gather` in aws/write/critical-section.ts: deletions come last. */
  putsDeletionsLast: boolean;
  /** `writeSafely` in aws/write/safe-write.ts: a repeated request keeps its place. */
  keepsPendingWhenBusy: boolean;
  /** `describe` in aws/write/pool-writer.ts: a description that core/write/lease.ts calls doubtful is read again. */
  doubts: boolean;
  /** `release` in aws/table/lease-item.ts: the item keeps the name of an unsettled write. */
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
