import type { SFN } from '@aws-sdk/client-sfn';
import { type Machine, stateMachineName } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import { isObject, isText } from '../../core/shape.ts';
import { isDenied } from '../denied.ts';
import { plainCommandLine } from '../output/command-line.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';
import type { Ending, Failed } from './ending.ts';
import { untilInterrupted } from './interrupt.ts';
import { joined, nextOf } from './parts.ts';

/** An execution that did not succeed, as Step Functions describes it. */
interface Described {
  status: string;
  error?: string | undefined;
  cause?: string | undefined;
}

/** The error, the message and the report in an execution's cause. */
function failureOf({ status, error = status, cause = '' }: Described): Failed {
  const unparsed = { error, message: cause || `The execution ended as ${status}.`, report: {} };
  try {
    const parsed: unknown = JSON.parse(cause);
    if (!isObject(parsed)) return unparsed;
    const { message, ...report } = parsed;
    return { error, message: isText(message) ? message : unparsed.message, report };
  } catch {
    return unparsed;
  }
}

// The time between two polls, in milliseconds.
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Where an execution is, by its last events. */
interface Now {
  /** The state that it entered last, or ''. If an identity pool waits for approval, that state. */
  state: string;
  /** The id of its last event, which changes with each step. */
  event: number;
}

/** Where an execution is now. */
export async function nowIn(sfn: SFN, executionArn: string): Promise<Now> {
  const { events = [] } = await sfn.getExecutionHistory({
    executionArn,
    reverseOrder: true,
    maxResults: 100,
    includeExecutionData: false,
  });
  const entered = events.flatMap((event) => event.stateEnteredEventDetails?.name ?? []);
  const exited = events.flatMap((event) => event.stateExitedEventDetails?.name ?? []);
  const waits = (name: string) => name === 'RequestApproval';
  // Other identity pools may have gone on while one waits for a person.
  const isWaiting = entered.filter(waits).length > exited.filter(waits).length;
  return {
    state: isWaiting ? 'RequestApproval' : (entered[0] ?? ''),
    event: events[0]?.id ?? 0,
  };
}

/** Where the progress of an execution is shown. */
type ProgressOutput = Pick<Terminal, 'note' | 'busy' | 'idle' | 'commandLine'>;

const silent: ProgressOutput = { note() {}, busy() {}, idle() {}, commandLine: plainCommandLine };

/** The state machines of a stage. */
export class Machines {
  readonly #session: Session;
  readonly #stage: string;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#stage = stage;
  }

  async arnOf(machine: Machine): Promise<string> {
    const { partition, region, account } = await this.#session.caller();
    return `arn:${partition}:states:${region}:${account}:stateMachine:${stateMachineName(this.#stage, machine)}`;
  }

  /** The ARN of an execution that is given by its ARN or by its name. */
  async executionArn(named: string, machine: Machine = 'link'): Promise<string> {
    if (named.startsWith('arn:')) return named;
    return `${(await this.arnOf(machine)).replace(':stateMachine:', ':execution:')}:${named}`;
  }

  /**
   * Starts an execution, and returns its ARN. The input says who the caller is: a claim, as all of it.
   *
   * @param name if absent, Step Functions makes one.
   */
  async start(machine: Machine, input: object, name?: string): Promise<string> {
    const sfn = await this.#session.stepFunctions();
    const { arn: claimedArn } = await this.#session.caller();
    const { executionArn = '' } = await sfn.startExecution({
      stateMachineArn: await this.arnOf(machine),
      input: JSON.stringify({ ...input, claimedArn }),
      ...(name !== undefined && { name }),
    });
    return executionArn;
  }

  /**
   * Waits for the end of an execution and, if it is the first part of a reconcile, of the other parts. Shows its state
   * meanwhile, if the caller may read it.
   */
  async follow(execution: string, terminal?: ProgressOutput): Promise<Ending> {
    if (!terminal) return this.#endOfAll(execution, silent);
    const show = terminal.commandLine(`show ${executionOf(execution).name}`);
    const say = () => terminal.note(`The execution goes on. To see it: ${show}`);
    try {
      return await untilInterrupted(this.#endOfAll(execution, terminal), say);
    } catch (error) {
      // AWS does not answer any more, or the credentials have expired.
      say();
      throw error;
    }
  }

  async #endOfAll(execution: string, terminal: ProgressOutput): Promise<Ending> {
    const first = await this.#end(execution, terminal);
    const others: Ending[] = [];
    for (let next = nextOf(first); next !== undefined; ) {
      const part = await this.#end(next, terminal);
      others.push(part);
      next = nextOf(part);
    }
    return joined(first, others);
  }

  async #end(execution: string, terminal: ProgressOutput): Promise<Ending> {
    const sfn = await this.#session.stepFunctions();
    const progress = new Progress(sfn, execution, terminal);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      const { status = 'FAILED', ...found } = await sfn.describeExecution({
        executionArn: execution,
      });
      if (status !== 'RUNNING') {
        terminal.idle();
        return {
          execution,
          status,
          ...(status === 'SUCCEEDED'
            ? { output: JSON.parse(found.output ?? '{}') }
            : failureOf({ ...found, status })),
        };
      }
      await progress.show();
      await sleep(pause);
    }
  }
}

/** Shows the current state of an execution, and how long it has run. */
class Progress {
  readonly #sfn: SFN;
  readonly #execution: string;
  readonly #terminal: ProgressOutput;
  readonly #since = Date.now();
  #state = '';
  #mayRead = true;

  constructor(sfn: SFN, execution: string, terminal: ProgressOutput) {
    this.#sfn = sfn;
    this.#execution = execution;
    this.#terminal = terminal;
  }

  async show(): Promise<void> {
    const state = await this.#currentState();
    if (state === 'RequestApproval' && this.#state !== state) {
      this.#terminal.note(
        `A change waits for approval. To see it: ${this.#terminal.commandLine(`approve ${executionOf(this.#execution).name} --show`)}`,
      );
    }
    this.#state = state;
    const seconds = Math.round((Date.now() - this.#since) / 1000);
    this.#terminal.busy(`${state || executionOf(this.#execution).name} · ${seconds} s`);
  }

  async #currentState(): Promise<string> {
    if (!this.#mayRead) return '';
    try {
      const { state } = await nowIn(this.#sfn, this.#execution);
      return state;
    } catch (error) {
      if (!isDenied(error)) throw error;
      this.#mayRead = false;
      return '';
    }
  }
}
