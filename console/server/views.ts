import { driftText } from '../../cli/executions/found.ts';
import type { VisitWithData } from '../../cli/executions/history.ts';
import { isShared, isUnsaid, type Recorded } from '../../cli/executions/records.ts';
import { summaryOf } from '../../cli/executions/summary.ts';
import {
  type DifferenceLine,
  linesOfChanges,
  linesOfDifferences,
  type Names,
} from '../../cli/output/changes.ts';
import { notesOf } from '../../cli/output/entry-notes.ts';
import { issuerSentence } from '../../cli/output/issuers.ts';
import { messageOf } from '../../cli/output/outcome-note.ts';
import { requestedByText } from '../../cli/output/requested-by.ts';
import { duration } from '../../cli/output/times.ts';
import {
  type AuditRecord,
  auditRecords,
  type DescribedExecution,
  isDryRun,
  type StateData,
} from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { expanded } from '../../core/identity-pool/changes.ts';
import type { ShownPool } from '../../core/identity-pool/shown-pool.ts';
import { moment } from '../../core/moment.ts';
import { mayStillWrite } from '../../core/now/cut-off.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import type { EntryRemoved } from '../../core/reconcile/removed.ts';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { counted, firstAndMore } from '../../core/sentence.ts';
import { isNumber, isObject, isText, parsedJson } from '../../core/shape.ts';
import { providerLabel } from '../../core/user-pool.ts';
import type { RemovedView, ResultView, Row, Visit } from './protocol.ts';
import { sideBySide } from './side-by-side.ts';

type Fact = [what: string, value: string];

/** The facts that have a value. */
const facts = (all: [string, string | undefined | 0][]): Fact[] =>
  all.flatMap(([what, value]): Fact[] => (value ? [[what, value]] : []));

/** The different outcomes of the identity pools of an execution, as far as its end shows them. */
const outcomesIn = (records: AuditRecord[], status: string): string[] => [
  ...new Set(
    records
      .map(({ outcome, wouldFail }) => (wouldFail ? 'WOULD_FAIL' : outcome))
      // An end without results has the status in their place.
      .filter((outcome) => outcome !== status),
  ),
];

/** The app clients that an execution linked or unlinked, for one that is not about a single app client. */
const clientsOf = (records: AuditRecord[]): string[] => [
  ...new Set(
    records
      .flatMap(({ changes }) => changes)
      .flatMap(expanded)
      .flatMap(({ provider }) => ('ClientId' in provider ? (provider.ClientId ?? []) : [])),
  ),
];

/** Whether an execution was ended while it wrote, and the write may still be made. */
const mayWrite = ({ status, stopped }: DescribedExecution, records: AuditRecord[]): boolean =>
  stopped !== undefined &&
  mayStillWrite(stopped, Date.now()) &&
  // A write that was cut off fails with the status.
  records.some(({ identityPoolId, error }) => identityPoolId !== undefined && error === status);

/** Which part of a reconcile an execution is, after the first one. */
function partIn({ machine, input }: DescribedExecution): Pick<Row, 'part'> {
  const asked = parsedJson(input);
  const part = machine === 'reconcile' && isObject(asked) ? asked['part'] : undefined;
  return isObject(part) && isNumber(part['number']) ? { part: part['number'] } : {};
}

/** ARN of the execution that reconciles the part after one that has ended, if there is any. */
export function nextPartOf({ machine, output, cause }: DescribedExecution): string | undefined {
  const report = machine === 'reconcile' ? parsedJson(output ?? cause ?? '') : undefined;
  const next = isObject(report) ? report['next'] : undefined;
  return isText(next) && next !== '' ? next : undefined;
}

/** The name of the app client in the event that has started an execution. */
function clientNameIn(input: string): Pick<Row, 'clientName'> {
  const asked = parsedJson(input);
  const request = isObject(asked) ? asked['request'] : undefined;
  const name = isObject(request) ? request['clientName'] : undefined;
  return isText(name) && name !== '' ? { clientName: name } : {};
}

/**
 * An execution as a row of a list.
 *
 * @param handed the data of its states, if its end lacks the results.
 */
