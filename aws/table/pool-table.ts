import { JudgedLinks } from './judged-links.ts';
import { LeaseItem } from './lease-item.ts';
import { Ledger } from './ledger.ts';
import { PoolChanges } from './pool-changes.ts';
import { PoolItems } from './pool-items.ts';
import { Rechecks } from './rechecks.ts';
import { Restores } from './restores.ts';
import { Room } from './room.ts';
import { WaitingRequests } from './waiting-requests.ts';
import { Writes } from './writes.ts';

/** What the table keeps of one identity pool. */
export class PoolTable {
  readonly lease: LeaseItem;
  readonly requests: WaitingRequests;
  readonly writes: Writes;
  readonly ledger: Ledger;
  readonly restores: Restores;
  readonly changes: PoolChanges;
  readonly rechecks: Rechecks;
  readonly room: Room;
  readonly judged: JudgedLinks;

  constructor(identityPoolId: string) {
    const items = new PoolItems(identityPoolId);
    this.lease = new LeaseItem(items);
    this.requests = new WaitingRequests(items);
    this.writes = new Writes(items);
    this.ledger = new Ledger(items);
    this.restores = new Restores(items);
    // The functions that write these may write nothing else: IAM limits them to this partition.
    const noted = new PoolItems(`changes#${identityPoolId}`);
    this.changes = new PoolChanges(noted);
    this.rechecks = new Rechecks(noted);
    this.room = new Room(noted);
    // Here, so that the function that only reads this can read nothing of the ledger.
    this.judged = new JudgedLinks(noted);
  }
}
