import { isDeepStrictEqual } from 'node:util';
import { sentenceOf } from '../../cli/output/advice.ts';
import type { CommandLine } from '../../cli/output/command-line.ts';
import type { Session } from '../../cli/session.ts';
import type { Abilities } from './abilities.ts';
import { Details } from './details.ts';
import { Lists } from './lists.ts';
import { Names } from './names.ts';
import { pausedSince } from './paused.ts';
import type { About, ExecutionView, News, Overview, Row, Rows } from './protocol.ts';

/** One open page. */
export interface Viewer {
  /** ARN of the execution that it shows. */
  execution?: string;
  send(news: News): void;
}

// The time between two refreshes, in milliseconds: while an execution runs, and otherwise.
const RUNNING_MS = 1000;
const IDLE_MS = 2000;

// What seldom changes, or could not be read, is refreshed every so many times.
const SELDOM_EVERY = 5;

const nothing: Rows = { rows: [] };

const SILENT =
  'AWS has not answered yet, so this page may show an older state. Check the network. The console goes on asking.';

const waits = ({ at }: Row): boolean => at === 'RequestApproval';

/** Whether an execution does not change any more. */
const isOver = ({ status, mayWrite }: Row): boolean => status !== 'RUNNING' && mayWrite !== true;

/** Whether what others do may still change what is shown of an execution. */
const mayChange = ({ row, isUndoable, again }: ExecutionView, all: boolean): boolean =>
  !isOver(row) || (all && (isUndoable || again !== undefined));

/** The news that replace each other: of an execution, its view and why there is none. */
const kindOf = (news: News): 'overview' | 'execution' =>
  'overview' in news ? 'overview' : 'execution';

const messageOf = (error: unknown, commandLine: CommandLine): string =>
  error instanceof Error ? sentenceOf(error, commandLine).join(': ') : String(error);

/** Keeps every open page up to date with one loop, which runs while a page is open. */
export class Live {
  readonly lists: Lists;
  readonly details: Details;
  readonly #session: Session;
  readonly #stage: string;
  readonly #abilities: Abilities;
  readonly #demo: About['demo'];
  readonly #commandLine: CommandLine;
  /** How long a refresh may take, in milliseconds. A connection that is lost may never say so. */
  readonly #patience: number;
  /** Each viewer, and what was sent to it last. */
  readonly #viewers = new Map<Viewer, News[]>();
  #overview: Overview | undefined;
  #looks = 0;
  /** How many refreshes have begun, and which of them was shown last. */
  #begun = 0;
  #shown = 0;
  #running = false;
  /** Whether the last attempt to read the pause has succeeded. */
  #isPauseKnown = false;
  #wake = () => {};

  /** @param patience how long a refresh may take, in milliseconds. */
  constructor(
    {
      session,
      stage,
      demo,
      commandLine,
    }: {
      session: Session;
      stage: string;
      demo: About['demo'] | undefined;
      commandLine: CommandLine;
    },
    abilities: Abilities,
    patience: number,
  ) {
    this.#session = session;
    this.#stage = stage;
    this.#demo = demo;
    this.#commandLine = commandLine;
    this.#abilities = abilities;
    this.#patience = patience;
    const names = new Names(session);
    this.lists = new Lists(session, stage, names, abilities);
    this.details = new Details(session, stage, names);
  }

  /** Keeps a viewer up to date. The function that it returns ends that. */
  join(viewer: Viewer): () => void {
    this.#viewers.set(viewer, []);
    // What is already known is sent at once.
    if (this.#overview) this.#send(viewer, { overview: this.#overview });
    this.look();
    return () => this.#viewers.delete(viewer);
  }

  /** Refreshes now. */
  look(): void {
    this.#looks = 0;
    this.#wake();
    if (!this.#running) void this.#loop();
  }

  async #loop(): Promise<void> {
    this.#running = true;
    while (this.#viewers.size > 0) {
      const rest = Promise.withResolvers<void>();
      this.#wake = rest.resolve;
      await this.#once();
      const timer = setTimeout(rest.resolve, this.#runs() ? RUNNING_MS : IDLE_MS);
      await rest.promise;
      clearTimeout(timer);
    }
    this.#running = false;
  }

  #runs(): boolean {
    const { link = nothing, reconcile = nothing } = this.#overview ?? {};
    return [...link.rows, ...reconcile.rows].some(({ status }) => status === 'RUNNING');
  }

  async #once(): Promise<void> {
    const all = this.#looks++ % SELDOM_EVERY === 0;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#trouble(SILENT);
      late.resolve();
    }, this.#patience);
    const refreshed = Promise.all([
      this.#refresh(all).catch((error) => this.#trouble(messageOf(error, this.#commandLine))),
      ...[...this.#viewers.keys()].map((viewer) => this.#refreshExecution(viewer, all)),
    ]);
    await Promise.race([refreshed, late.promise]);
    clearTimeout(timer);
  }

