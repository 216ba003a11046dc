import {
  entriesOf,
  entryKey,
  type IdentityPool,
  type Provider,
} from '../identity-pool/identity-pool.ts';
import type { Intent } from '../identity-pool/merge.ts';
import { mappingKey, sameMapping, sameTags } from '../identity-pool/roles.ts';
import { namesIn, namesOf } from '../issuer.ts';
import { type Coverage, choiceFor, coverageOf, userPoolIn } from '../links/coverage.ts';
import type { Links } from '../links/links.ts';
import { approvalTime } from '../request/approval-time.ts';
import type { TrailCaller } from '../trail-record.ts';
import {
  type Issuer,
  namesOfSame,
  originalName,
  userPoolIdOf,
  userPoolRegion,
} from '../user-pool.ts';
import { LAG_MS } from '../write/marks.ts';
import { EVERY_CLIENT, type LedgerEntry } from '../write/records.ts';
import { isBraked, type Restore } from './restore.ts';

/**
 * The state of an entry:
 * - `linked`: a link covers its client, and it is there, no matter who added it;
 * - `missing`: a link covers the client, and the entry is not there and never was;
 * - `orphaned`: ours, and its app client or user pool is gone;
 * - `foreign`: not ours, and no link covers its client;
 * - `removed`: ours once, covered, and not there: others removed it, or a request did. What others removed is
 * repaired only if its links say so;
 * - `uncovered`: ours, and no link covers it any more, or not under this name of its user pool;
 * - `changed`: as `linked`, but its ServerSideTokenCheck, its role mapping or the principal tags of its user pool
 * differ from the link's. It is repaired only if a write of ours was cut off there.
 */
export const STATES = [
  ...(['linked', 'missing', 'orphaned', 'foreign', 'removed', 'uncovered', 'changed'] as const),
];

export type EntryState = (typeof STATES)[number];

/** One entry that is there, or should be. */
export interface Finding {
  state: EntryState;
  provider: Provider;
  clientName?: string;
  /** The links that cover it, or that linked it. */
  links: string[];
  /** The repair; absent if it is left to a person. */
  repair?: Intent;
  /** Whether a repair is left to a person only because links.yml requires approval. */
  needsApproval?: true;
  /**
   * Whether we have written it so recently that the lists and the identity pool may not show it yet: the state may
   * still turn out to be another.
   */
  recent?: true;
  /** Whether others may have removed it, or its app client may have been renamed, which only a look in a minute can tell. */
  unclear?: true;
  /** Whether we have written it too recently to know whether it needs a repair. */
  early?: true;
  /** The ledger entry of one that was removed without a request. */
  lost?: LedgerEntry;
  /** Who removed it, if an event has reported that. */
  removedBy?: TrailCaller;
  /** Whether it is no longer restored, until a person links it. */
  braked?: true;
  /** Whether an unlink would not agree that it stays away: without a change, there is nothing to approve. */
  staysOpen?: true;
  /** Whether this execution has restored it. */
  restored?: true;
  /** Whether a request unlinked it, or recorded in the ledger that it stays away after others had removed it. */
  unlinked?: true;
}

/** The removal of an entry by others, as an event reported it. */
export interface Removal {
  by?: TrailCaller;
}

/** A user pool as it was listed. */
export interface UserPoolListing {
  tags: Record<string, string>;
  /** Its own setting; undefined if it could not be read. */
  issuer?: Issuer;
  /** The names of its app clients, by id. */
  clients: ReadonlyMap<string, string>;
}

