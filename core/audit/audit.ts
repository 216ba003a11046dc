import { deployedMachine, type Machine } from '../deployment.ts';
import { executionOf } from '../execution.ts';
import { type Fault, isNamedPool } from '../failure.ts';
import { grouped } from '../grouped.ts';
import type { ShownChange } from '../identity-pool/changes.ts';
import type { Difference } from '../identity-pool/difference.ts';
import type { ShownPool } from '../identity-pool/shown-pool.ts';
import { firstPartOf } from '../reconcile/parts.ts';
import type { PoolReport } from '../reconcile/pool-report.ts';
import type { Approval } from '../request/approval.ts';
import { reportOf, type TargetEnd, type TargetReport } from '../request/outcome.ts';
import { parseRequest, type RequestedBy } from '../request/request.ts';
import { sessionNameOf } from '../session-name.ts';
import { isObject, isText, parsedJson } from '../shape.ts';
import type { TrailCaller } from '../trail-record.ts';
import type { MadeShare, WriteEnd } from '../write/write-log.ts';

/**
 * An execution, as Step Functions describes it, or as its log group has it once Step Functions has forgotten it.
 */
export interface DescribedExecution {
  /** ARN. */
  execution: string;
  machine: Machine;
  source: 'history' | 'log group';
  /** UNKNOWN if only its writes are known. */
  status: string;
  /** ISO 8601. */
  started: string;
  /** ISO 8601; absent while it runs. */
  stopped?: string;
  input: string;
  output?: string;
  error?: string;
  cause?: string;
  /** The output as its report has it, also if it failed. Only the log of the last step has this. */
  reported?: Json;
}

/** The data with which a state was entered or left. */
export interface StateData {
  state: string;
  data: unknown;
}

/** What one execution did to one identity pool, or why it reached none. */
export interface AuditRecord {
  execution: string;
  machine: Machine;
  source: DescribedExecution['source'];
  status: string;
  started: string;
  stopped?: string;
  /** How long the execution took. */
  seconds?: number;
  operation?: string;
  userPoolId?: string;
  clientId?: string;
  /** ARN of the execution that is undone. */
  undoes?: string;
  requestedBy:
    | RequestedBy
    | {
        via: 'reconcile' | 'unknown';
        /** The name of the execution that reconciled the first part, if this one has another. */
        continues?: string;
        claimedArn?: string;
        reason?: string;
      };
  /** Who started it, by CloudTrail's record of StartExecution. */
  startedBy?: TrailCaller;
  identityPoolId?: string;
  /** The links that allowed it. */
  links: string[];
  outcome: string;
  changes: ShownChange[];
  /** Those of the changes that the identity pool never showed. */
  cancelled?: ShownChange[];
  verified: string;
  /** The name of the role session in Account-B. It leads from CloudTrail there to the execution. */
  sessionName: string;
  assumedRoleArn?: string;
  writtenBy?: string;
  /** The last write. The order of the numbers, then of the shares, is the order of the writes. */
  written?: Pick<MadeShare, 'time' | 'sequence' | 'share'>;
  approval?: Approval;
  attempts?: number;
  changedSince?: Difference[];
  /** As in the result. */
  uncovered?: string[];
  linkedSince?: string[];
  before?: ShownPool;
  after?: ShownPool;
  error?: string;
  message?: string;
  /** Of a dry run: why the request would fail. */
  wouldFail?: Fault;
}

type Json = Record<string, unknown>;

const objectIn = (json: string | undefined): Json => {
  const value = parsedJson(json);
  return isObject(value) ? value : {};
};

type About = Pick<AuditRecord, 'operation' | 'userPoolId' | 'clientId' | 'undoes' | 'requestedBy'>;

/** The request of an execution of `link` and who made it, from the input. */
function askedIn(input: string): About {
  try {
    const request = parseRequest(parsedJson(input));
    const { operation, requestedBy } = request;
    if (request.operation === 'undo') {
      return { operation, undoes: request.executionArn, requestedBy };
    }
    const { userPoolId, clientId } = request;
    return { operation, userPoolId, ...(clientId !== undefined && { clientId }), requestedBy };
  } catch {
    return { requestedBy: { via: 'unknown' } };
  }
}

/** Whether an execution of `link` is a dry run, by its input. */
export function isDryRun(input: string): boolean {
  try {
    return parseRequest(parsedJson(input)).dryRun;
  } catch {
    return false;
  }
}

const texts = (from: Json, ...names: string[]): Json =>
  Object.fromEntries(names.flatMap((name) => (isText(from[name]) ? [[name, from[name]]] : [])));

const READ_BACK = 'read back under the lease';
const READ_AGAIN = `${READ_BACK}, and once more after it`;
const NOT_VERIFIED = 'not verified';
export const NOT_WRITTEN = 'nothing was written';

