import type { VisitWithData } from '../../cli/executions/history.ts';
import { isShared, type Recorded } from '../../cli/executions/records.ts';
import { summaryOf } from '../../cli/executions/summary.ts';
import {
  type DifferenceLine,
  linesOfChanges,
  linesOfDifferences,
} from '../../cli/output/changes.ts';
import { issuerSentence } from '../../cli/output/issuers.ts';
import { duration, moment } from '../../cli/output/times.ts';
import { whoText } from '../../cli/output/who.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import type { ShownPool } from '../../core/identity-pool/identity-pool.ts';
import type { PoolReport, ReconcileOutput } from '../../core/reconcile/report.ts';
import { providerLabel } from '../../core/user-pool.ts';
import type { ResultView, Row, Visit } from './protocol.ts';

type Fact = [what: string, value: string];

/** Only what there is to say. */
const facts = (all: [string, string | undefined][]): Fact[] =>
  all.flatMap(([what, value]): Fact[] => (value ? [[what, value]] : []));

/** Whether an execution was told to write nothing, by a person or through EventBridge. */
function isDryRun(input: string): boolean {
  const { dryRun, request }: { dryRun?: unknown; request?: { dryRun?: unknown } } =
    JSON.parse(input);
  return dryRun === true || request?.dryRun === true;
}

/** An execution as a row of a list. */
export function rowOf(told: DescribedExecution): Row {
  const { execution, status, started, outcome, requestedBy, ...listed } = summaryOf(told);
  const { stopped, operation, userPoolId, clientId } = listed;
  return {
    execution,
    name: executionOf(execution).name,
    status,
    started,
    ...(stopped !== undefined && { stopped }),
    ...(status !== 'RUNNING' && { outcome }),
    ...(operation !== undefined && { operation }),
    ...(userPoolId !== undefined && { userPoolId }),
    ...(clientId !== undefined && { clientId }),
    ...(requestedBy && { who: whoText(requestedBy) }),
    ...(isDryRun(told.input) && { isDryRun: true }),
  };
}

const shown = (pool: ShownPool | undefined): string | undefined =>
  pool && JSON.stringify(pool, null, 2);

/** What came of one identity pool, as the page shows it. */
export function resultView(record: Recorded): ResultView {
  const { identityPoolId, links, outcome, changes, difference = [], changedSince } = record;
  const { approval, error, message } = record;
  const [before, after] = [shown(record.before), shown(record.after)];
  return {
    ...(identityPoolId !== undefined && { identityPoolId }),
    links,
    outcome,
    lines: linesOfChanges(changes),
    ...(isShared(record) && { whole: linesOfDifferences(difference) }),
    ...(changedSince && { changedSince: linesOfDifferences(changedSince) }),
    facts: facts([
      ['Written as', record.assumedRoleArn],
      ['Written by', record.writtenBy],
      ['Approved by', approval && `${approval.approvedBy} (${approval.reason})`],
      ['Verified', record.verified],
    ]),
    ...(error !== undefined && { error }),
    ...(message !== undefined && { message }),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
}

/** What would come of an identity pool, without what has nothing to say of it yet. */
export function plannedView(record: Recorded): ResultView {
  const { before: _, after: __, ...view } = resultView(record);
  return { ...view, facts: [] };
}

function repairLines({ entries }: PoolReport): DifferenceLine[] {
  return entries.flatMap(({ repair, providerName, clientId, clientName }): DifferenceLine[] => {
    if (repair === undefined) return [];
    const entry = JSON.stringify({ ProviderName: providerName, ClientId: clientId });
    const name = clientName === undefined ? '' : ` ${clientName}`;
    const sign = repair === 'link' ? '+' : '-';
    const what = `${entry.replaceAll('","', '", "')}${name}`;
    return [{ sign, member: 'CognitoIdentityProviders', what }];
  });
}

/** What a repair would do to an identity pool, and what it would leave. */
export const repairView = (pool: ReconcileOutput['identityPools'][number]): ResultView => {
  const { identityPoolId, links, failure } = pool;
  const lines = 'entries' in pool ? repairLines(pool) : [];
  const left = 'entries' in pool ? pool.entries.filter(({ repair }) => repair === undefined) : [];
  const states = left.map(({ state, providerName, clientId }): [string, string] => [
    `left to a person: ${state}`,
    `${providerLabel(providerName)} ${clientId}`,
  ]);
  const issuers = 'issuers' in pool ? (pool.issuers ?? []) : [];
  const told = issuers.map((each): [string, string] => ['issuer', issuerSentence(each)]);
  return {
    identityPoolId,
    links,
    lines,
    facts: [...states, ...told],
    outcome: failure ? 'FAILED' : lines.length > 0 ? 'PLANNED' : 'NOTHING TO REPAIR',
    ...(failure && { error: failure.error, message: failure.message }),
  };
};

/** Who, what and when of an execution. */
export function factsOf(
  { started, stopped, source }: DescribedExecution,
  [record]: Recorded[],
): Fact[] {
  const { requestedBy, operation, userPoolId, clientId, seconds, undoes } = record ?? {};
  return facts([
    ['Started', moment(started)],
    ['Ended', stopped && `${moment(stopped)}, after ${duration(seconds)}`],
    ['Asked by', requestedBy && whoText(requestedBy)],
    ['Operation', operation],
    ['User pool', userPoolId],
    ['App client', clientId],
    ['Undoes', undoes],
    ['Read from', source === 'history' ? undefined : 'the log group'],
  ]);
}

interface Surroundings {
  status: string;
  /** The identity pools that wait for approval. */
  waiting: Set<string>;
}

function statusOf(visited: VisitWithData, { status, waiting }: Surroundings): Visit['status'] {
  const { state, exited, attempts = 0, errors = [], identityPoolId = '' } = visited;
  if (exited !== undefined) return attempts > 0 && errors.length >= attempts ? 'failed' : 'done';
  if (status !== 'RUNNING') {
    const isLast = status === 'FAILED' && state === 'Failed';
    return isLast || errors.length > 0 ? 'failed' : 'ended';
  }
  return state === 'RequestApproval' && waiting.has(identityPoolId) ? 'waiting' : 'running';
}

/** A state that was entered, without what it was given and handed on. */
export function visitOf(visited: VisitWithData, around: Surroundings): Visit {
  const { input: _, output: __, exited: ___, ...visit } = visited;
  return { ...visit, status: statusOf(visited, around) };
}