/** Everything that one identity pool is compared with. */
export interface Evidence {
  pool: IdentityPool;
  /** The links that lead to it. */
  links: Links;
  ledger: LedgerEntry[];
  /** The user pools that the links may cover. */
  listed: ReadonlyMap<string, UserPoolListing>;
  /** Every user pool that is known to exist. */
  existing: ReadonlySet<string>;
  /** User pools that could not be listed, so nothing is known about them. */
  unlisted: ReadonlySet<string>;
  /** The Regions of which all user pools are known. */
  regions: string[];
  partition: string;
  /** The keys of entries that a write of ours added without the rest of what their links ask for. */
  unfinished?: ReadonlySet<string>;
  /** The last restores of entries, by their keys. */
  restores?: ReadonlyMap<string, Restore>;
  /** What events reported about the removal of entries, by their keys. */
  removals?: ReadonlyMap<string, Removal>;
  /** When listing began, in epoch milliseconds. The lists do not show what came later. */
  since: number;
}

/** Whether the lists may be older than an entry of ours. */
const isRecent = ({ since }: Evidence, { time }: LedgerEntry): boolean => time > since - LAG_MS;

const recently = (evidence: Evidence, ours: LedgerEntry | undefined): Pick<Finding, 'recent'> =>
  ours && isRecent(evidence, ours) ? { recent: true } : {};

/** An entry that the links ask for, as a finding for the case that it is missing. */
interface Want {
  finding: Finding;
  intent: Intent;
  /** Whether the names of the user pool under which entries are wanted are known. */
  isSure: boolean;
  restores: boolean;
}

type Wanted = Map<string, Want>;

/** The entries that the links want, by key. */
function wantedBy({ pool, links, listed, partition }: Evidence): Wanted {
  const wanted: Wanted = new Map();
  for (const [userPoolId, listing] of listed) {
    const { tags, clients } = listing;
    for (const [ClientId, clientName] of clients) {
      const subject = { ...userPoolIn(links, userPoolId), tags, clientId: ClientId, clientName };
      const coverage = coverageOf(links, subject).find(
        ({ identityPoolId }) => identityPoolId === pool.IdentityPoolId,
      );
      if (!coverage) continue;
      const names = namesOf(userPoolId, partition, choiceFor(coverage, listing));
      const isSure = coverage.issuer !== undefined || listing.issuer !== undefined;
      for (const ProviderName of namesIn(names)) {
        const provider = { ProviderName, ClientId };
        wanted.set(entryKey(provider), {
          finding: { state: 'missing', provider, clientName, links: coverage.links },
          intent: {
            operation: 'link',
            providerName: ProviderName,
            clientId: ClientId,
            ...coverage.entry,
          },
          isSure,
          restores: coverage.restores,
        });
      }
    }
  }
  return wanted;
}

/** What the links ask for the same app client under the other name of its user pool. */
function wantedElsewhere(wanted: Wanted, { ProviderName = '', ClientId = '' }: Provider) {
  const keys = namesOfSame(ProviderName).map((name) => entryKey({ ProviderName: name, ClientId }));
  return keys.flatMap((key) => wanted.get(key) ?? [])[0];
}

/** A finding about an entry that no link asks for under this name, but under the other name of the user pool. */
function underOtherName(
  evidence: Evidence,
  { finding, isSure }: Want,
  provider: Provider,
  ours: LedgerEntry | undefined,
): Finding {
  const isLeft = ours?.state === 'linked' && isSure && !isRecent(evidence, ours);
  return {
    ...finding,
    provider,
    state: isLeft ? 'uncovered' : 'linked',
    ...recently(evidence, ours),
    ...(ours?.state === 'linked' && isRecent(evidence, ours) && { early: true as const }),
  };
}

/** The state of an entry of ours whose client no link covers by its name. */
type Fate = Pick<Finding, 'unclear' | 'early'> &
  ({ state: 'linked' | 'uncovered' } | { state: 'orphaned'; coverage: Coverage });

/** Whether a user pool was looked for: a link names it, or all user pools of its Region are known. */
const isLookedAt = ({ links, regions }: Evidence, userPoolId: string): boolean =>
  coverageOf(links, userPoolIn(links, userPoolId)).length > 0 ||
  regions.includes(userPoolRegion(userPoolId));

