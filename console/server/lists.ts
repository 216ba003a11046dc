import type { ExecutionListItem } from '@aws-sdk/client-sfn';
import { inParallel } from '../../aws/pace/in-parallel.ts';
import { Executions } from '../../cli/executions/executions.ts';
import { lastEntered } from '../../cli/executions/machines.ts';
import type { Session } from '../../cli/session.ts';
import { auditRecords, type DescribedExecution } from '../../core/audit/audit.ts';
import type { Machine } from '../../core/deployment.ts';
import { expanded } from '../../core/identity-pool/changes.ts';
import { isPlan } from './plan-name.ts';
import { poolsOf, type Report, reportIn, type Written } from './pools.ts';
import type { PoolView, Row, Rows } from './protocol.ts';
import { rowOf } from './views.ts';

/** How many executions a page of a list has. */
const LENGTH: Record<Machine, number> = { link: 50, reconcile: 20 };

// The current state is read for this many running executions, at each refresh.
const FOLLOWED = 5;

/** What is kept of an execution that was read, without its identity pools before and after. */
interface Known {
  row: Row;
  report?: Report;
  written: Written[];
  /** The names of the identity pools that it read, by their ids. */
  names: [identityPoolId: string, name: string][];
}

const writtenIn = (described: DescribedExecution): Written[] =>
  auditRecords(described).flatMap(({ identityPoolId = '', outcome, changes }) =>
    outcome === 'PLANNED' || described.stopped === undefined
      ? []
      : changes.flatMap(expanded).flatMap((change) => {
          if (change.op !== 'add' && change.op !== 'remove') return [];
          const { ClientId: clientId = '' } = change.provider;
          const isAdded = change.op === 'add';
          const { stopped = '' } = described;
          return [{ identityPoolId, clientId, outcome: isAdded ? 'LINKED' : 'UNLINKED', stopped }];
        }),
  );

const namesIn = (described: DescribedExecution): Known['names'] =>
  auditRecords(described).flatMap(({ identityPoolId, before, after }): Known['names'] => {
    const { IdentityPoolName: name } = after ?? before ?? {};
    return identityPoolId === undefined || name === undefined ? [] : [[identityPoolId, name]];
  });

const hasRepaired = (pool: Report['identityPools'][number]): boolean => {
  const { linked = 0, unlinked = 0 } = ('repaired' in pool && pool.repaired) || {};
  return linked + unlinked > 0;
};

function knownOf(described: DescribedExecution): Known {
  const [report] = described.machine === 'reconcile' ? reportIn(described) : [];
  const written = described.machine === 'link' ? writtenIn(described) : [];
  const wrote = written.length > 0 || (report?.identityPools ?? []).some(hasRepaired);
  return {
    row: { ...rowOf(described), ...(wrote && { wrote }) },
    ...(report && { report }),
    written,
    names: namesIn(described),
  };
}

const bare = ({ executionArn = '', name = '', ...item }: ExecutionListItem): Row => ({
  execution: executionArn,
  name,
  status: item.status ?? '',
  started: (item.startDate ?? new Date(0)).toISOString(),
  ...(item.stopDate && { stopped: item.stopDate.toISOString() }),
});

/** The lists of executions. An execution that has ended is read once. */
export class Lists {
  readonly #session: Session;
  readonly #executions: Executions;
  readonly #known = new Map<string, Known>();

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#executions = new Executions(session, stage);
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
    await inParallel(
      rows.filter((row) => this.#isStale(row)),
      async ({ execution }) => {
        this.#known.set(execution, knownOf(await this.#executions.read(execution)));
      },
    );
    const read = rows.map((row) => this.#known.get(row.execution)?.row ?? row);
    const running = read.filter(({ status }) => status === 'RUNNING').slice(0, FOLLOWED);
    const at = new Map<string, string>();
    await inParallel(running, async ({ execution }) => {
      at.set(execution, await lastEntered(await this.#session.stepFunctions(), execution));
    });
    return {
      rows: read.map(
        (row) => ({ ...row, ...(at.get(row.execution) && { at: at.get(row.execution) }) }) as Row,
      ),
      ...(next !== undefined && { next }),
    };
  }

  /** Whether an execution has changed since it was read. */
  #isStale({ execution, status }: Row): boolean {
    return this.#known.get(execution)?.row.status !== status;
  }

  #rowOf(item: ExecutionListItem): Row {
    const row = bare(item);
    const known = this.#known.get(row.execution)?.row;
    return known ? { ...known, ...row } : row;
  }

  /** The identity pools as the executions of these lists leave them. */
  pools(link: Rows, reconcile: Rows): PoolView[] {
    const known = ({ rows }: Rows) =>
      rows.flatMap(({ execution }) => this.#known.get(execution) ?? []);
    // The rows are newest first, and the newest name counts.
    const names = new Map(
      known(link)
        .toReversed()
        .flatMap((each) => each.names),
    );
    return poolsOf(
      known(reconcile).flatMap(({ report }) => report ?? []),
      known(link).flatMap(({ written }) => written),
    ).map((pool) => {
      const name = names.get(pool.identityPoolId);
      return name === undefined ? pool : { ...pool, name };
    });
  }
}
