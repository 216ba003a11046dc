import { inParallel } from '../../aws/pace/in-parallel.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { type EntryWrite, type PoolNow, poolsNow } from '../../core/now/pool-now.ts';
import {
  conflicting,
  type Traces,
  tracesInEnd,
  tracesInLedger,
  tracesInStates,
  withLedgers,
} from '../../core/now/traces.ts';
import { totalsOf } from '../../core/reconcile/report.ts';
import { providerIn } from '../../core/user-pool.ts';
import { isDenied } from '../denied.ts';
import type { ReconcileReport } from '../output/reconcile-table.ts';
import type { Session } from '../session.ts';
import { Ledgers } from '../settings/ledgers.ts';
import type { Ending } from './ending.ts';
import { Executions, isUnknown } from './executions.ts';
import { visitsWithDataIn } from './history.ts';
import { lacksData } from './log-group.ts';

/** An execution, with the traces in its end but without its input and output, which may be large. */
export interface Traced
  extends Pick<
    DescribedExecution,
    'execution' | 'machine' | 'source' | 'status' | 'started' | 'stopped'
  > {
  inEnd: Traces;
}

export function traced(described: DescribedExecution): Traced {
  const { input: _, output: __, error: ___, cause: ____, reported: _____, ...told } = described;
  return { ...told, inEnd: tracesInEnd(described) };
}

/** The traces of an execution that was read. */
interface Read extends Traces {
  told: Traced;
  /** Whether they are all that it leaves. */
  isWhole: boolean;
}

// The states of this many running executions are read at a time. Those of the others show once they have ended.
const FOLLOWED = 10;

const isRunning = ({ status }: Traced): boolean => status === 'RUNNING';

/**
 * The reconciles that may have looked at an identity pool last: the newest ones until each identity pool is among
 * them, those that still run, and those whose end had no room for what they have seen.
 */
function lookingOf(all: Traced[]): Traced[] {
  const reconciles = all.filter(({ machine }) => machine === 'reconcile');
  const poolsOf = ({ inEnd }: Traced) => inEnd.looks.map(({ found }) => found.identityPoolId);
  const left = new Set(reconciles.flatMap(poolsOf));
  return reconciles
    .toSorted((a, b) => b.started.localeCompare(a.started))
    .filter((each) => {
      const isNeeded = left.size > 0 || isRunning(each) || poolsOf(each).length === 0;
      for (const id of poolsOf(each)) left.delete(id);
      return isNeeded;
    });
}

/** The identity pools of which the executions may not show every write. */
function doubtsIn(read: Read[], known: string[], isComplete: boolean): Set<string> {
  // Without its states, only the output of an execution that succeeded shows what it wrote.
  const isDark = read.some(({ isWhole, told }) => !isWhole && !isRunning(told));
  return new Set(isDark || !isComplete ? known : read.flatMap(({ inDoubt }) => inDoubt));
}

/** Reads how every identity pool is now, by what executions have seen and written. */
export class PoolsNow {
  readonly #executions: Executions;
  readonly #ledgers: Ledgers;
  #read = new Map<string, Read>();
  /** What was written, as far as the last answer needed to know. */
  #writes: EntryWrite[] = [];
  /** The executions that wrote it. */
  #writers = new Set<string>();
  /** The ledgers that were read, and what was known of the executions by then. */
  readonly #inLedgers = new Map<string, { by: string; writes: EntryWrite[] }>();

  constructor(session: Session, stage: string) {
    this.#executions = new Executions(session, stage);
    this.#ledgers = new Ledgers(session, stage);
  }

