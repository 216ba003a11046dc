import { waitingIn } from '../../cli/executions/approvals.ts';
import { Executions } from '../../cli/executions/executions.ts';
import { type Event, historySince, walkedIn } from '../../cli/executions/history.ts';
import { recordsOf } from '../../cli/executions/records.ts';
import { linesOfChanges } from '../../cli/output/changes.ts';
import { consoleLink } from '../../cli/output/console-link.ts';
import type { Session } from '../../cli/session.ts';
import type { ToldExecution } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { type Graph, graphOf } from './graph.ts';
import type { Data, ExecutionView } from './protocol.ts';
import { factsOf, resultView, rowOf, visitOf } from './views.ts';

// Of how many executions the events are kept.
const KEPT = 5;

/** What is known of an execution, and the graph of its workflow. */
interface Read {
  events: Event[];
  graph?: Graph;
}

/** Executions in full, each read on from where it was read before. */
export class Details {
  readonly #session: Session;
  readonly #executions: Executions;
  readonly #read = new Map<string, Read>();

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#executions = new Executions(session, stage);
  }

  /** @throws ExecutionDoesNotExist */
  async view(execution: string): Promise<ExecutionView> {
    const told = await this.#executions.read(execution);
    const { events, graph } = await this.#readOn(told);
    const { status, machine } = told;
    const waiting = waitingIn(events);
    const around = { status, waiting: new Set(waiting.map((each) => each.identityPoolId)) };
    const records = recordsOf(told, events);
    const row = { ...rowOf(told), ...(waiting.length > 0 && { at: 'RequestApproval' }) };
    const results = told.stopped === undefined ? [] : records.map(resultView);
    const link = (await this.#session.isAwsItself()) ? consoleLink(execution) : undefined;
    return {
      row,
      machine,
      facts: factsOf(told, records),
      results,
      ...(link !== undefined && { link }),
      waiting: waiting.map(({ token: _, changes, ...shown }) => ({
        ...shown,
        lines: linesOfChanges(changes),
      })),
      isUndoable:
        machine === 'link' &&
        records.some(({ outcome }) => outcome === 'LINKED' || outcome === 'UNLINKED'),
      ...(graph && { graph }),
      visits: walkedIn(events).map((walked) => visitOf(walked, around)),
    };
  }

  /** What the state was given that was entered by an event, and what it handed on. */
  async data(execution: string, id: number): Promise<Data> {
    const known = this.#read.get(execution);
    const { events } = known ?? (await this.#readOn(await this.#executions.read(execution)));
    const { input, output } = walkedIn(events).find((each) => each.id === id) ?? {};
    return { ...(input !== undefined && { input }), ...(output !== undefined && { output }) };
  }

  async #readOn(told: ToldExecution): Promise<Read> {
    const { execution } = told;
    const known = this.#read.get(execution);
    const isWhole = known?.events.at(-1)?.type.startsWith('Execution') && known.events.length > 1;
    if (known && isWhole && told.status !== 'RUNNING') return known;
    const graph = known?.graph ?? (await this.#graph(told));
    const events = await this.#eventsOf(told, known?.events ?? []);
    const read = { events, ...(graph && { graph }) };
    this.#read.delete(execution);
    this.#read.set(execution, read);
    for (const oldest of [...this.#read.keys()].slice(0, -KEPT)) this.#read.delete(oldest);
    return read;
  }

  async #eventsOf(told: ToldExecution, known: Event[]): Promise<Event[]> {
    if (known.length === 0 || told.source !== 'history') return this.#executions.eventsOf(told);
    const sfn = await this.#session.stepFunctions(executionOf(told.execution).region);
    return historySince(sfn, told.execution, known);
  }

  /** As its workflow was defined then; without a graph, its states are still listed. */
  async #graph({ execution: executionArn, source }: ToldExecution): Promise<Graph | undefined> {
    if (source !== 'history') return undefined;
    const sfn = await this.#session.stepFunctions(executionOf(executionArn).region);
    try {
      const { definition = '{}' } = await sfn.describeStateMachineForExecution({ executionArn });
      return graphOf(JSON.parse(definition));
    } catch {
      return undefined;
    }
  }
}