export function rowOf(described: DescribedExecution, handed: StateData[] = []): Row {
  const { execution, status, started, outcome, requestedBy, ...summary } = summaryOf(
    described,
    handed,
  );
  const records = auditRecords(described, handed);
  const { wouldFail } = summary;
  const { stopped, operation, userPoolId, clientId, undoes } = summary;
  const clients = clientId === undefined && described.machine === 'link' ? clientsOf(records) : [];
  const found = driftText(described);
  return {
    execution,
    name: executionOf(execution).name,
    status,
    started,
    ...(stopped !== undefined && { stopped }),
    ...(status !== 'RUNNING' && { outcome, outcomes: outcomesIn(records, status) }),
    ...(operation !== undefined && { operation }),
    ...(userPoolId !== undefined && { userPoolId }),
    ...(clientId !== undefined && { clientId, ...clientNameIn(described.input) }),
    ...(clients.length > 0 && { clients }),
    ...(undoes !== undefined && { undoes }),
    ...(requestedBy && { requestedBy: requestedByText(requestedBy) }),
    ...(isDryRun(described.input) && { isDryRun: true }),
    ...(wouldFail && { wouldFail }),
    ...(found !== undefined && { found }),
    ...partIn(described),
    ...(mayWrite(described, records) && { mayWrite: true }),
  };
}

const textOf = (pool: ShownPool): string => JSON.stringify(pool, null, 2);

/**
 * The result for one identity pool, as the page shows it.
 *
 * @param names of app clients, as far as they are known.
 */
export function resultView(record: Recorded, names?: Names): ResultView {
  const { identityPoolId, links, outcome, changes, difference = [], changedSince } = record;
  const { approval, before, after, wouldFail, cancelled } = record;
  const { error, message } = wouldFail ?? record;
  const sides = before && after && sideBySide(textOf(before), textOf(after));
  return {
    ...(identityPoolId !== undefined && { identityPoolId }),
    links,
    outcome: wouldFail ? 'WOULD FAIL' : outcome,
    lines: linesOfChanges(changes, names),
    ...(isShared(record) && { whole: linesOfDifferences(difference, names) }),
    ...(cancelled && { cancelled: linesOfChanges(cancelled, names) }),
    ...(changedSince && { changedSince: linesOfDifferences(changedSince, names) }),
    facts: facts([
      ['Role', record.assumedRoleArn],
      ['Written by', record.writtenBy],
      ['Approved by', approval && `${approval.approvedBy} (${approval.reason})`],
      // The error, or the message, says what is known of the write.
      ['Verified', isUnsaid(record) ? undefined : record.verified],
    ]),
    ...(error !== undefined && { error }),
    ...(message !== undefined && { message }),
    ...(sides && { sides }),
  };
}

/** The result of an execution of which every state was read. */
export function endView(record: Recorded, input: string, names: Names): ResultView {
  const view = resultView(record, names);
  const message = messageOf({ ...record, message: view.message }, input);
  return message === undefined ? view : { ...view, message };
}

/** The result that a plan would have, without facts that are not known yet. */
export function plannedView(record: Recorded, names: Names, needsApproval: boolean): ResultView {
  const { sides: _, ...view } = resultView(record, names);
  return {
    ...view,
    facts: facts([['Approval', needsApproval ? 'A person must approve it first.' : undefined]]),
  };
}

type ReportedEntry = PoolReport['entries'][number];

function repairLines({ repair, ...entry }: ReportedEntry): DifferenceLine[] {
  const { state, providerName, clientId, clientName } = entry;
  const provider = { ProviderName: providerName, ClientId: clientId };
  const names = new Map(clientName === undefined ? [] : [[clientId, clientName]]);
  const lines = linesOfChanges([{ op: repair === 'link' ? 'add' : 'remove', provider }], names);
  // The entry is there, and lacks what its links ask for beside it.
  return state === 'changed' ? lines.map(({ what }) => ({ sign: '~', what })) : lines;
}

const entryFact = (what: string, entry: ReportedEntry): Fact => {
  const { providerName, clientId, clientName = '' } = entry;
  const subject = `${providerLabel(providerName)} ${clientId} ${clientName}`.trim();
  return [what, [subject, ...notesOf(entry)].join(', ')];
};

