import { inParallel } from '../../aws/pace/in-parallel.ts';
import {
  type AuditRecord,
  auditRecords,
  type DescribedExecution,
  endsSilently,
  NOT_WRITTEN,
  unknownExecution,
} from '../../core/audit/audit.ts';
import { functionName, type Machine } from '../../core/deployment.ts';
import { grouped } from '../../core/grouped.ts';
import { expanded } from '../../core/identity-pool/changes.ts';
import type { Period } from '../../core/period.ts';
import { type MadeShare, sharesIn, WRITES } from '../../core/write/write-log.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';
import { WAITING, waitingIn } from './approvals.ts';
import { Executions, isUnknown } from './executions.ts';
import { type Event, stateDataIn } from './history.ts';
import { functionLogGroup, LogGroup } from './log-group.ts';
import { LoggedExecutions } from './logged-executions.ts';

const machines: Machine[] = ['link', 'reconcile'];

// Only these functions may write: see resources/roles.yml.
const writers = ['UpdateIdentityPool', 'ReconcileIdentityPool'];

/**
 * Reads all requests and writes of a period. Executions come from Step Functions, older ones from its log groups;
 * writes come from the logs of the functions that write. Step Functions keeps an execution for 90 days, and no
 * execution of a stack that was removed.
 */
export class AuditReader {
  readonly #session: Session;
  readonly #stage: string;
  readonly #executions: Executions;
  readonly #logged: LoggedExecutions;
  readonly #terminal: Terminal;

  constructor(session: Session, stage: string, terminal: Terminal) {
    this.#session = session;
    this.#stage = stage;
    this.#executions = new Executions(session, stage);
    this.#logged = new LoggedExecutions(session);
    this.#terminal = terminal;
  }

  /** One record for each identity pool of each execution, ordered by the start of the execution. */
  async records(period: Period): Promise<AuditRecord[]> {
    const executions: DescribedExecution[] = [];
    for (const machine of machines) {
      const known = await this.#known(machine, period);
      const ids = new Set(known.map(({ execution }) => execution));
      const isMeant = (execution: string): boolean => !ids.has(execution);
      const wanted = { stage: this.#stage, machine, period, isMeant, progress: this.#progress };
      executions.push(...known, ...(await this.#logged.began(wanted)));
    }
    const shares = await this.#shares(period);
    executions.push(...(await this.#unknown(executions, shares, period)));
    executions.sort((a, b) => (a.started < b.started ? -1 : 1));
    const records = new Map<string, AuditRecord[]>();
    await inParallel(executions, async (each) => {
      const events = endsSilently(each) ? await this.#executions.eventsOf(each) : [];
      const made = auditRecords(each, stateDataIn(events), shares.get(each.execution));
      records.set(each.execution, withWaiting(each, events, made));
      this.#terminal.busy(`${records.size} of ${executions.length} executions`);
    });
    return executions.flatMap(({ execution }) => records.get(execution) ?? []);
  }

  async #known(machine: Machine, period: Period): Promise<DescribedExecution[]> {
    const arns = await this.#executions.list(machine, period);
    const known: DescribedExecution[] = [];
    await inParallel(arns, async (arn) => {
      known.push(await this.#executions.read(arn));
      this.#terminal.busy(`${known.length} of ${arns.length} executions of ${machine}`);
    });
    return known;
  }

  readonly #progress = (group: string, lines: number): void =>
    this.#terminal.busy(`the log group ${group}: ${lines} lines`);

  /** The shares of all writes, by the execution whose request they belong to. */
  async #shares({ from }: Period): Promise<Map<string, MadeShare[]>> {
    const lines: unknown[] = [];
    for (const writer of writers) {
      const name = functionLogGroup(functionName(this.#stage, writer));
      const group = new LogGroup(await this.#session.logs(), name);
      // An execution that began in the period may have written after it.
      lines.push(...(await group.find(WRITES, { from }, (found) => this.#progress(name, found))));
    }
    return grouped(sharesIn(lines), ({ execution }) => execution);
  }

  /** Executions with writes that have no other record: the delivery of logs is best effort. */
  async #unknown(
    known: DescribedExecution[],
    shares: ReadonlyMap<string, MadeShare[]>,
    { until }: Period,
  ): Promise<DescribedExecution[]> {
    const ids = new Set(known.map(({ execution }) => execution));
    const unknown: DescribedExecution[] = [];
    for (const [execution, own] of shares) {
      if (ids.has(execution)) continue;
      const found = unknownExecution(execution, own);
      if (Date.parse(found.started) >= until) continue;
      try {
        // If Step Functions knows it, it began before the period.
        await this.#executions.read(execution);
      } catch (error) {
        if (!isUnknown(error)) throw error;
        unknown.push(found);
      }
    }
    return unknown;
  }
}

/** With a record for each identity pool whose change waits for approval, in place of one that only says that it runs. */
function withWaiting(
  described: DescribedExecution,
  events: Event[],
  records: AuditRecord[],
): AuditRecord[] {
  const waiting = waitingIn(events);
  const [running] = auditRecords(described);
  if (waiting.length === 0 || !running) return records;
  const waits = waiting.map(({ identityPoolId, links }) => ({
    ...running,
    identityPoolId,
    links,
    outcome: WAITING,
    verified: NOT_WRITTEN,
  }));
  return [...records.filter(({ identityPoolId }) => identityPoolId !== undefined), ...waits];
}

/** Which records of a period to return. */
export interface Filter {
  identityPool?: string;
  userPool?: string;
  /** Also those that wrote nothing. */
  all?: true;
}

const WRITES_END = ['LINKED', 'UNLINKED', 'REPAIRED'];

/** Whether a record is about a write, or about what may have been one. */
const isWrite = ({ written, outcome }: AuditRecord): boolean =>
  written !== undefined || WRITES_END.includes(outcome);

/** Whether the request or the changes of a record are about a user pool. */
const isAbout = ({ userPoolId, changes }: AuditRecord, id: string): boolean =>
  userPoolId === id ||
  changes
    .flatMap(expanded)
    .some(({ provider: { ProviderName = '' } }) => ProviderName.endsWith(`/${id}`));

/** The records that are asked for, and how many more are left out because they wrote nothing. */
export function filtered(
  records: AuditRecord[],
  { identityPool, userPool, all }: Filter,
): { chosen: AuditRecord[]; omitted: number } {
  const matching = records
    .filter(({ identityPoolId }) => identityPool === undefined || identityPoolId === identityPool)
    .filter((record) => userPool === undefined || isAbout(record, userPool));
  const chosen = all ? matching : matching.filter(isWrite);
  return { chosen, omitted: matching.length - chosen.length };
}
