import type { ExecutionListItem } from '@aws-sdk/client-sfn';
import { inParallel } from '../../aws/pace/in-parallel.ts';
import { isDenied } from '../../cli/denied.ts';
import { Executions, isUnknown } from '../../cli/executions/executions.ts';
import { handedBy } from '../../cli/executions/handed.ts';
import { PoolsNow } from '../../cli/executions/pools-now.ts';
import type { Session } from '../../cli/session.ts';
import { Ledgers } from '../../cli/settings/ledgers.ts';
import {
  auditRecords,
  type DescribedExecution,
  endsSilently,
  type StateData,
} from '../../core/audit/audit.ts';
import type { Machine } from '../../core/deployment.ts';
import type { Abilities } from './abilities.ts';
import type { RequestEnd } from './failures.ts';
import { Following, isRunning } from './following.ts';
import { Kept } from './kept.ts';
import { type Known, knownOf } from './known.ts';
import type { Names } from './names.ts';
import { isPlan } from './plan-name.ts';
import { poolViews } from './pools.ts';
import type { PoolView, Row, Rows } from './protocol.ts';
import { withUndone } from './undone.ts';

/** How many executions a page of a list has. */
const LENGTH: Record<Machine, number> = { link: 50, reconcile: 20 };

const FAILED = ['FAILED', 'TIMED_OUT', 'ABORTED'] as const;

// At most this many executions of each of these are looked for.
const MOST_FAILED = 50;

// They are looked for this often at most, since each look takes three calls, in milliseconds.
const FAILED_AGAIN_MS = 10_000;

// This many running executions that no page shows are kept in mind.
const RUNNING = 100;

// This many executions that were read are kept: more than the pages and those that have failed.
const KNOWN = 500;

const clientsIn = ({
  userPoolId,
  clientId,
  clients = [],
}: Pick<Row, 'userPoolId' | 'clientId' | 'clients'>) =>
  userPoolId === undefined
    ? []
    : [...(clientId === undefined ? [] : [clientId]), ...clients].map((each) => ({
        userPoolId,
        clientId: each,
      }));

const bare = ({ executionArn = '', name = '', ...item }: ExecutionListItem): Row => ({
  execution: executionArn,
  name,
  status: item.status ?? '',
  started: (item.startDate ?? new Date(0)).toISOString(),
  ...(item.stopDate && { stopped: item.stopDate.toISOString() }),
});

/** The lists of executions. An execution that has ended is read once. */
export class Lists {
  readonly #executions: Executions;
  readonly #now: PoolsNow;
  readonly #ledgers: Ledgers;
  readonly #known = new Kept<Known>(KNOWN);
  readonly #running = new Kept<Row>(RUNNING);
  readonly #following: Following;
  readonly #names: Names;
  /** The names of identity pools, as the executions that were read have seen them last. */
  readonly #poolNames = new Map<string, string>();
  /** When the executions that have failed were listed last, in epoch milliseconds. */
  #failedRead = 0;
  /** Whether more have failed than were listed. */
  #areMoreFailed = false;

  constructor(session: Session, stage: string, names: Names, abilities: Abilities) {
    this.#executions = new Executions(session, stage);
    this.#now = new PoolsNow(session, stage);
    this.#ledgers = new Ledgers(session, stage);
    this.#following = new Following(session, abilities);
    this.#names = names;
  }

  /** A page of a list, without reading any execution. */
  async page(machine: Machine, next?: string): Promise<Rows> {
    const limit = LENGTH[machine];
    const { executions = [], nextToken } = await this.#executions.page(machine, { limit }, next);
    return {
      rows: executions.map((item) => this.#rowOf(item)).filter(({ name }) => !isPlan(name)),
      ...(nextToken !== undefined && { next: nextToken }),
    };
  }

  /** The same page, with the details of every execution. */
  async withDetails({ rows, next }: Rows): Promise<Rows> {
    for (const { execution } of rows) this.#known.use(execution);
    await this.#read(rows.filter((row) => this.#isStale(row)));
    const read = rows.map((row) => this.#known.get(row.execution)?.row ?? row);
    await this.#following.read(read);
    return {
      rows: read.map((row) => this.#told(row)),
      ...(next !== undefined && { next }),
    };
  }

  /** A row with the name of its app client and, while it runs, its current state. */
  #told(row: Row): Row {
    const clients = row.clients?.map((id) => this.#names.label(id));
    return {
      ...row,
      ...this.#names.of(row.clientId),
      ...(clients && { clients }),
      ...this.#following.of(row),
    };
  }

  async #read(rows: Row[]): Promise<void> {
    await inParallel(rows, async ({ execution }) => {
      const described = await this.#executions.read(execution);
      const known = knownOf(described, await this.#handedBy(described));
      const row = await withUndone(
        known.row,
        this.#executions,
        (undone) => this.#known.get(undone)?.row,
      );
      this.#known.set(execution, { ...known, row });
    });
  }

  /** The data of the states of an execution whose end has no results, as far as the caller may read it. */
  async #handedBy(described: DescribedExecution): Promise<StateData[]> {
    const isTold = auditRecords(described).some((each) => each.identityPoolId !== undefined);
    if (described.stopped === undefined || isTold || !endsSilently(described)) return [];
    try {
      return await handedBy(described, await this.#executions.eventsOf(described), this.#ledgers);
    } catch (error) {
      if (!isDenied(error) && !isUnknown(error)) throw error;
      return [];
    }
  }

  /** Whether an execution has changed since it was read. */
  #isStale({ execution, status }: Row): boolean {
    const { status: before, mayWrite } = this.#known.get(execution)?.row ?? {};
    return before !== status || mayWrite === true;
  }

  #rowOf(item: ExecutionListItem): Row {
    const row = bare(item);
    const known = this.#known.get(row.execution)?.row;
    return known ? { ...known, ...row } : row;
  }

  /**
   * The executions of link that still run but are too old for a page. They are kept in mind, since they may write
   * later than newer ones.
   */
  async findRunning({ next }: Rows): Promise<void> {
    if (next === undefined) return;
    const { executions = [] } = await this.#executions.page(
      'link',
      { status: 'RUNNING' },
      undefined,
    );
    for (const item of executions) this.#running.set(item.executionArn ?? '', bare(item));
  }

