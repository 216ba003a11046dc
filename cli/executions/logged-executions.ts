import type { DescribedExecution } from '../../core/audit/audit.ts';
import {
  deployedMachine,
  functionName,
  type Machine,
  stateMachineName,
} from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import { grouped } from '../../core/grouped.ts';
import { BEGINS, type LoggedData, loggedData, REPORTED } from '../../core/logged-data.ts';
import type { Period } from '../../core/period.ts';
import { REMOVED } from '../../core/reconcile/removed.ts';
import { isObject } from '../../core/shape.ts';
import type { Session } from '../session.ts';
import type { Event } from './history.ts';
import {
  eventsIn,
  executionFromLog,
  functionLogGroup,
  type Line,
  LogGroup,
  lacksData,
  machineLogGroup,
} from './log-group.ts';
import { withAnswers, withTargets } from './logged-events.ts';

/** The first and the last step of each state machine. They log its input and its report. */
const STEPS: Record<Machine, { first: string; last: string }> = {
  link: { first: 'ResolveTargets', last: 'ReportOutcome' },
  reconcile: { first: 'ResolveLinks', last: 'ReportReconcile' },
};

// Its answer is in no report.
const EXPLAINING = 'ExplainRemoved';

// The clocks of Step Functions and of the functions differ.
const MARGIN_MS = 60_000;

/** The period in which an execution ran. It may still run if its last event is missing. */
function periodOf(events: Event[]): Partial<Period> {
  const [first] = events;
  const last = events.at(-1);
  return {
    ...(first && { from: first.time - MARGIN_MS }),
    ...(last?.type.startsWith('Execution') && last !== first && { until: last.time + MARGIN_MS }),
  };
}

/** What {@link EXPLAINING} logged, by identity pool. */
function answersIn(lines: Line[]): ReadonlyMap<string, unknown> {
  const answers = new Map<string, unknown>();
  for (const { message, told } of lines) {
    if (message !== REMOVED || !Array.isArray(told)) continue;
    const [first]: unknown[] = told;
    if (isObject(first)) answers.set(String(first['identityPoolId']), told);
  }
  return answers;
}

/** Which executions of a state machine to read from its log group. */
interface Wanted {
  stage: string;
  machine: Machine;
  /** When they began. */
  period: Period;
  isMeant: (execution: string) => boolean;
  /** Is called with the name of a log group, and the number of lines found so far. */
  progress: (group: string, lines: number) => void;
}

/**
 * Executions as log groups have them once Step Functions has forgotten them. The log group of the state machine has
 * their states, those of its first and its last step have their input and report. Logs that are older than these lines
 * have the data in the states.
 */
export class LoggedExecutions {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async has(execution: string): Promise<boolean> {
    return executionFromLog(execution, await this.#events(execution)) !== undefined;
  }

  async read(execution: string): Promise<DescribedExecution | undefined> {
    const events = await this.#events(execution);
    return executionFromLog(execution, events, await this.#data(execution, events));
  }

  async eventsOf(execution: string): Promise<Event[]> {
    const events = await this.#events(execution);
    const { targets = [] } = await this.#data(execution, events);
    const inBranches = withTargets(events, targets);
    const explains = events.some(({ details }) => details['name'] === EXPLAINING);
    if (!lacksData(events) || !explains) return inBranches;
    const lines = await this.#linesOf(EXPLAINING, execution, periodOf(events));
    return withAnswers(inBranches, EXPLAINING, answersIn(lines));
  }

  /** The executions that began in a period. */
  async began({
    stage,
    machine,
    period,
    isMeant,
    progress,
  }: Wanted): Promise<DescribedExecution[]> {
    const find = async (name: string, pattern: string): Promise<Line[]> =>
      // An execution that began in the period may have ended after it.
      (await this.#group(name)).find(pattern, { from: period.from }, (lines) =>
        progress(name, lines),
      );
    const group = machineLogGroup(stateMachineName(stage, machine));
    const events = eventsIn(await find(group, '{ $.type = "Execution*" }'));
    const meant = [...grouped(events, ({ execution }) => execution)].filter(([execution]) =>
      isMeant(execution),
    );
    const lines: Line[] = [];
    if (meant.some(([, own]) => lacksData(own))) {
      const { first, last } = STEPS[machine];
      const groupOf = (step: string) => functionLogGroup(functionName(stage, step));
      lines.push(...(await find(groupOf(first), `{ $.message = "${BEGINS}" }`)));
      lines.push(...(await find(groupOf(last), `{ $.message = "${REPORTED[machine]}" }`)));
    }
    const data = loggedData(lines);
    return meant.flatMap(([execution, own]) => {
      const logged = executionFromLog(execution, own, data.get(execution));
      return logged && Date.parse(logged.started) < period.until ? [logged] : [];
    });
  }

  async #group(name: string): Promise<LogGroup> {
    return new LogGroup(await this.#session.logs(), name);
  }

  async #events(execution: string): Promise<Event[]> {
    const group = await this.#group(machineLogGroup(executionOf(execution).machine));
    return eventsIn(await group.find(`{ $.execution_arn = "${execution}" }`));
  }

  /** What a step logged of an execution. */
  async #linesOf(step: string, execution: string, period: Partial<Period>): Promise<Line[]> {
    const { stage = '' } = deployedMachine(executionOf(execution).machine) ?? {};
    const group = await this.#group(functionLogGroup(functionName(stage, step)));
    return group.find(`{ $.correlation_id = "${execution}" }`, period);
  }

  /** What the functions logged of an execution; nothing if its states have it. */
  async #data(execution: string, events: Event[]): Promise<LoggedData> {
    const { machine } = deployedMachine(executionOf(execution).machine) ?? {};
    if (!machine || !lacksData(events)) return {};
    const period = periodOf(events);
    const { first, last } = STEPS[machine];
    const lines = [
      ...(await this.#linesOf(first, execution, period)),
      ...(await this.#linesOf(last, execution, period)),
    ];
    return loggedData(lines).get(execution) ?? {};
  }
}
