import links from '#links';
import { type OpenIdentityPool, openIdentityPool } from '../aws/clients/identity-pool.ts';
import { logger } from '../aws/lambda/logger.ts';
import { type Context, step } from '../aws/lambda/step.ts';
import { inParallel } from '../aws/pace/in-parallel.ts';
import { sleep } from '../aws/pace/sleep.ts';
import { Inventory } from '../aws/table/inventory.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import type { RecordedWrite } from '../aws/table/writes.ts';
import { allowedByLinks } from '../aws/write/allowed.ts';
import { Restoring } from '../aws/write/restoring.ts';
import { writeSafely } from '../aws/write/safe-write.ts';
import { ProviderQuotaError } from '../core/errors.ts';
import { executionOf } from '../core/execution.ts';
import { digestOf } from '../core/identity-pool/digest.ts';
import { entryKey, type IdentityPool } from '../core/identity-pool/identity-pool.ts';
import type { Intent } from '../core/identity-pool/merge.ts';
import { namesIn } from '../core/issuer.ts';
import { accessTo } from '../core/links/coverage.ts';
import { doesRestore, type Links, linksTo } from '../core/links/links.ts';
import { linksDigest } from '../core/reconcile/changed-links.ts';
import {
  classify,
  type Finding,
  type Removal,
  repairsOf,
  stillHolds,
  type UserPoolListing,
} from '../core/reconcile/classify.ts';
import { foreseenRefusals } from '../core/reconcile/foreseen.ts';
import { issuersOf, wantedNames } from '../core/reconcile/issuers.ts';
import { type Listing, type PlannedPool, reaches, unlistedFor } from '../core/reconcile/plan.ts';
import {
  faultsOf,
  type PoolReport,
  poolReport,
  type Repair,
} from '../core/reconcile/pool-report.ts';
import {
  absentEntries,
  keptRemovals,
  type RemovedEntry,
  removedEntries,
  withRestored,
} from '../core/reconcile/removed.ts';
import type { Restore } from '../core/reconcile/restore.ts';
import { sha256 } from '../core/sha256.ts';
import { refusalOf } from '../core/write/batch.ts';
import { isDoubtful } from '../core/write/lease.ts';
import { markOf, withoutMarks, wrongMarks } from '../core/write/marks.ts';
import {
  type Allowed,
  changesBy,
  type LedgerEntry,
  ledgerEntriesOf,
} from '../core/write/records.ts';
import { settlementOf, unfinishedEntries } from '../core/write/settlement.ts';

interface Asked {
  execution: string;
  /** When listing began, in epoch milliseconds. */
  since: number;
  identityPool: PlannedPool;
  repair: boolean;
  regions: string[];
  /** The results of listing the user pools. */
  found: Listing[];
}

// How often a pool is read that Cognito may show in an old state, and how many milliseconds apart.
const READS = 4;
const APART = 700;

/** Reads the pool: once, unless a write of ours may be too recent for Cognito to show it. */
async function undoubtedPool(
  pool: OpenIdentityPool,
  table: PoolTable,
  providerNames: string[],
): Promise<IdentityPool> {
  const { last } = await table.lease.written();
  for (let reads = 1; ; reads++) {
    const now = await pool.describe(providerNames);
    if (!isDoubtful(last, digestOf(now), Date.now()) || reads === READS) return now;
    await sleep(APART);
  }
}

/** The unsettled write to the pool, if there is one. */
async function unsettledWrite(table: PoolTable): Promise<RecordedWrite | undefined> {
  const { unsettled } = await table.lease.written();
  return unsettled && (await table.writes.recorded(unsettled.write));
}

/** The lists of the user pools that the links to an identity pool may cover. */
async function readListings({ execution, found: listings }: Asked, leading: Links) {
  const inventory = new Inventory(execution);
  const all = listings.flatMap(({ listed = [] }) => listed);
  const reached = all.filter((each) => each[1] !== '' && reaches(leading, each));
  const listed = new Map<string, UserPoolListing>();
  await inParallel(reached, async (each) => {
    listed.set(each[0], await inventory.read(each));
  });
  const unlisted = listings.flatMap(({ refused = [], unlisted: ids }) => [
    ...refused.map(([userPoolId]) => userPoolId),
    ...ids,
  ]);
  const existing = new Set(all.map(([userPoolId]) => userPoolId));
  return { listed, existing, unlisted: new Set(unlisted) };
}

