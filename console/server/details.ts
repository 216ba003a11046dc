import { waitingIn } from '../../cli/executions/approvals.ts';
import { clientsIn } from '../../cli/executions/client-names.ts';
import { Executions } from '../../cli/executions/executions.ts';
import { foundIn } from '../../cli/executions/found.ts';
import { handedBy } from '../../cli/executions/handed.ts';
import { type Event, historySince, visitsWithDataIn } from '../../cli/executions/history.ts';
import { type Recorded, recordsFrom } from '../../cli/executions/records.ts';
import { linesOfChanges } from '../../cli/output/changes.ts';
import { consoleLink, logsLink, trailLink } from '../../cli/output/console-link.ts';
import { Failure } from '../../cli/output/exit.ts';
import type { Session } from '../../cli/session.ts';
import { Ledgers } from '../../cli/settings/ledgers.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { poolsNow } from '../../core/now/pool-now.ts';
import { tracesInEnd, tracesInStates } from '../../core/now/traces.ts';
import { providerIn } from '../../core/user-pool.ts';
import { againOf } from './again.ts';
import { graphOf } from './graph.ts';
import { Kept } from './kept.ts';
import { type Layout, layout } from './layout.ts';
import type { Names } from './names.ts';
import { poolViews } from './pools.ts';
import type { Data, ExecutionView } from './protocol.ts';
import { undoableOf } from './undoable.ts';
import { withUndone } from './undone.ts';
import { endView, factsOf, nextPartOf, removedView, rowOf, visitOf } from './views.ts';

// The events of this many executions are kept.
const KEPT = 5;

/** What was read of an execution, and the drawing of its workflow. */
interface Read {
  events: Event[];
  graph?: Layout;
}

/** Where the AWS console shows an execution, its logs, and its calls in the accounts of identity pools. */
function awsLinks(execution: string, records: Recorded[]): ExecutionView['links'] {
  const calls = records.flatMap(({ identityPoolId = '', assumedRoleArn = '' }) =>
    assumedRoleArn === ''
      ? []
      : [
          {
            text: `CloudTrail of ${identityPoolId}`,
            href: trailLink(execution, identityPoolId, assumedRoleArn),
          },
        ],
  );
  const all = [
    { text: 'Execution', href: consoleLink(execution) },
    { text: 'Log group', href: logsLink(execution) },
    ...calls,
  ];
  return all.flatMap(({ text, href }) => (href === undefined ? [] : [{ text, href }]));
}

/** What a reconcile has found so far, after its own repairs. */
function findingsOf(described: DescribedExecution, events: Event[]): ExecutionView['findings'] {
  const { looks } = tracesInStates(described.execution, visitsWithDataIn(events));
  return poolViews(poolsNow(looks.length > 0 ? looks : tracesInEnd(described).looks, []));
}

/** Reads executions in full; of an execution that was read before, only what is new. */
export class Details {
  readonly #session: Session;
  readonly #executions: Executions;
  readonly #ledgers: Ledgers;
  readonly #read = new Kept<Read>(KEPT);
  readonly #names: Names;

  constructor(session: Session, stage: string, names: Names) {
    this.#names = names;
    this.#session = session;
    this.#executions = new Executions(session, stage);
    this.#ledgers = new Ledgers(session, stage);
  }

  /** @throws ExecutionDoesNotExist; UsageError if it is not an ARN. */
  async view(execution: string): Promise<ExecutionView> {
    if (!execution.startsWith('arn:')) {
      throw new Failure(
        'UsageError',
        `${execution} is not the ARN of an execution. Find it by its name in the overview.`,
      );
    }
    const described = await this.#executions.read(execution);
    const { events, graph } = await this.#readOn(described);
    const { status, machine } = described;
    const waiting = waitingIn(events);
    const around = { status, waiting: new Set(waiting.map((each) => each.identityPoolId)) };
    const handed = await handedBy(described, events, this.#ledgers);
    const records = recordsFrom(described, handed);
    const row = {
      ...(await withUndone(rowOf(described, handed), this.#executions)),
      ...(waiting.length > 0 && { at: 'RequestApproval' }),
    };
    const changes = [...records, ...waiting].flatMap((each) => each.changes);
    this.#names.lookUp(
      clientsIn(changes).map(({ providerName, clientId }) => ({
        userPoolId: providerIn(providerName),
        clientId,
      })),
    );
    const names = this.#names.known;
    const results =
      described.stopped === undefined
        ? []
        : records.map((record) => endView(record, described.input, names));
    const isReconcile = machine === 'reconcile';
    const next = nextPartOf(described);
    return {
      row: {
        ...row,
        ...(row.clients && { clients: row.clients.map((id) => this.#names.label(id)) }),
      },
      machine,
      ...(next !== undefined && { next }),
      facts: factsOf(described, records, row),
      results,
      findings: isReconcile ? findingsOf(described, events) : [],
      removed: (foundIn(described, events)?.removed ?? []).map(removedView),
      links: (await this.#session.isAwsItself()) ? awsLinks(execution, records) : [],
      waiting: waiting.map(({ identityPoolId, links, since, until, changes: asked }) => ({
        identityPoolId,
        links,
        since,
        until,
        lines: linesOfChanges(asked, names),
      })),
      ...(await undoableOf(described, records, {
        executions: this.#executions,
        ledgers: this.#ledgers,
      })),
      ...(await againOf(described, handed, this.#ledgers)),
      ...(graph && { graph }),
      visits: visitsWithDataIn(events).map((visited) => visitOf(visited, around)),
    };
  }

  /** The input and output of the state that an event entered. */
  async data(execution: string, id: number): Promise<Data> {
    const known = this.#read.get(execution);
    const { events } = known ?? (await this.#readOn(await this.#executions.read(execution)));
    const { input, output } = visitsWithDataIn(events).find((each) => each.id === id) ?? {};
    return { ...(input !== undefined && { input }), ...(output !== undefined && { output }) };
  }

  async #readOn(described: DescribedExecution): Promise<Read> {
    const { execution } = described;
    const known = this.#read.get(execution);
    const isWhole = known?.events.at(-1)?.type.startsWith('Execution') && known.events.length > 1;
    if (known && isWhole && described.status !== 'RUNNING') return known;
    const graph = known?.graph ?? (await this.#graph(described));
    const events = await this.#eventsOf(described, known?.events ?? []);
    const read = { events, ...(graph && { graph }) };
    this.#read.set(execution, read);
    return read;
  }

  async #eventsOf(described: DescribedExecution, known: Event[]): Promise<Event[]> {
    if (known.length === 0 || described.source !== 'history')
      return this.#executions.eventsOf(described);
    const sfn = await this.#session.stepFunctions(executionOf(described.execution).region);
    return historySince(sfn, described.execution, known);
  }

  /** The workflow as it was defined at the time; without a graph, the states are still listed. */
  async #graph({
    execution: executionArn,
    source,
  }: DescribedExecution): Promise<Layout | undefined> {
    if (source !== 'history') return undefined;
    const sfn = await this.#session.stepFunctions(executionOf(executionArn).region);
    try {
      const { definition = '{}' } = await sfn.describeStateMachineForExecution({ executionArn });
      return layout(graphOf(JSON.parse(definition)));
    } catch {
      return undefined;
    }
  }
}