/** What a repair would leave as it is: what is refused, what a person decides, and what the report has no room for. */
function leftFacts({ entries, omitted, issuers = [] }: PoolReport): Fact[] {
  const left = entries.filter(({ repair, state }) => repair === undefined && state !== 'linked');
  return [
    ...entries.flatMap((entry): Fact[] =>
      entry.refused === undefined ? [] : [entryFact(`refused: ${entry.refused}`, entry)],
    ),
    ...left.map((entry) =>
      // A person has decided about what was unlinked by request.
      entryFact(`${entry.unlinked ? 'left' : 'for a person to decide'}: ${entry.state}`, entry),
    ),
    ...issuers.map((each): Fact => ['issuer', issuerSentence(each)]),
    ...facts([
      [
        'not listed',
        omitted &&
          `${counted(omitted, 'more entry', 'more entries')}, for which the report had no room`,
      ],
    ]),
  ];
}

type ReportedPool = ReconcileOutput['identityPools'][number];

/** Why a repair of the identity pool would be refused, at least in part. */
const refusalIn = (pool: ReportedPool) => ('wouldFail' in pool ? pool.wouldFail : undefined);

function repairOutcome(pool: ReportedPool, repaired: number): string {
  if (pool.failure) return 'FAILED';
  if (repaired > 0) return 'PLANNED';
  return refusalIn(pool) ? 'WOULD FAIL' : 'NOTHING TO REPAIR';
}

/** What a repair would change in an identity pool, and what it would leave as it is. */
export function repairView(pool: ReportedPool): ResultView {
  const { identityPoolId, links } = pool;
  const entries = 'entries' in pool ? pool.entries : [];
  const repaired = entries.filter(
    (each) => each.repair !== undefined && each.refused === undefined,
  );
  const fault = pool.failure ?? refusalIn(pool);
  return {
    identityPoolId,
    links,
    lines: repaired.flatMap(repairLines),
    facts: 'entries' in pool ? leftFacts(pool) : [],
    outcome: repairOutcome(pool, repaired.length),
    ...(fault && { error: fault.error, message: fault.message }),
  };
}

/** The link that a reconcile was limited to. */
function linkIn(input: string): string | undefined {
  const asked = parsedJson(input);
  const link = isObject(asked) ? asked['link'] : undefined;
  return isText(link) ? link : undefined;
}

/** The request of an execution: what, by whom and when. */
export function factsOf(
  { started, stopped, source, input }: DescribedExecution,
  [record]: Recorded[],
  row: Pick<Row, 'userPoolId' | 'clients'> = {},
): Fact[] {
  const { requestedBy, operation, userPoolId, clientId, seconds } = record ?? {};
  return facts([
    ['Started', moment(started)],
    ['Ended', stopped && `${moment(stopped)}, after ${duration(seconds)}`],
    ['Requested by', requestedBy && requestedByText(requestedBy)],
    ['Operation', operation && (isDryRun(input) ? `${operation} (dry run)` : operation)],
    // The row knows what an undo is about.
    ['User pool', userPoolId ?? row.userPoolId],
    ['App client', clientId ?? firstAndMore(row.clients ?? [])],
    ['Link', linkIn(input)],
    ['Read from', source === 'history' ? undefined : 'the log group'],
  ]);
}

/** An entry that others removed, with who did if that is known. */
export const removedView = (removed: EntryRemoved): RemovedView => {
  const { clientId, identityPoolId, removedBy, restored, braked, message } = removed;
  return {
    clientId,
    identityPoolId,
    message,
    ...(removedBy && { by: removedBy.principalArn, at: removedBy.time }),
    ...(restored && { restore: 'restored' as const }),
    ...(braked && { restore: 'braked' as const }),
  };
};

/** The execution that a visit belongs to. */
interface VisitContext {
  status: string;
  /** The identity pools that wait for approval. */
  waiting: Set<string>;
}

function statusOf(visited: VisitWithData, { status, waiting }: VisitContext): Visit['status'] {
  const { state, exited, attempts = 0, errors = [], identityPoolId = '' } = visited;
  if (exited !== undefined) return attempts > 0 && errors.length >= attempts ? 'failed' : 'done';
  if (status !== 'RUNNING') {
    const isLast = status === 'FAILED' && state === 'Failed';
    return isLast || errors.length > 0 ? 'failed' : 'ended';
  }
  return state === 'RequestApproval' && waiting.has(identityPoolId) ? 'waiting' : 'running';
}

/** A visit to a state, without its input and output. */
export function visitOf(visited: VisitWithData, around: VisitContext): Visit {
  const { input: _, output: __, exited: ___, target: ____, ...visit } = visited;
  return { ...visit, status: statusOf(visited, around) };
}