/** The repairs, as requests of this execution. */
const requestsOf = (execution: string, findings: Finding[]): Allowed[] =>
  repairsOf(findings).map(({ intent, provider, links: names, clientName }) => {
    const source = `${execution} ${entryKey(provider)}`;
    const key = sha256(source).slice(0, 32);
    const name = clientName === undefined ? {} : { clientName };
    return { key, intent, execution, links: names, ...name };
  });

interface Repairs {
  own: Allowed[];
  /** The ledger entries of what others removed. */
  lost: LedgerEntry[];
  wrong: LedgerEntry[];
  table: PoolTable;
}

const keyOf = ({ providerName, clientId = '' }: Intent): string =>
  entryKey({ providerName, clientId });

/** Writes the repairs in one write, onto the pool as it is by then. */
async function write(
  { execution, identityPool }: Asked,
  { own, lost, wrong, table }: Repairs,
  context: Context,
): Promise<Repair['refused']> {
  const { identityPoolId, room } = identityPool;
  const access = accessTo(links, identityPoolId);
  const where = executionOf(execution);
  const pool = await openIdentityPool(where, identityPoolId, access, 'write');
  const { refused } = await writeSafely(
    { execution, own, quota: access.providerQuota, room },
    {
      pool,
      table,
      allow: (pending, until) => allowedByLinks(links, pending, { identityPoolId, where, until }),
      async confirm(wanted) {
        const ledger = withoutMarks(await table.ledger.all(), wrong);
        // An unsettled write may have unlinked by request what seems to be lost, and the ledger does not have it yet.
        const isUnsure = lost.length > 0 && (await unsettledWrite(table)) !== undefined;
        const before = new Map(isUnsure ? [] : lost.map((entry) => [entryKey(entry), entry]));
        return wanted.filter(({ intent }) => stillHolds(intent, ledger, before.get(keyOf(intent))));
      },
      left: () => context.getRemainingTimeInMillis(),
    },
  );
  const isFull = [...(refused?.values() ?? [])].some(
    (each) => refusalOf(each) instanceof ProviderQuotaError,
  );
  if (isFull) await table.room.remember();
  return new Map(
    own.flatMap(({ key, intent }) => {
      const refusal = refused?.get(key);
      return refusal ? [[keyOf(intent), refusal]] : [];
    }),
  );
}

interface Judged {
  findings: Finding[];
  ledger: LedgerEntry[];
  wrong: LedgerEntry[];
  restores: ReadonlyMap<string, Restore>;
}

/** The repairs that were made, from the ledger: an earlier attempt may have written and then failed. */
async function repaired(
  event: Asked,
  { findings, ledger, wrong, restores }: Judged,
  context: Context,
): Promise<Repair & { restored: Restore[] }> {
  const { execution, identityPool } = event;
  const table = new PoolTable(identityPool.identityPoolId);
  const restoring = new Restoring(table, execution, restores);
  const own = requestsOf(execution, await restoring.note(findings));
  const clear = () => inParallel(wrong, async (mark) => void (await table.ledger.clearMark(mark)));
  const ended = (known: LedgerEntry[], refused: Repair['refused']) => ({
    changes: changesBy(execution, known),
    refused,
    restored: restoring.made(known),
  });
  if (own.length === 0) {
    await clear();
    return ended(ledger, new Map());
  }
  const lost = findings.flatMap((finding) => finding.lost ?? []);
  let refused: Repair['refused'];
  try {
    refused = await write(event, { own, lost, wrong, table }, context);
  } finally {
    await restoring.settle();
  }
  await clear();
  return ended(await table.ledger.all(), refused);
}

/** What the ledger would say if the unsettled write were settled now, and the entries that it left unfinished. */
function asSettled(
  { record, shares }: RecordedWrite,
  pool: IdentityPool,
  quota: number,
): { known: LedgerEntry[]; unfinished: ReadonlySet<string> } {
  const { done } = settlementOf(pool, shares, [], quota);
  const known = done.flatMap((share) => ledgerEntriesOf(share, record.sequence, Date.now()));
  return { known, unfinished: unfinishedEntries(pool, shares) };
}

