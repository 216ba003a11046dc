import type { Fault } from '../failure.ts';
import { type Change, type ShownChange, shownChanges } from '../identity-pool/changes.ts';
import { entryKey } from '../identity-pool/identity-pool.ts';
import type { Intent } from '../identity-pool/merge.ts';
import { beginningOf } from '../sentence.ts';
import type { TrailCaller } from '../trail-record.ts';
import { refusalOf } from '../write/batch.ts';
import type { Refused } from '../write/records.ts';
import { type EntryState, type Finding, STATES } from './classify.ts';
import type { PoolIssuer } from './issuers.ts';
import type { PlannedPool } from './plan.ts';

/** How many entries are in each state. */
export type Counts = Record<EntryState, number>;

/** How many entries a repair added and removed. */
export interface Repaired {
  linked: number;
  unlinked: number;
}

/** One entry in a report. */
interface ReportedEntry {
  state: EntryState;
  providerName: string;
  clientId: string;
  clientName?: string;
  /** The links that cover it, if the request was for all entries. */
  links?: string[];
  /** What a repair does or would do about it; absent if it is left to a person. */
  repair?: Intent['operation'];
  /** Why it was not repaired, or would not be, by the error's name. */
  refused?: string;
  /** Whether it was written less than a minute before, so that the state may still turn out to be another. */
  recent?: true;
  /** Whether it is left to a person only because links.yml requires approval. */
  needsApproval?: true;
  /** Who removed it, if an event has reported that. */
  removedBy?: Pick<TrailCaller, 'principalArn' | 'time' | 'eventId'>;
  /** Whether others removed it and this repair linked it again. */
  restored?: true;
  /** Whether it was restored too often, so that it is left to a person. */
  braked?: true;
  /** Whether an unlink would not agree that it stays away, since its links require approval. */
  staysOpen?: true;
  /** Whether a request unlinked it, or recorded in the ledger that it stays away after others had removed it. */
  unlinked?: true;
}

/** One identity pool in the output of the `reconcile` state machine. */
export interface PoolReport {
  identityPoolId: string;
  links: string[];
  /** What was found, before anything was repaired. */
  counts: Counts;
  /** How many entries the identity pool may hold, by links.yml. */
  quota?: number;
  /** How many entries were removed without a request to Poolbridge. */
  removedByOthers?: number;
  /** How many of these the repair linked again. */
  restored?: number;
  /** How many of these were restored too often, so that they are left to a person. */
  braked?: number;
  /**
   * Whether others may have removed what was linked within the last minute, or renamed its app client. After a recheck,
   * another one looks again.
   */
  lookAgain?: true;
  /** How many entries were written less than a minute before, too recently to know whether they need a repair. */
  early?: number;
  /** How many app clients and user pools counted as deleted although they exist. A repair corrects that. */
  wrongMarks?: number;
  /** Those that are neither linked nor foreign, as far as there is room. */
  entries: ReportedEntry[];
  /** How many more there are than `entries` has room for. */
  omitted?: number;
  /** Those that are linked or foreign, where all entries were asked for. */
  rest?: ReportedEntry[];
  /** How many more there are than `rest` has room for. */
  omittedRest?: number;
  /** The user pools whose issuer is not the original one, or whose entries have another name. */
  issuers?: PoolIssuer[];
  /** How many more there are than `issuers` has room for. */
  omittedIssuers?: number;
  repaired?: Repaired;
  /** What was written, if there is room for it. */
  changes?: ShownChange[];
  failure?: Fault;
  /** How a repair would fail, where none was asked for. */
  wouldFail?: Fault;
}

const countsOf = (findings: { state: EntryState }[]): Counts =>
  Object.fromEntries(
    STATES.map((state) => [state, findings.filter((each) => each.state === state).length]),
  ) as Counts;

// What needs a person comes first, in case there is no room for all.
const order: EntryState[] = ['removed', 'uncovered', 'changed', 'orphaned', 'missing'];

// These come first, since each says what someone else has put there.
const restOrder: EntryState[] = ['foreign', 'linked'];

const inOrder = (findings: Finding[], states: EntryState[]): Finding[] =>
  states.flatMap((state) => findings.filter((finding) => finding.state === state));

// Without the user agent, which EntryRemoved has: a report has little room.
const shownCaller = ({ principalArn, time, eventId }: TrailCaller) => ({
  principalArn,
  time,
  eventId,
});

function reported(
  { state, provider, clientName, repair, links, ...finding }: Finding,
  refusal: Refused | undefined,
  withLinks = false,
): ReportedEntry {
  const { ProviderName = '', ClientId = '' } = provider;
  const { needsApproval, recent, removedBy, restored, braked, staysOpen, unlinked } = finding;
  return {
    state,
    providerName: ProviderName,
    clientId: ClientId,
    ...(clientName !== undefined && { clientName }),
    ...(withLinks && { links }),
    ...(repair && { repair: repair.operation }),
    ...(refusal && { refused: refusalOf(refusal).name }),
    ...(needsApproval && { needsApproval }),
    ...(recent && { recent }),
    ...(removedBy && { removedBy: shownCaller(removedBy) }),
    ...(restored && { restored }),
    ...(braked && { braked }),
    ...(staysOpen && { staysOpen }),
    ...(unlinked && { unlinked }),
  };
}