  async #refresh(all: boolean): Promise<void> {
    const own = ++this.#begun;
    const { reconcile: before = nothing, paused: wasPaused } = this.#overview ?? {};
    const runs = before.rows.some(({ status }) => status === 'RUNNING');
    const [link, reconcile, paused] = await Promise.all([
      this.lists.page('link'),
      all || runs ? this.lists.page('reconcile') : before,
      all || !this.#isPauseKnown ? this.#paused() : wasPaused,
    ]);
    // What the caller may not do is known only then.
    const about = await this.#about();
    const show = (read: Pick<Overview, 'link' | 'reconcile' | 'waiting' | 'older' | 'pools'>) => {
      // One that was abandoned may end after a later one.
      if (own < this.#shown) return;
      this.#shown = own;
      this.#show({ about, ...read, ...(paused !== undefined && { paused }) });
    };
    // The lists take one call each, so they are shown while the executions are read.
    if (!this.#overview) show({ link, reconcile, waiting: [], older: [] });
    const [readLink, readReconcile] = await Promise.all([
      this.lists.withDetails(link),
      this.lists.withDetails(reconcile),
      all ? this.lists.findRunning(link) : undefined,
    ]);
    const older = await this.lists.olderThan(link);
    const pools = await this.lists.pools(readLink, older, readReconcile);
    const waiting = [...readLink.rows, ...older].filter(waits);
    show({ link: readLink, reconcile: readReconcile, waiting, older, pools });
  }

  async #refreshExecution(viewer: Viewer, all: boolean): Promise<void> {
    const { execution } = viewer;
    if (execution === undefined) return;
    const last = this.#viewers.get(viewer)?.find((news) => kindOf(news) === 'execution');
    if (last && 'failure' in last && !all) return;
    if (last && 'execution' in last && !mayChange(last.execution, all)) return;
    try {
      this.#send(viewer, { execution: await this.details.view(execution) });
    } catch (error) {
      this.#send(viewer, { failure: { execution, message: messageOf(error, this.#commandLine) } });
    }
  }

  async #about(): Promise<About> {
    const [{ arn, account, region }, isAwsItself] = await Promise.all([
      this.#session.caller(),
      this.#session.isAwsItself(),
      this.#abilities.probe(),
    ]);
    return {
      stage: this.#stage,
      region,
      account,
      caller: arn,
      isAwsItself,
      denied: { ...this.#abilities.denied },
      ...(this.#demo && { demo: this.#demo }),
    };
  }

  async #paused(): Promise<string | undefined> {
    this.#isPauseKnown = false;
    const paused = await pausedSince(this.#session, this.#stage, this.#abilities);
    this.#isPauseKnown = true;
    return paused;
  }

  #show(overview: Overview): void {
    this.#overview = overview;
    for (const viewer of this.#viewers.keys()) this.#send(viewer, { overview });
  }

  #trouble(trouble: string): void {
    const about: About = {
      stage: this.#stage,
      region: '',
      account: '',
      caller: '',
      isAwsItself: false,
      denied: {},
    };
    const known = this.#overview ?? {
      about,
      waiting: [],
      older: [],
      link: nothing,
      reconcile: nothing,
    };
    for (const viewer of this.#viewers.keys()) {
      this.#send(viewer, { overview: { ...known, trouble } });
    }
  }

  /** Sends news to a viewer, unless it already has them. */
  #send(viewer: Viewer, news: News): void {
    const sent = this.#viewers.get(viewer);
    if (!sent || sent.some((each) => isDeepStrictEqual(each, news))) return;
    const others = sent.filter((each) => kindOf(each) !== kindOf(news));
    this.#viewers.set(viewer, [...others, news]);
    viewer.send(news);
  }
}