/** What events reported about the removal of entries of ours. */
async function removalsIn(
  pool: IdentityPool,
  ledger: LedgerEntry[],
  { table, roleArn }: { table: PoolTable; roleArn: string },
): Promise<ReadonlyMap<string, Removal>> {
  const absent = absentEntries(pool, ledger);
  if (absent.length === 0) return new Map();
  const since = Math.min(...absent.map(({ time }) => time));
  return keptRemovals(absent, await table.changes.since(since - 1000), roleArn);
}

/** The report of an identity pool, and the entries that others removed, if any. */
interface Found {
  report: PoolReport;
  removed?: RemovedEntry[];
}

/** Compares one identity pool with links.yml, the user pools and the ledger, and repairs it. */
async function reconciled(event: Asked, context: Context): Promise<Found> {
  const { execution, since, identityPool, repair, regions, found: listings } = event;
  const { identityPoolId } = identityPool;
  const leading = linksTo(links, identityPoolId);
  const access = accessTo(links, identityPoolId);
  const where = executionOf(execution);
  const lists = await readListings(event, leading);
  const reader = await openIdentityPool(where, identityPoolId, access, 'read');
  const table = new PoolTable(identityPoolId);
  let unsettled = await unsettledWrite(table);
  if (repair && unsettled) {
    // Settle it whether or not there is more to do.
    await write(event, { own: [], lost: [], wrong: [], table }, context);
    unsettled = await unsettledWrite(table);
  }
  // Read the ledger before the pool. An entry may then be in the pool and not yet in the ledger, but not the other
  // way round.
  const known = await table.ledger.all();
  const wrong = wrongMarks(known, { ...lists, since, partition: where.partition });
  if (wrong.length > 0) logger.warn('what counted as deleted exists', { marks: wrong.map(markOf) });
  const ledger = withoutMarks(known, wrong);
  const providerNames = [
    ...wantedNames({ links: leading, listed: lists.listed }, where.partition),
    ...ledger.map(({ providerName }) => providerName),
    ...(unsettled?.shares ?? []).flatMap(({ intent }) => namesIn(intent)),
  ];
  const pool = await undoubtedPool(reader, table, providerNames);
  const restores: ReadonlyMap<string, Restore> = doesRestore(leading)
    ? await table.restores.all()
    : new Map();
  const settled = unsettled && asSettled(unsettled, pool, access.providerQuota);
  const entries = [...ledger, ...(settled?.known ?? [])];
  const { roleArn } = access;
  const findings = classify({
    ...lists,
    links: leading,
    regions,
    since,
    partition: where.partition,
    pool,
    ledger: entries,
    restores,
    removals: await removalsIn(pool, entries, { table, roleArn }),
    ...(settled && { unfinished: settled.unfinished }),
  });
  const made = repair
    ? await repaired(event, { findings, ledger, wrong, restores }, context)
    : undefined;
  const foreseen = repair
    ? undefined
    : foreseenRefusals(pool, findings, access.providerQuota, execution);
  const ended = withRestored(findings, made?.restored ?? []);
  const judged = { foreseen, repair: made, notListed: unlistedFor(leading, listings) };
  const report = poolReport(identityPool, ended, {
    ...judged,
    wrongMarks: wrong.length,
    quota: access.providerQuota,
    issuers: issuersOf({ links: leading, listed: lists.listed }),
  });
  logger.info('identity pool reconciled', {
    ...report,
    entries: ended.filter(({ state }) => state !== 'linked' && state !== 'foreign'),
    // The report may have no room for a whole sentence.
    ...faultsOf(Number.POSITIVE_INFINITY, judged),
  });
  const removed = removedEntries(ended, made?.refused ?? foreseen);
  return { report, ...(removed.length > 0 && { removed }) };
}

/** Reconciles one identity pool. If a repair is complete, its links count as judged. */
export const handler = step(async (event: Asked, context): Promise<Found> => {
  if (!event.repair) return reconciled(event, context);
  const { identityPoolId } = event.identityPool;
  const { judged } = new PoolTable(identityPoolId);
  const digest = linksDigest(links, identityPoolId);
  const isJudged = await judged.begin(digest);
  const found = await reconciled(event, context);
  if (!isJudged && found.report.failure === undefined) await judged.keep(digest);
  return found;
});
