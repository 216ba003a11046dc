import { inParallel } from '../../aws/pace/in-parallel.ts';
import {
  type AuditRecord,
  auditRecords,
  endsSilently,
  type ToldExecution,
  untoldExecution,
} from '../../core/audit/audit.ts';
import { functionName, type Machine, stateMachineName } from '../../core/deployment.ts';
import { expanded } from '../../core/identity-pool/merge.ts';
import { type MadeShare, sharesIn, WRITES } from '../../core/write/write-log.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';
import { Executions, isForgotten } from './executions.ts';
import { handedIn } from './history.ts';
import { eventsIn, LogGroup, ofFunction, ofMachine, toldBy } from './log-group.ts';

/** When executions began, in epoch milliseconds. */
export interface Period {
  from: number;
  until: number;
}

const machines: Machine[] = ['link', 'reconcile'];

// Those that write: resources/roles.yml lets no other.
const writers = ['UpdateIdentityPool', 'ReconcileIdentityPool'];

/**
 * Everything that was asked for and done in a period: what Step Functions tells and, of what it has
 * forgotten, its log groups; and what was written, by the logs of the functions that write. It forgets
 * after 90 days, and at once when a stack is removed.
 */
export class Auditing {
  readonly #session: Session;
  readonly #stage: string;
  readonly #executions: Executions;
  readonly #terminal: Terminal;

  constructor(session: Session, stage: string, terminal: Terminal) {
    this.#session = session;
    this.#stage = stage;
    this.#executions = new Executions(session, stage);
    this.#terminal = terminal;
  }

  /** One record for each identity pool of each execution, in the order in which those began. */
  async records(period: Period): Promise<AuditRecord[]> {
    const told: ToldExecution[] = [];
    for (const machine of machines) {
      const known = await this.#known(machine, period);
      const ids = new Set(known.map(({ execution }) => execution));
      const logged = await this.#logged(machine, period);
      told.push(...known, ...logged.filter(({ execution }) => !ids.has(execution)));
    }
    const shares = await this.#shares(period);
    told.push(...(await this.#untold(told, shares, period)));
    told.sort((a, b) => (a.started < b.started ? -1 : 1));
    const records = new Map<string, AuditRecord[]>();
    await inParallel(told, async (each) => {
      const handed = endsSilently(each) ? handedIn(await this.#executions.eventsOf(each)) : [];
      records.set(each.execution, auditRecords(each, handed, shares.get(each.execution)));
      this.#terminal.busy(`${records.size} of ${told.length} executions`);
    });
    return told.flatMap(({ execution }) => records.get(execution) ?? []);
  }

  async #known(machine: Machine, period: Period): Promise<ToldExecution[]> {
    const arns = await this.#executions.list(machine, period);
    const told: ToldExecution[] = [];
    await inParallel(arns, async (arn) => {
      told.push(await this.#executions.read(arn));
      this.#terminal.busy(`${told.length} of ${arns.length} executions of ${machine}`);
    });
    return told;
  }

  async #find(name: string, pattern: string, { from }: Period) {
    // What began in the period may have ended after it.
    return new LogGroup(await this.#session.logs(), name).find(pattern, from, (lines) =>
      this.#terminal.busy(`the log group ${name}: ${lines} lines`),
    );
  }

  async #logged(machine: Machine, period: Period): Promise<ToldExecution[]> {
    const name = ofMachine(stateMachineName(this.#stage, machine));
    const events = eventsIn(await this.#find(name, '{ $.type = "Execution*" }', period));
    return [...Map.groupBy(events, ({ execution }) => execution)].flatMap(([execution, own]) => {
      const told = toldBy(execution, own);
      return told && Date.parse(told.started) < period.until ? [told] : [];
    });
  }

  /** What was written, by the execution that it was written for. */
  async #shares(period: Period): Promise<Map<string, MadeShare[]>> {
    const lines: unknown[] = [];
    for (const name of writers) {
      const group = ofFunction(functionName(this.#stage, name));
      lines.push(...(await this.#find(group, WRITES, period)));
    }
    return Map.groupBy(sharesIn(lines), ({ execution }) => execution);
  }

  /** The executions of writes that nobody tells of: log groups are delivered as well as may be. */
  async #untold(
    told: ToldExecution[],
    shares: ReadonlyMap<string, MadeShare[]>,
    { until }: Period,
  ): Promise<ToldExecution[]> {
    const ids = new Set(told.map(({ execution }) => execution));
    const untold: ToldExecution[] = [];
    for (const [execution, own] of shares) {
      if (ids.has(execution)) continue;
      const found = untoldExecution(execution, own);
      if (Date.parse(found.started) >= until) continue;
      try {
        // It is known, and began before the period.
        await this.#executions.read(execution);
      } catch (error) {
        if (!isForgotten(error)) throw error;
        untold.push(found);
      }
    }
    return untold;
  }
}

/** Which records are meant, of those of a period. */
export interface Filter {
  identityPool?: string;
  userPool?: string;
}

/** Whether a record is about a user pool, as what was asked for or as what was changed. */
const isAbout = ({ userPoolId, changes }: AuditRecord, id: string): boolean =>
  userPoolId === id ||
  changes
    .flatMap(expanded)
    .some(({ provider: { ProviderName = '' } }) => ProviderName.endsWith(`/${id}`));

export const filtered = (
  records: AuditRecord[],
  { identityPool, userPool }: Filter,
): AuditRecord[] =>
  records
    .filter(({ identityPoolId }) => identityPool === undefined || identityPoolId === identityPool)
    .filter((record) => userPool === undefined || isAbout(record, userPool));
