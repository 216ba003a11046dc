import { inParallel } from '../aws/in-parallel.ts';
import { type AuditRecord, auditRecords, endsSilently, type ToldExecution } from '../core/audit.ts';
import { grouped } from '../core/grouped.ts';
import { expanded } from '../core/merge.ts';
import { Executions } from './executions.ts';
import { handedIn } from './history.ts';
import { LogGroup, toldBy } from './log-group.ts';
import type { Machine } from './machines.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** When executions began, in epoch milliseconds. */
export interface Period {
  from: number;
  until: number;
}

const machines: Machine[] = ['link', 'reconcile'];

/**
 * Everything that was asked for and done in a period: what Step Functions tells and, of what it has
 * forgotten, its log groups. It forgets after 90 days, and at once when a stack is removed.
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
    told.sort((a, b) => (a.started < b.started ? -1 : 1));
    const records = new Map<string, AuditRecord[]>();
    await inParallel(told, async (each) => {
      const handed = endsSilently(each) ? handedIn(await this.#executions.eventsOf(each)) : [];
      records.set(each.execution, auditRecords(each, handed));
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

  async #logged(machine: Machine, { from, until }: Period): Promise<ToldExecution[]> {
    this.#terminal.busy(`the log group of ${machine}`);
    const group = new LogGroup(await this.#session.logs(), `poolbridge-${this.#stage}-${machine}`);
    // One that began in the period may have ended after it.
    const events = await group.find('{ $.type = "Execution*" }', { from });
    return [...grouped(events, ({ execution }) => execution)].flatMap(([execution, own]) => {
      const told = toldBy(execution, own);
      return told && Date.parse(told.started) < until ? [told] : [];
    });
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
