import { randomUUID } from 'node:crypto';
import { checkRequest } from '../../cli/arguments.ts';
import { Approvals, TOO_LATE } from '../../cli/executions/approvals.ts';
import { clientNames, clientsIn } from '../../cli/executions/client-names.ts';
import { Executions } from '../../cli/executions/executions.ts';
import { Machines } from '../../cli/executions/machines.ts';
import { type Recorded, recordsOf } from '../../cli/executions/records.ts';
import { linesOfChanges } from '../../cli/output/changes.ts';
import { Failure } from '../../cli/output/exit.ts';
import { namesOf } from '../../cli/output/waiting-lines.ts';
import type { Session } from '../../cli/session.ts';
import { type DescribedExecution, endsSilently } from '../../core/audit/audit.ts';
import type { Machine } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import type { Approval } from '../../core/request/approval.ts';
import { LONGEST_REASON } from '../../core/request/approval.ts';
import type { Output } from '../../core/request/outcome.ts';
import { providerIn } from '../../core/user-pool.ts';
import type { Abilities } from './abilities.ts';
import { Kept } from './kept.ts';
import { pausePlan, resumePlan } from './pause-plans.ts';
import { pausedSince } from './paused.ts';
import { planName } from './plan-name.ts';
import type { Prepared } from './prepared.ts';
import type { Ability, Action, Done, Plan, ResultView } from './protocol.ts';
import { maySettle, SETTLES, undoResults, withConflicts } from './settling.ts';
import { plannedView, repairView } from './views.ts';

type Ready = Required<Prepared> & Pick<Action, 'kind'>;

type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>;

// At most this many plans wait for confirmation.
const KEPT = 20;

/** Why an action is not carried out while writes are paused; an action that writes nothing is. */
const heldUp: Partial<Record<Action['kind'], string>> = {
  link: 'The execution would fail.',
  unlink: 'The execution would fail.',
  undo: 'The execution would fail.',
  repair: 'The repair would fail.',
  approve: 'An approval would be used up without a write.',
};

const writes = ({ lines }: ResultView): boolean => lines.length > 0;

const asItIs = async (described: DescribedExecution): Promise<DescribedExecution> => described;

/** The sentence about a request that would fail in some of its identity pools, if it would. */
function failing(results: ResultView[]): string[] {
  const failed = results.filter(({ error }) => error !== undefined).length;
  if (failed === 0 || failed === results.length) return [];
  return [
    `This would fail in ${failed} of ${results.length} identity pools. The others are changed all the same, and the execution then fails.`,
  ];
}

/** The actions of the console: each is planned, and then confirmed once. */
export class Plans {
  readonly #session: Session;
  readonly #stage: string;
  readonly #abilities: Abilities;
  readonly #machines: Machines;
  readonly #executions: Executions;
  readonly #open = new Kept<Ready>(KEPT);

  constructor(session: Session, stage: string, abilities: Abilities) {
    this.#session = session;
    this.#stage = stage;
    this.#abilities = abilities;
    this.#machines = new Machines(session, stage);
    this.#executions = new Executions(session, stage);
  }

  /** Plans an action: shows what it would do, and changes nothing. */
  async plan(action: Action): Promise<Plan> {
    const { kind } = action;
    const { carryOut, ability, ...plan } = await this.#prepare(action);
    if (!carryOut) return plan;
    const held = await this.#heldUp(kind);
    if (held !== undefined) return { ...plan, held };
    const id = randomUUID();
    this.#open.set(id, { ...plan, kind, ability, carryOut });
    return { id, ...plan };
  }

  /**
   * Carries out a plan.
   *
   * @throws PlanGoneError if it was already confirmed, or is too old; PausedError if it would write while writes are
   * paused.
   */
  async confirm(id: string, reason: string): Promise<Done> {
    const plan = this.#open.get(id);
    if (!plan) {
      throw new Failure('PlanGoneError', 'This plan is no longer valid. Make it again.');
    }
    if (plan.reason === 'needed' && reason === '')
      throw new Failure('UsageError', 'The reason is missing.');
    if (reason.length > LONGEST_REASON) {
      throw new Failure('UsageError', `The reason is longer than ${LONGEST_REASON} characters.`);
    }
    this.#open.delete(id);
    const held = await this.#heldUp(plan.kind);
    if (held !== undefined) {
      // It can be confirmed once writes are resumed.
      this.#open.set(id, plan);
      throw new Failure('PausedError', held);
    }
    return this.#doing(plan.ability, () => plan.carryOut(reason));
  }

  /** Why an action can't be carried out now: writes are paused. */
  async #heldUp(kind: Action['kind']): Promise<string | undefined> {
    const why = heldUp[kind];
    if (why === undefined) return undefined;
    const paused = await pausedSince(this.#session, this.#stage, this.#abilities);
    return (
      paused &&
      `All writes have been paused ${paused}. ${why} When the reason for the pause is gone, resume writes first.`
    );
  }