/** The first items that fit into the given number of characters of JSON. */
export function fitting<T>(items: T[], room: number): T[] {
  let used = 0;
  const end = items.findIndex((item) => {
    used += JSON.stringify(item).length + 1;
    return used > room;
  });
  return end < 0 ? items : items.slice(0, end);
}

// Enough for a sentence that says what is wrong and what to do.
const SENTENCE = 300;
const WHOLE = 'The log of the step ReconcileIdentityPool has the whole sentence.';
// The part of the room that user pools with another issuer may take. Entries matter more.
const ISSUERS_SHARE = 0.25;

/** The result of a repair. */
export interface Repair {
  changes: Change[];
  /** Why entries were refused, by the key of the entry. */
  refused: ReadonlyMap<string, Refused>;
}

/** The entries that are linked or foreign, as far as there is room. */
function restOf(findings: Finding[], room: number): Pick<PoolReport, 'rest' | 'omittedRest'> {
  const all = inOrder(findings, restOrder).map((finding) => reported(finding, undefined, true));
  if (all.length === 0) return {};
  const rest = fitting(all, room);
  return {
    rest,
    ...(rest.length < all.length && { omittedRest: all.length - rest.length }),
  };
}

/** What was written and, with the room that this leaves, the entries that are linked or foreign. */
function ifRoom(
  changes: ShownChange[],
  findings: Finding[],
  room: number,
): Pick<PoolReport, 'changes' | 'rest' | 'omittedRest'> {
  const made = changes.length > 0 && JSON.stringify(changes).length <= room ? { changes } : {};
  return { ...made, ...restOf(findings, room - JSON.stringify(made).length) };
}

/** The counts that are not about states, where there is anything to count. */
function otherCounts(
  findings: Finding[],
): Pick<PoolReport, 'removedByOthers' | 'restored' | 'braked' | 'lookAgain' | 'early'> {
  const lost = findings.filter((finding) => finding.lost);
  const restored = lost.filter((finding) => finding.restored).length;
  const braked = lost.filter((finding) => finding.braked).length;
  const early = findings.filter((finding) => finding.early).length;
  return {
    ...(lost.length > 0 && { removedByOthers: lost.length }),
    ...(restored > 0 && { restored }),
    ...(braked > 0 && { braked }),
    ...(findings.some(({ unclear }) => unclear) && { lookAgain: true as const }),
    ...(early > 0 && { early }),
  };
}

interface Judged {
  repair?: Repair | undefined;
  /** Why entries would be refused, by their keys, where nothing is repaired. */
  foreseen?: Repair['refused'] | undefined;
  /** Why a user pool could not be listed. */
  notListed?: string | undefined;
}

/**
 * What has failed and, where nothing was repaired, what a repair would fail with.
 *
 * @param room how many characters a sentence may have.
 */
export function faultsOf(
  room: number,
  { repair, foreseen, notListed }: Judged,
): Pick<PoolReport, 'failure' | 'wouldFail'> {
  const [refusal] = repair?.refused.values() ?? [];
  const [later] = repair ? [] : (foreseen?.values() ?? []);
  const shown = (sentence: string): string =>
    beginningOf(sentence, Math.max(room, SENTENCE), WHOLE);
  const sentences = [refusal?.refused, notListed].flatMap((sentence) => sentence ?? []);
  const failure = {
    error: refusal ? refusalOf(refusal).name : 'UserPoolNotListedError',
    message: shown(sentences.join(' ')),
  };
  return {
    ...(sentences.length > 0 && { failure }),
    ...(later && { wouldFail: { error: refusalOf(later).name, message: shown(later.refused) } }),
  };
}

/** The report of an identity pool: what was found and repaired, as far as there is room. */
export function poolReport(
  { identityPoolId, links, room, allEntries }: PlannedPool,
  findings: Finding[],
  {
    repair,
    foreseen,
    notListed,
    issuers = [],
    wrongMarks = 0,
    quota,
  }: Judged & {
    issuers?: PoolIssuer[];
    wrongMarks?: number;
    quota?: number;
  } = {},
): PoolReport {
  const refused = repair?.refused ?? foreseen;
  const faults = faultsOf(room, { repair, foreseen, notListed });
  let left = room - JSON.stringify(faults).length;
  const all = inOrder(findings, order).map((finding) =>
    reported(finding, refused?.get(entryKey(finding.provider)), allEntries === true),
  );
  const shownIssuers = fitting(issuers, left * ISSUERS_SHARE);
  if (shownIssuers.length > 0) left -= JSON.stringify(shownIssuers).length;
  const entries = fitting(all, left);
  left -= JSON.stringify(entries).length;
  const changes = shownChanges(repair?.changes ?? []);
  const added = repair?.changes.filter(({ op }) => op === 'add').length ?? 0;
  return {
    identityPoolId,
    links,
    counts: countsOf(findings),
    ...(quota !== undefined && { quota }),
    entries,
    ...otherCounts(findings),
    ...(wrongMarks > 0 && { wrongMarks }),
    ...(entries.length < all.length && { omitted: all.length - entries.length }),
    ...(shownIssuers.length > 0 && { issuers: shownIssuers }),
    ...(shownIssuers.length < issuers.length && {
      omittedIssuers: issuers.length - shownIssuers.length,
    }),
    ...(repair && { repaired: { linked: added, unlinked: repair.changes.length - added } }),
    ...ifRoom(changes, allEntries ? findings : [], left),
    ...faults,
  };
}