  /**
   * The identity pools as reconciles have found them, and as executions of link have left them since.
   *
   * @param older executions of link that no page shows.
   */
  async pools(link: Rows, older: Row[], reconcile: Rows): Promise<PoolView[]> {
    const known = (rows: Row[]) =>
      rows.flatMap(({ execution }) => this.#known.get(execution) ?? []);
    const links = known([...link.rows, ...older]);
    const [oldest] = link.rows.slice(-1);
    const isAll = link.next === undefined || oldest === undefined;
    const found = await this.#now.of(
      [...links, ...known(reconcile.rows)].map((each) => each.traced),
      isAll ? Number.NEGATIVE_INFINITY : Date.parse(oldest.started),
    );
    // The end of an execution that runs or was aborted does not show what it wrote.
    for (const { row } of links) if (this.#now.hasWritten(row.execution)) row.wrote = true;
    // The rows are newest first, and the newest name counts.
    for (const [id, name] of links.toReversed().flatMap((each) => each.names)) {
      this.#poolNames.set(id, name);
    }
    const looked = Math.min(...found.map(({ asOf }) => Date.parse(asOf)));
    const isPast = isAll || Date.parse(oldest.started) <= looked;
    if (!isPast) await this.#findFailed(looked);
    const areMore = !isPast && this.#areMoreFailed;
    const ends = [...this.#known.all.values()].flatMap((each) => each.ends);
    const isOvertaken = (end: RequestEnd) => this.#now.isWrittenSince(end, end.stopped);
    const views = poolViews(found, ends, isOvertaken);
    const drift = views.flatMap((view) => view.drift);
    for (const { clientId, clientName } of drift) this.#names.tell(clientId, clientName);
    const failures = views.flatMap((view) => view.failures ?? []).flatMap(clientsIn);
    const listed = known(link.rows).flatMap(({ row }) => clientsIn(row));
    this.#names.lookUp([...drift, ...failures, ...listed]);
    return views.map((view) => {
      const name = this.#poolNames.get(view.identityPoolId);
      return {
        ...view,
        ...(name !== undefined && { name }),
        drift: view.drift.map((each) => ({ ...each, ...this.#names.of(each.clientId) })),
        ...(areMore && { areMoreFailed: true as const }),
        ...(view.failures && {
          failures: view.failures.map((each) => ({ ...each, ...this.#names.of(each.clientId) })),
        }),
      };
    });
  }

  /** Reads the executions of link that have failed since a time and are too old for a page, now and then. */
  async #findFailed(since: number): Promise<void> {
    if (Date.now() - this.#failedRead < FAILED_AGAIN_MS) return;
    this.#failedRead = Date.now();
    let areMore = false;
    for (const status of FAILED) {
      const filter = { status, limit: MOST_FAILED };
      const page = await this.#executions.page('link', filter, undefined);
      const { executions = [], nextToken } = page;
      const recent = executions.filter(({ stopDate }) => (stopDate?.getTime() ?? 0) > since);
      areMore ||= nextToken !== undefined && recent.length === executions.length;
      const rows = recent.map(bare).filter(({ name }) => !isPlan(name));
      for (const { execution } of rows) this.#known.use(execution);
      await this.#read(rows.filter((row) => this.#isStale(row)));
    }
    this.#areMoreFailed = areMore;
  }

  /** Those kept in mind that are not on a page, as they are now. */
  async olderThan({ rows }: Rows): Promise<Row[]> {
    for (const { execution } of rows) this.#running.delete(execution);
    const older = [...this.#running.all.values()];
    for (const { execution } of older) this.#known.use(execution);
    const isOpen = (row: Row) => isRunning(this.#known.get(row.execution)?.row ?? row);
    await this.#read(older.filter(isOpen));
    const read = older.map((row) => this.#known.get(row.execution)?.row ?? row);
    await this.#following.read(read);
    return read.map((row) => this.#told(row));
  }
}