function fateOf(evidence: Evidence, ours: LedgerEntry): Fate {
  const { links, listed, existing, partition } = evidence;
  const userPoolId = userPoolIdOf(ours.providerName, partition);
  if (userPoolId === undefined) return { state: 'uncovered' };
  const listing = listed.get(userPoolId);
  const isListed = listing?.clients.has(ours.clientId) === true;
  // If nothing is known yet, believe the ledger.
  if (isRecent(evidence, ours)) {
    return { state: 'linked', early: true, ...(isListed && { unclear: true }) };
  }
  if (evidence.unlisted.has(userPoolId)) return { state: 'linked' };
  if (listing ? isListed : existing.has(userPoolId)) return { state: 'uncovered' };
  const { clientName } = ours;
  const [coverage] = coverageOf(links, {
    ...userPoolIn(links, userPoolId),
    // A user pool that is gone has no tags any more. The ledger knows its links.
    ...(listing ? { tags: listing.tags } : { linkedBy: ours.links }),
    ...(clientName !== undefined && { clientName }),
  });
  if (!coverage) return { state: 'uncovered' };
  // If the user pool was not looked for, believe the ledger.
  const known = listing !== undefined || isLookedAt(evidence, userPoolId);
  return known ? { state: 'orphaned', coverage } : { state: 'linked' };
}

/** Whether an entry, its role mapping and its principal tags are as the links ask for. */
function isAsWanted(pool: IdentityPool, provider: Provider, intent: Intent): boolean {
  const { serverSideTokenCheck, roleMapping, principalTags } = intent;
  const mapping = pool.RoleMappings?.[mappingKey(provider)];
  return (
    (provider.ServerSideTokenCheck ?? false) === serverSideTokenCheck &&
    (!roleMapping || (mapping !== undefined && sameMapping(mapping, roleMapping))) &&
    (!principalTags || sameTags(pool.PrincipalTags?.[intent.providerName], principalTags))
  );
}

/** A finding about an entry that links ask for, and that is gone although the ledger has it as written. */
function gone(
  { restores, removals, ...evidence }: Evidence,
  { finding, intent, ...want }: Want,
  before: LedgerEntry,
): Finding {
  const key = entryKey(before);
  const removal = before.state === 'linked' ? removals?.get(key) : undefined;
  // It may be unlinked by now, and its client deleted, or the identity pool does not show it yet.
  if (!removal && isRecent(evidence, before)) {
    const unclear = before.state === 'linked' ? { unclear: true as const } : {};
    return { ...finding, state: 'removed', recent: true, ...unclear };
  }
  if (before.state !== 'linked') return { ...finding, state: 'removed' };
  const removedBy = removal?.by && { removedBy: removal.by };
  const lost = { ...finding, state: 'removed' as const, lost: before, ...removedBy };
  if (!want.restores) return lost;
  return isBraked(restores?.get(key), before)
    ? { ...lost, braked: true }
    : { ...lost, repair: intent };
}

/** A finding about an entry whose client no link covers by its name. */
function unwanted(evidence: Evidence, provider: Provider, ours: LedgerEntry | undefined): Finding {
  if (ours?.state !== 'linked') return { state: 'foreign', provider, links: [] };
  const { providerName, clientId } = ours;
  const clients = evidence.listed.get(
    userPoolIdOf(providerName, evidence.partition) ?? '',
  )?.clients;
  // The ledger has the name under which it was linked, and the app client may have been renamed since.
  const clientName = clients?.get(clientId) ?? ours.clientName;
  const fate = fateOf(evidence, ours);
  const { links, onDelete, entry } =
    fate.state === 'orphaned' ? fate.coverage : { ...ours, onDelete: '', entry: undefined };
  const { principalTags } = entry ?? {};
  return {
    state: fate.state,
    provider,
    links,
    ...recently(evidence, ours),
    ...(fate.unclear && { unclear: true }),
    ...(fate.early && { early: true }),
    ...(clientName !== undefined && { clientName }),
    ...(onDelete === 'unlink' && {
      repair: {
        operation: 'unlink',
        providerName,
        clientId,
        serverSideTokenCheck: false,
        ...(principalTags && { principalTags }),
      },
    }),
  };
}