/** The same for an execution of `reconcile`, which starts by itself or for a person who gives a reason. */
function reconciledIn({ input, execution }: DescribedExecution): About {
  const asked = objectIn(input);
  const { name } = executionOf(execution);
  const continues = isObject(asked['part']) ? { continues: firstPartOf(name) } : {};
  return {
    requestedBy: { via: 'reconcile', ...continues, ...texts(asked, 'claimedArn', 'reason') },
  };
}

/** How a result was verified; undefined of a failure, which says nothing about it. */
function verification({ outcome }: TargetReport): string | undefined {
  if (outcome === 'FAILED') return undefined;
  if (outcome === 'PLANNED') return NOT_WRITTEN;
  if (outcome === 'ALREADY_LINKED' || outcome === 'NOT_LINKED')
    return 'nothing to write, seen twice';
  return READ_AGAIN;
}

/** The record of one target, with defaults for what a failure leaves out. */
function recordOf(result: TargetReport): Partial<AuditRecord> {
  const verified = verification(result);
  return { changes: [], ...result, ...(verified !== undefined && { verified }) };
}

/** Whether an execution may write at all, by its input: neither a dry run nor a reconcile that only reports does. */
const mayWrite = ({ machine, input }: DescribedExecution): boolean =>
  machine === 'link' ? !isDryRun(input) : objectIn(input)['repair'] === true;

// The states of link.asl.yml after which a result or a failure of a target is known.
const telling = ['UpdateIdentityPool', 'Verified', 'Planned', 'TargetFailed'];

const isEnd = (data: unknown): data is TargetEnd & Json =>
  isObject(data) && isObject(data['target']) && ('result' in data || 'failure' in data);

/** The records of an execution whose end does not have the results of its targets. */
function recordsIn(handed: StateData[], input: string): Partial<AuditRecord>[] {
  const recorded = (end: TargetEnd) => recordOf(reportOf(end, isDryRun(input)));
  const whole = handed.findLast(({ state }) => state === 'ReportOutcome')?.data;
  const targets = isObject(whole) ? whole['targets'] : undefined;
  if (Array.isArray(targets)) return targets.filter(isEnd).map(recorded);
  const last = new Map<string, Partial<AuditRecord>>();
  for (const { state, data } of handed) {
    if (!telling.includes(state) || !isEnd(data)) continue;
    const record = recorded(data);
    const seen = state === 'UpdateIdentityPool' ? { verified: READ_BACK } : {};
    last.set(data.target.identityPoolId, { ...record, ...seen });
  }
  return [...last.values()];
}

/** The state machine of an execution, from its ARN. */
export const machineOf = (execution: string): Machine =>
  deployedMachine(executionOf(execution).machine)?.machine ?? 'link';

/** Whether the end of an execution lacks the results of its identity pools, or some of them. */
export const endsSilently = ({ machine, status, reported }: DescribedExecution): boolean =>
  machine === 'link' && !reported && status !== 'SUCCEEDED' && status !== 'UNKNOWN';

// The delivery of logs is best effort. In logs with the data of states, Step Functions also cuts off what is longer than
// 248 KB.
// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
const CUT_OFF = { message: 'The log has only a part of the output.' };

/** An execution that ended without results, or has none yet. */
function withoutResults({ status, error = status, cause }: DescribedExecution) {
  if (status === 'RUNNING') return { outcome: status };
  const { message = cause } = objectIn(cause);
  return { outcome: status, error, ...(isText(message) && { message }) };
}

/**
 * The results in the report of an execution that did not succeed, or else in its cause; none if that has no room for
 * them.
 */
function resultsInEnd({ status, cause, reported }: DescribedExecution): Partial<AuditRecord>[] {
  const { results } = reported ?? objectIn(status === 'FAILED' ? cause : undefined);
  return Array.isArray(results)
    ? results.filter((each: TargetReport) => isNamedPool(each)).map(recordOf)
    : [];
}

function linkRecords(told: DescribedExecution, handed: StateData[]): Partial<AuditRecord>[] {
  const { status, output } = told;
  if (status === 'SUCCEEDED') {
    const { results, notCovered } = objectIn(output);
    if (!Array.isArray(results)) return [CUT_OFF];
    if (results.length > 0) return results.map(recordOf);
    const message = isText(notCovered) ? { message: notCovered } : {};
    return [{ outcome: 'NOT_COVERED', verified: NOT_WRITTEN, ...message }];
  }
  // The states also have the identity pools before and after, and their results always have room.
  const inStates = recordsIn(handed, told.input);
  const records = inStates.length > 0 ? inStates : resultsInEnd(told);
  return records.length > 0 ? records : [withoutResults(told)];
}

function repairRecord({ failure, repaired, ...report }: PoolReport): Partial<AuditRecord> {
  const { identityPoolId, links, changes = [] } = report;
  const done = (repaired?.linked ?? 0) + (repaired?.unlinked ?? 0) > 0;
  return {
    identityPoolId,
    links,
    changes,
    ...failure,
    outcome: failure ? 'FAILED' : done ? 'REPAIRED' : 'REPORTED',
    verified: done ? READ_BACK : NOT_WRITTEN,
  };
}

