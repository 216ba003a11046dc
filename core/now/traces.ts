import { auditRecords, type DescribedExecution } from '../audit/audit.ts';
import { executionOf } from '../execution.ts';
import type { NamedPool } from '../failure.ts';
import { expanded, isEntryChange, type ShownChange } from '../identity-pool/changes.ts';
import type { Intent } from '../identity-pool/merge.ts';
import { endOf } from '../reconcile/report.ts';
import { type LinkRequest, parseRequest } from '../request/request.ts';
import { isDeletion } from '../request/resolve.ts';
import type { Target } from '../request/target.ts';
import { isListOf, isObject, isText, parsedJson } from '../shape.ts';
import { providerNameOf } from '../user-pool.ts';
import { EVERY_CLIENT, isShownChange, type LedgerEntry } from '../write/records.ts';
import { type EntryWrite, type Look, overlap } from './pool-now.ts';

/** A visit of an execution to a state. */
export interface StateVisit {
  state: string;
  /** JSON. */
  input?: string;
  /** JSON; absent if the state was not left. */
  output?: string;
  /** ISO 8601. */
  entered: string;
  exited?: string;
  /** What this branch of the execution is about, if the input does not say it. */
  target?: NamedPool;
}

/** What an execution has seen of identity pools, and written to them. */
export interface Traces {
  looks: Look[];
  writes: EntryWrite[];
  /** The identity pools to which it may have written what its states do not show. The ledger knows. */
  inDoubt: string[];
}

type About = Pick<EntryWrite, 'execution' | 'identityPoolId' | 'from' | 'until'> & {
  clientName?: string;
};

/** What is known of a request beside its changes. */
type Asked = Pick<Target, 'clientName' | 'undoes'> & {
  deleted: boolean;
  operation: Intent['operation'];
  clientId?: string;
};

/** Whether the links still ask for an entry that a request has removed. */
function isStillWanted({ deleted, operation, clientId, clientName, undoes }: Asked) {
  if (deleted) return false;
  if (clientName !== undefined) return true;
  // An app client that could not be looked up by its id no longer exists.
  const isGone = operation === 'unlink' && clientId !== undefined && undoes === undefined;
  return isGone ? false : undefined;
}

function writesOf(changes: ShownChange[], about: About, isWanted?: boolean): EntryWrite[] {
  return changes.flatMap(expanded).flatMap((change): EntryWrite[] => {
    // Tags belong to a user pool.
    if (!('ClientId' in change.provider)) return [];
    const { ProviderName = '', ClientId = '' } = change.provider;
    const write = { ...about, providerName: ProviderName, clientId: ClientId };
    if (!isEntryChange(change)) return [{ ...write, op: 'set' }];
    const wanted = change.op === 'remove' && isWanted !== undefined ? { isWanted } : {};
    return [{ ...write, ...wanted, op: change.op }];
  });
}

/** The deletion of an app client or of its whole user pool, as a request tells it. */
const deletionOf = (about: About, providerName: string, clientId = EVERY_CLIENT): EntryWrite => ({
  ...about,
  op: 'gone',
  providerName,
  clientId,
});

/** The trace of an unlink that found no entry: if others had removed it, it now stays away. */
const settlementOf = (about: About, providerName: string, clientId = EVERY_CLIENT): EntryWrite => ({
  ...about,
  op: 'settle',
  providerName,
  clientId,
});

/** Whether an unlink may have found that others had removed what it was to remove. */
const maySettle = (
  { operation, clientId, takeBack, leftBehind }: Intent,
  changes: ShownChange[],
): boolean =>
  operation === 'unlink' &&
  !takeBack &&
  !leftBehind &&
  (clientId === undefined || changes.every(({ op }) => op !== 'remove'));

const periodOf = ({ entered, exited }: StateVisit) => ({
  from: Date.parse(entered),
  until: exited === undefined ? Number.POSITIVE_INFINITY : Date.parse(exited),
});

const objectIn = (json: string | undefined): Record<string, unknown> => {
  const value = parsedJson(json);
  return isObject(value) ? value : {};
};

const isChanges = isListOf(isShownChange);

/** Adds what a visit to UpdateIdentityPool has written. */
function addUpdate(traces: Traces, execution: string, visit: StateVisit): void {
  const { target, result, failure } = objectIn(visit.output ?? visit.input);
  if (!isObject(target) || !isText(target['identityPoolId'])) return;
  const { identityPoolId, intent, clientName, undoes, deleted } = target as unknown as Target;
  const isWritten = visit.output !== undefined && failure === undefined && isObject(result);
  const changes = isWritten ? result['changes'] : undefined;
  if (!isChanges(changes)) {
    traces.inDoubt.push(identityPoolId);
    return;
  }
  const { operation, clientId, providerName } = intent;
  const about = {
    execution,
    identityPoolId,
    ...periodOf(visit),
    ...(clientName !== undefined && { clientName }),
  };
  const isWanted = isStillWanted({
    deleted,
    operation,
    ...(clientId !== undefined && { clientId }),
    ...(clientName !== undefined && { clientName }),
    ...(undoes !== undefined && { undoes }),
  });
  traces.writes.push(...writesOf(changes, about, isWanted));
  if (deleted) traces.writes.push(deletionOf(about, providerName, clientId));
  else if (maySettle(intent, changes)) {
    traces.writes.push(settlementOf(about, providerName, clientId));
  }
}

/** What a reconcile has repaired, as far as its report says so. It matters for reports of the same time. */
function repairsIn({ execution, from, until, found }: Look): EntryWrite[] {
  if (!('counts' in found) || !found.repaired) return [];
  const { identityPoolId, entries, changes } = found;
  const about = { execution, identityPoolId, from, until };
  if (changes) return writesOf(changes, about, false);
  return entries.flatMap(({ repair, refused, providerName, clientId }): EntryWrite[] => {
    if (!repair || refused !== undefined) return [];
    const write = { ...about, providerName, clientId };
    return [
      repair === 'link' ? { ...write, op: 'add' } : { ...write, op: 'remove', isWanted: false },
    ];
  });
}