/**
 * Compares an identity pool with links.yml, the user pools and the ledger. The result has every entry that is there
 * or should be, once, with its repair.
 */
export function classify(evidence: Evidence): Finding[] {
  const ledger = byKey(evidence.ledger);
  const wanted = wantedBy(evidence);
  const there = new Map(entriesOf(evidence.pool).map((entry) => [entryKey(entry), entry]));
  const present = [...there].map(([key, provider]): Finding => {
    const want = wanted.get(key);
    const ours = ledger.get(key);
    if (!want) {
      const elsewhere = wantedElsewhere(wanted, provider);
      return elsewhere
        ? underOtherName(evidence, elsewhere, provider, ours)
        : unwanted(evidence, provider, ours);
    }
    const { intent, finding } = want;
    const known = { ...finding, provider, ...recently(evidence, ours) };
    if (isAsWanted(evidence.pool, provider, intent)) return { ...known, state: 'linked' };
    const changed: Finding = { ...known, state: 'changed' };
    return evidence.unfinished?.has(key) ? { ...changed, repair: intent } : changed;
  });
  const absent = [...wanted].flatMap(([key, want]): Finding[] => {
    const { finding, intent } = want;
    if (there.has(key) || isDeleted(ledger, finding.provider)) return [];
    const before = ledger.get(key);
    if (!before) return [{ ...finding, repair: intent }];
    const found = gone(evidence, want, before);
    if (before.state === 'unlinked') return [{ ...found, unlinked: true }];
    return [{ ...found, ...(found.recent && { early: true }) }];
  });
  return [...present, ...absent].map((finding) => {
    if (!approvalTime(evidence.links, finding.links)) return finding;
    // Leave changes that require approval to a person.
    const { repair, ...left } = finding;
    return {
      ...left,
      ...(repair && { needsApproval: true as const }),
      ...(finding.lost && { staysOpen: true as const }),
    };
  });
}

/** The findings to repair. Removals come first, since they make room for what is added. */
export function repairsOf(findings: Finding[]): (Omit<Finding, 'repair'> & { intent: Intent })[] {
  const all = findings.flatMap(({ repair, ...finding }) =>
    repair ? [{ ...finding, intent: repair }] : [],
  );
  const first = all.filter(({ intent }) => intent.operation === 'unlink');
  return [...first, ...all.filter(({ intent }) => intent.operation === 'link')];
}

type Ledger = ReadonlyMap<string, LedgerEntry>;

const isSameWrite = (one: LedgerEntry, other: LedgerEntry): boolean =>
  one.state === other.state && one.execution === other.execution && one.sequence === other.sequence;

const byKey = (ledger: LedgerEntry[]): Ledger =>
  new Map(ledger.map((entry) => [entryKey(entry), entry]));

/** Whether an event said that a client, or its user pool, was deleted since it was listed. */
const isDeleted = (ledger: Ledger, { ProviderName = '', ClientId = '' }: Provider): boolean =>
  [ClientId, EVERY_CLIENT].some((each) => {
    const known = { ProviderName: originalName(ProviderName), ClientId: each };
    return ledger.get(entryKey(known))?.deleted === true;
  });

/**
 * Whether the ledger, as it is now, still calls for a repair. A request that was made in the meantime takes
 * precedence.
 *
 * @param lost the ledger entry of an entry that others removed.
 */
export function stillHolds(
  { operation, providerName: ProviderName, clientId: ClientId = '' }: Intent,
  entries: LedgerEntry[],
  lost?: LedgerEntry,
): boolean {
  const ledger = byKey(entries);
  const provider = { ProviderName, ClientId };
  const entry = ledger.get(entryKey(provider));
  if (operation === 'unlink') return entry?.state === 'linked';
  if (lost) return entry !== undefined && isSameWrite(entry, lost) && !isDeleted(ledger, provider);
  return entry === undefined && !isDeleted(ledger, provider);
}