  /**
   * The identity pools that reconciles have looked at.
   *
   * @param all executions of both state machines.
   * @param listedSince all of `link` are among them that began at this time or later, in epoch milliseconds.
   */
  async of(all: Traced[], listedSince: number): Promise<PoolNow[]> {
    const looking = await this.#readAll(lookingOf(all));
    const looks = looking.flatMap((each) => each.looks);
    if (looks.length === 0) return [];
    const since = Math.min(...looks.map(({ from }) => from));
    const writing = await this.#readAll(
      all.filter(
        ({ machine, stopped }) =>
          machine === 'link' && (stopped === undefined || Date.parse(stopped) > since),
      ),
    );
    const read = [...looking, ...writing];
    this.#read = new Map(read.map((each) => [each.told.execution, each]));
    const writes = read.flatMap((each) => each.writes);
    const pools = [...new Set(looks.map(({ found }) => found.identityPoolId))];
    const inDoubt = doubtsIn(read, pools, listedSince < since);
    const unclear = pools.filter((id) => inDoubt.has(id) || conflicting(writes).includes(id));
    const inLedgers = await this.#writesInLedgers(unclear, read);
    const isKnown = (execution: string): boolean => {
      const { isWhole, inDoubt: doubts } = this.#read.get(execution) ?? { isWhole: false };
      return isWhole && doubts?.length === 0;
    };
    const allWrites = withLedgers(writes, inLedgers, isKnown);
    this.#writes = allWrites;
    const changesNothing = ({ op }: EntryWrite) => op === 'gone' || op === 'settle';
    this.#writers = new Set(
      allWrites.filter((each) => !changesNothing(each)).map((each) => each.execution),
    );
    return poolsNow(looks, allWrites, inDoubt);
  }

  /** Whether an execution has written to an identity pool since the last looks, also if its end does not show it. */
  hasWritten(execution: string): boolean {
    return this.#writers.has(execution);
  }

  /** Whether an entry of an app client was written after a time, which is in ISO 8601. */
  isWrittenSince(
    {
      identityPoolId,
      userPoolId,
      clientId,
    }: { identityPoolId: string; userPoolId: string; clientId: string },
    time: string,
  ): boolean {
    return this.#writes.some(
      (write) =>
        write.identityPoolId === identityPoolId &&
        write.clientId === clientId &&
        providerIn(write.providerName) === userPoolId &&
        write.until > Date.parse(time) &&
        write.until !== Number.POSITIVE_INFINITY,
    );
  }

  async #readAll(all: Traced[]): Promise<Read[]> {
    const running = all.filter(isRunning).slice(0, FOLLOWED);
    const read: Read[] = [];
    await inParallel([...all.filter((each) => !isRunning(each)), ...running], async (told) => {
      read.push(await this.#inStates(told));
    });
    return read;
  }

  /** The traces in the states of an execution or, if the caller may not read them, in its end. */
  async #inStates(told: Traced): Promise<Read> {
    const { execution, inEnd, status } = told;
    const known = this.#read.get(execution);
    if (known && !isRunning(known.told)) return known;
    try {
      const events = await this.#executions.eventsOf(told);
      if (lacksData(events)) return { ...inEnd, told, isWhole: status === 'SUCCEEDED' };
      const traces = tracesInStates(execution, visitsWithDataIn(events));
      return { ...traces, told, isWhole: !isRunning(told) };
    } catch (error) {
      if (!isDenied(error) && !isUnknown(error)) throw error;
      return { ...inEnd, told, isWhole: status === 'SUCCEEDED' };
    }
  }

  /** The writes that the ledgers of some identity pools show, as far as the caller may read them. */
  async #writesInLedgers(identityPoolIds: string[], read: Read[]): Promise<EntryWrite[]> {
    const by = JSON.stringify(read.map(({ told }) => [told.execution, told.status]).sort());
    const mayChange = new Set(
      read.flatMap(({ told, inDoubt }) => (isRunning(told) ? inDoubt : [])),
    );
    await inParallel(identityPoolIds, async (id) => {
      if (this.#inLedgers.get(id)?.by === by && !mayChange.has(id)) return;
      const ledger = await this.#ledgers.readable(id);
      if (ledger) this.#inLedgers.set(id, { by, writes: tracesInLedger(id, ledger.values()) });
    });
    return identityPoolIds.flatMap((id) => this.#inLedgers.get(id)?.writes ?? []);
  }
}

/** The end of a reconcile, with its identity pools as they are now. */
export function endingNow(ending: Ending, pools: PoolNow[]): Ending {
  const report: ReconcileReport = 'output' in ending ? ending.output : ending.report;
  const { identityPools = [] } = report;
  if (identityPools.length === 0) return ending;
  const byId = new Map(pools.map((pool) => [pool.identityPoolId, pool]));
  const now = identityPools.map((pool) => byId.get(pool.identityPoolId) ?? pool);
  const shown = { ...report, identityPools: now, totals: totalsOf(now) };
  return 'output' in ending ? { ...ending, output: shown } : { ...ending, report: shown };
}

// As many executions of `link` as the console lists at first.
const LISTED = 50;

/**
 * The identity pools that the parts of one reconcile have looked at, with what executions of `link` wrote meanwhile.
 * Without the permission to list these, they are as the reconcile reported them.
 */
export async function poolsAfter(
  session: Session,
  stage: string,
  reconciles: string[],
): Promise<PoolNow[]> {
  const executions = new Executions(session, stage);
  const looked: Traced[] = [];
  for (const each of reconciles) looked.push(traced(await executions.read(each)));
  const links: Traced[] = [];
  let listedSince = Number.NEGATIVE_INFINITY;
  try {
    const page = await executions.page('link', { limit: LISTED }, undefined);
    const { executions: listed = [], nextToken } = page;
    if (nextToken !== undefined) listedSince = listed.at(-1)?.startDate?.getTime() ?? 0;
    const began = Math.min(...looked.map(({ started }) => Date.parse(started)));
    const since = listed.filter(({ stopDate }) => (stopDate?.getTime() ?? began) >= began);
    await inParallel(since, async ({ executionArn = '' }) => {
      links.push(traced(await executions.read(executionArn)));
    });
  } catch (error) {
    if (!isDenied(error)) throw error;
  }
  return new PoolsNow(session, stage).of([...looked, ...links], listedSince);
}