function addLook(traces: Traces, look: Look): void {
  traces.looks.push(look);
  traces.writes.push(...repairsIn(look));
}

/** Adds what a visit to ReconcileIdentityPool has found. */
function addReconcile(traces: Traces, execution: string, visit: StateVisit): void {
  const { identityPool, repair } = objectIn(visit.input);
  const { found, ...end } = objectIn(visit.output);
  if (visit.output !== undefined) {
    const report = endOf(isObject(found) ? found['report'] : end);
    addLook(traces, { execution, ...periodOf(visit), found: report });
    if (!report.failure) return;
  }
  const id = isObject(identityPool) ? identityPool['identityPoolId'] : undefined;
  if (repair === true && isText(id)) traces.inDoubt.push(id);
}

/** The traces of an execution in its states, whether it has ended or not. */
export function tracesInStates(execution: string, visits: StateVisit[]): Traces {
  const traces: Traces = { looks: [], writes: [], inDoubt: [] };
  for (const visit of visits) {
    if (visit.state === 'UpdateIdentityPool') addUpdate(traces, execution, visit);
    if (visit.state === 'ReconcileIdentityPool') addReconcile(traces, execution, visit);
  }
  return traces;
}

/** The app client, or the user pool, whose deletion an execution is about, by its input. */
function deletedIn(input: string): LinkRequest | undefined {
  try {
    const request = parseRequest(parsedJson(input));
    return request.operation !== 'undo' && isDeletion(request) ? request : undefined;
  } catch {
    return undefined;
  }
}

/** The traces of an execution in its output or cause alone: its states say more, and when. */
export function tracesInEnd(told: DescribedExecution): Traces {
  const { execution, machine, started, stopped, status, output, cause, input, reported } = told;
  const traces: Traces = { looks: [], writes: [], inDoubt: [] };
  if (stopped === undefined) return traces;
  const period = { from: Date.parse(started), until: Date.parse(stopped) };
  if (machine === 'reconcile') {
    const { identityPools } = reported ?? objectIn(status === 'SUCCEEDED' ? output : cause);
    const ends = Array.isArray(identityPools) ? identityPools : [];
    for (const end of ends) addLook(traces, { execution, ...period, found: poolIn(end) });
    return traces;
  }
  const deleted = deletedIn(input);
  const { partition } = executionOf(execution);
  traces.writes = auditRecords(told).flatMap(({ identityPoolId, outcome, changes }) => {
    if (identityPoolId === undefined || outcome === 'PLANNED') return [];
    const about = { execution, identityPoolId, ...period };
    const written = writesOf(changes, about, deleted ? false : undefined);
    if (!deleted) return written;
    const { userPoolId, clientId } = deleted;
    return [...written, deletionOf(about, providerNameOf(userPoolId, partition), clientId)];
  });
  return traces;
}

// In an output, a failed identity pool has its id beside its failure.
const poolIn = (end: unknown): Look['found'] =>
  isObject(end) && isObject(end['failure']) && !('counts' in end)
    ? (end as unknown as Look['found'])
    : endOf(end);

// A write is in the ledger this many milliseconds after it was begun at the latest: the time that a function has.
const WRITING_MS = 30_000;

/** The writes that a ledger shows: the last one about each entry. */
export const tracesInLedger = (
  identityPoolId: string,
  ledger: Iterable<LedgerEntry>,
): EntryWrite[] =>
  [...ledger].map(({ state, clientName, deleted, time, ...entry }): EntryWrite => {
    const { execution, providerName, clientId } = entry;
    const about = {
      execution,
      identityPoolId,
      from: time - WRITING_MS,
      until: time,
      ...(clientName !== undefined && { clientName }),
    };
    if (clientId === EVERY_CLIENT) return deletionOf(about, providerName);
    const write = { ...about, providerName, clientId, isLast: true as const };
    if (state === 'linked') return { ...write, op: 'add' };
    const isWanted = deleted ? false : clientName === undefined ? undefined : true;
    return { ...write, op: 'remove', ...(isWanted !== undefined && { isWanted }) };
  });

/**
 * Writes with those that ledgers show. A ledger also has an entry for what was not there when a request removed it, so
 * where an execution is wholly known, its ledger entries only say which write was the last.
 *
 * @param isKnown whether the states of an execution show all that it wrote.
 */
export function withLedgers(
  writes: EntryWrite[],
  inLedgers: EntryWrite[],
  isKnown: (execution: string) => boolean,
): EntryWrite[] {
  const keyOf = ({ execution, identityPoolId, op, providerName, clientId }: EntryWrite) =>
    [execution, identityPoolId, op, providerName, clientId].join(' ');
  const shown = new Set(writes.map(keyOf));
  return [
    ...writes,
    ...inLedgers.filter((each) => !isKnown(each.execution) || shown.has(keyOf(each))),
  ];
}

/** The identity pools where writes about one entry were made at the same time, so that their order is not known. */
export function conflicting(writes: EntryWrite[]): string[] {
  const pools = new Set<string>();
  for (const [i, one] of writes.entries()) {
    const isContrary = (other: EntryWrite): boolean =>
      other.identityPoolId === one.identityPoolId &&
      other.clientId === one.clientId &&
      other.providerName === one.providerName &&
      other.op !== one.op &&
      other.execution !== one.execution &&
      overlap(one, other);
    if (writes.slice(i + 1).some(isContrary)) pools.add(one.identityPoolId);
  }
  return [...pools];
}