  /** Starts a reconcile that repairs nothing. */
  look(): Promise<Done> {
    return this.#doing('reconcile', async () => ({
      message: 'The check has started.',
      execution: await this.#machines.start('reconcile', { repair: false }),
    }));
  }

  async #doing<T>(ability: Ability, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      this.#abilities.record(ability, error);
      throw error;
    }
  }

  #prepare(action: Action): Promise<Prepared> {
    switch (action.kind) {
      case 'link':
      case 'unlink':
        return this.#request(action);
      case 'undo':
        return this.#undo(action);
      case 'repair':
        return this.#repair(action);
      case 'approve':
      case 'deny':
        return this.#decision(action);
      case 'pause':
        return pausePlan(this.#session, this.#stage);
      case 'resume':
        return resumePlan(this.#session, this.#stage);
    }
  }

  async #request({ kind, ...subject }: ActionOf<'link' | 'unlink'>): Promise<Prepared> {
    const request = { operation: kind, ...subject };
    const results = await this.#dryRun(request);
    const verb = kind === 'link' ? 'Link' : 'Unlink';
    const settles =
      kind === 'unlink' &&
      (await maySettle(
        this.#session,
        this.#stage,
        results,
        ({ clientId, providerName }) =>
          clientId === subject.clientId && providerIn(providerName) === subject.userPoolId,
      ));
    return {
      ability: 'link',
      title: `${verb} the app client ${subject.clientId}?`,
      verb,
      results,
      sentences: [
        `The app client belongs to the user pool ${subject.userPoolId}. The write merges this change onto the current identity pool; nothing else in it changes.`,
        ...(settles ? [SETTLES] : []),
        ...failing(results),
      ],
      reason: 'optional',
      ...((results.some(writes) || settles) && { carryOut: this.#starting('link', request) }),
    };
  }

  async #undo({ execution, identityPoolId }: ActionOf<'undo'>): Promise<Prepared> {
    const only = identityPoolId === undefined ? {} : { identityPoolId };
    const request = { operation: 'undo', executionArn: execution, ...only };
    const would = await this.#dryRun(request, (described) =>
      withConflicts(this.#session, this.#stage, described, execution),
    );
    const results = await undoResults(this.#session, this.#stage, would, execution);
    return {
      ability: 'link',
      verb: 'Undo',
      results,
      reason: 'optional',
      title: `Undo the execution ${executionOf(execution).name}?`,
      sentences: ['Takes back what the execution changed, and only that.', ...failing(results)],
      ...(results.some(writes) && { carryOut: this.#starting('link', request) }),
    };
  }

  async #repair({ link }: ActionOf<'repair'>): Promise<Prepared> {
    const { described } = await this.#run('reconcile', { link, repair: false });
    const report = JSON.parse(
      described.output ?? described.cause ?? '{}',
    ) as Partial<ReconcileOutput>;
    const results = (report.identityPools ?? []).map(repairView);
    return {
      ability: 'reconcile',
      title: `Repair the identity pool of the link ${link}?`,
      verb: 'Repair',
      results,
      sentences: [
        'This makes these changes in one write. Everything else, and what needs approval, is left for a person to decide.',
      ],
      reason: 'optional',
      ...(results.some(writes) && {
        carryOut: this.#starting('reconcile', { link, repair: true }),
      }),
    };
  }

  async #decision(action: ActionOf<'approve' | 'deny'>): Promise<Prepared> {
    const { kind, execution, identityPoolId } = action;
    const sfn = await this.#session.stepFunctions(executionOf(execution).region);
    const approvals = new Approvals(sfn, execution);
    const waiting = await approvals.waiting();
    const pending = waiting.find((each) => each.identityPoolId === identityPoolId);
    const tooLate = () =>
      new Failure(
        'NothingWaitsError',
        `The change no longer waits: ${TOO_LATE}. The page of its execution says which.`,
      );
    if (!pending) throw tooLate();
    const verb = kind === 'approve' ? 'Approve' : 'Deny';
    const lines = linesOfChanges(pending.changes, namesOf(pending));
    return {
      ability: 'decide',
      title: `${verb} this change?`,
      verb,
      reason: 'needed',
      sentences: [
        kind === 'approve'
          ? 'The change is then merged onto the current identity pool. An app client that has been deleted by then is not linked.'
          : 'This change is not written, and the execution fails with your reason. Its changes in other identity pools are not affected.',
      ],
      results: [{ identityPoolId, links: pending.links, outcome: 'WAITS', lines, facts: [] }],
      carryOut: async (reason) => {
        const { arn: approvedBy } = await this.#session.caller();
        const approval: Approval = { approvedBy, reason, time: new Date().toISOString() };
        if (!(await approvals[kind](pending, approval))) throw tooLate();
        return { message: kind === 'approve' ? 'Approved.' : 'Denied.', execution };
      },
    };
  }

  #starting(machine: Machine, request: object) {
    return async (reason: string): Promise<Done> => ({
      message: 'The execution has started.',
      execution: await this.#machines.start(machine, {
        ...request,
        ...(reason !== '' && { reason }),
      }),
    });
  }

  /**
   * The result that a request to `link` would have.
   *
   * @param judge what only the write itself would find out.
   */
  async #dryRun(request: object, judge = asItIs): Promise<ResultView[]> {
    // What can be judged here starts no execution.
    checkRequest(request);
    const asked = { ...request, dryRun: true, reason: 'a plan in the console' };
    const { described, records } = await this.#run('link', asked, judge);
    const { results = [] }: Partial<Output> = JSON.parse(described.output ?? '{}');
    const approved = new Set(
      results.flatMap((each) =>
        'needsApproval' in each && each.needsApproval ? [each.identityPoolId] : [],
      ),
    );
    const changes = records.flatMap((record) => record.changes);
    const names = await clientNames(this.#session, clientsIn(changes));
    return records.map((record) =>
      plannedView(record, names, approved.has(record.identityPoolId ?? '')),
    );
  }

  async #run(
    machine: Machine,
    input: object,
    judge = asItIs,
  ): Promise<{ described: DescribedExecution; records: Recorded[] }> {
    const ability = machine === 'link' ? 'link' : 'reconcile';
    const name = planName();
    const execution = await this.#doing(ability, () => this.#machines.start(machine, input, name));
    await this.#machines.follow(execution);
    const described = await judge(await this.#executions.read(execution));
    const events = endsSilently(described) ? await this.#executions.eventsOf(described) : [];
    return { described, records: recordsOf(described, events) };
  }
}