function reconcileRecords(told: DescribedExecution): Partial<AuditRecord>[] {
  const { status, output, cause } = told;
  const { identityPools } = objectIn(status === 'SUCCEEDED' ? output : cause);
  if (Array.isArray(identityPools)) return identityPools.map(repairRecord);
  return [status === 'SUCCEEDED' ? CUT_OFF : withoutResults(told)];
}

const howEnded: Record<WriteEnd, string> = {
  'read back': READ_BACK,
  'seen later': 'seen to be there by the next write',
  'made in part': 'only a part of it was made',
  'not read back': 'written, but not so when read back',
  needless: 'nothing was sent: it was written together with its opposite',
  'not made': '',
  'taken back': '',
};

const verifiedBy = ({ end }: MadeShare): string =>
  end ? howEnded[end] : 'not known whether it was made';

/** The outcome of a target that was written to, if nothing else has it. */
const outcomeOf = ({ operation, end }: MadeShare, machine: Machine): string => {
  if (!end) return 'UNKNOWN';
  if (machine === 'reconcile') return 'REPAIRED';
  return operation === 'link' ? 'LINKED' : 'UNLINKED';
};

/** A record completed from the log of the functions, which has every write in full. */
function withWrites(
  record: Partial<AuditRecord>,
  shares: MadeShare[],
  { execution, machine }: DescribedExecution,
): Partial<AuditRecord> {
  const last = shares.at(-1);
  if (!last) return record;
  const { identityPoolId, assumedRoleArn, writtenBy, time, sequence, share } = last;
  return {
    outcome: outcomeOf(last, machine),
    ...record,
    links: [...new Set(shares.flatMap(({ links }) => links))],
    identityPoolId,
    assumedRoleArn,
    written: { time, sequence, share },
    ...(writtenBy !== execution && { writtenBy }),
    changes: shares.flatMap(({ changes }) => changes),
    verified: record.verified === READ_AGAIN ? READ_AGAIN : verifiedBy(last),
  };
}

/** The records of an execution with their writes, and records of writes that no other record has. */
function withAllWrites(
  records: Partial<AuditRecord>[],
  shares: MadeShare[],
  told: DescribedExecution,
): Partial<AuditRecord>[] {
  if (shares.length === 0) return records;
  const inOrder = [...shares].sort((a, b) => a.sequence - b.sequence || a.share - b.share);
  const byPool = grouped(inOrder, ({ identityPoolId }) => identityPoolId);
  const known = records.filter(({ identityPoolId }) => identityPoolId !== undefined);
  const named = new Set(known.map(({ identityPoolId }) => identityPoolId));
  const untold = [...byPool].filter(([identityPoolId]) => !named.has(identityPoolId));
  return [
    ...known.map((record) =>
      withWrites(record, byPool.get(record.identityPoolId ?? '') ?? [], told),
    ),
    ...untold.map(([, group]) => withWrites({}, group, told)),
  ];
}

/** An execution that only its writes show: neither Step Functions nor its log group has it. */
export function unknownExecution(execution: string, shares: MadeShare[]): DescribedExecution {
  const [first] = shares.map(({ time }) => time).sort();
  return {
    execution,
    machine: machineOf(execution),
    source: 'log group',
    status: 'UNKNOWN',
    started: first ?? '',
    input: '',
  };
}

/**
 * What an execution did: one record for each identity pool that it reached, or one that says why it reached none.
 *
 * @param handed the data of its states, if {@link endsSilently}.
 * @param shares its shares of writes, from the log of the functions that write, also those that other executions
 * wrote.
 */
export function auditRecords(
  told: DescribedExecution,
  handed: StateData[] = [],
  shares: MadeShare[] = [],
): AuditRecord[] {
  const { execution, machine, source, status, started, stopped } = told;
  const seconds = stopped && (Date.parse(stopped) - Date.parse(started)) / 1000;
  const isLink = machine === 'link';
  const about = isLink ? askedIn(told.input) : reconciledIn(told);
  const known = texts(objectIn(told.output), 'userPoolId', 'clientId');
  const common = {
    execution,
    machine,
    source,
    status,
    started,
    ...(stopped !== undefined && { stopped }),
    ...(typeof seconds === 'number' && { seconds }),
    operation: machine,
    ...about,
    ...known,
    links: [],
    outcome: status,
    changes: [],
    verified: mayWrite(told) ? NOT_VERIFIED : NOT_WRITTEN,
    sessionName: sessionNameOf(executionOf(execution)),
  };
  const records = isLink ? linkRecords(told, handed) : reconcileRecords(told);
  return withAllWrites(records, shares, told).map((record) => ({ ...common, ...record }));
}
