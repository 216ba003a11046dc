import type { SFN } from '@aws-sdk/client-sfn';
import { type Machine, stateMachineName } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import { isObject, isText } from '../../core/shape.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';

/** The state machines of a deployment. */

/** What an execution left when it did not succeed: why, and what it came to all the same. */
interface Failed {
  error: string;
  message: string;
  report: Record<string, unknown>;
}

/** How an execution ended. */
export type Ending = { execution: string; status: string } & (
  | { output: Record<string, unknown> }
  | Failed
);

/** An execution that did not succeed, as Step Functions describes it. */
interface Described {
  status: string;
  error?: string | undefined;
  cause?: string | undefined;
}

/** The error, the sentence and what else an execution's cause holds. */
function failureOf({ status, error = status, cause = '' }: Described): Failed {
  const silence = { error, message: cause || `The execution ended as ${status}.`, report: {} };
  try {
    const parsed: unknown = JSON.parse(cause);
    if (!isObject(parsed)) return silence;
    const { message, ...report } = parsed;
    return { error, message: isText(message) ? message : silence.message, report };
  } catch {
    return silence;
  }
}

// How long to wait between two looks, in milliseconds: at first, and at most.
const SOON = 100;
const SELDOM = 2000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const mayNot = (error: unknown): boolean =>
  error instanceof Error && error.name === 'AccessDeniedException';

/** The state that an execution has entered last, as far as its last events tell. */
export async function lastEntered(sfn: SFN, executionArn: string): Promise<string> {
  const { events = [] } = await sfn.getExecutionHistory({
    executionArn,
    reverseOrder: true,
    maxResults: 20,
    includeExecutionData: false,
  });
  const entered = events.find((event) => event.stateEnteredEventDetails !== undefined);
  return entered?.stateEnteredEventDetails?.name ?? '';
}

/** Who hears where an execution is. */
type Listener = Pick<Terminal, 'note' | 'busy' | 'idle'>;

const nobody: Listener = { note() {}, busy() {}, idle() {} };

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

  /** The ARN of an execution that a person names: by its ARN, or the name of one of `link`. */
  async executionArn(named: string): Promise<string> {
    if (named.startsWith('arn:')) return named;
    return `${(await this.arnOf('link')).replace(':stateMachine:', ':execution:')}:${named}`;
  }

  /** Starts an execution, and returns its ARN. */
  async start(machine: Machine, input: object): Promise<string> {
    const sfn = await this.#session.stepFunctions();
    const { executionArn = '' } = await sfn.startExecution({
      stateMachineArn: await this.arnOf(machine),
      input: JSON.stringify(input),
    });
    return executionArn;
  }

  /** Waits for the end of an execution; meanwhile says where it is, as far as one may know. */
  async follow(execution: string, terminal: Listener = nobody): Promise<Ending> {
    const sfn = await this.#session.stepFunctions();
    const progress = new Progress(sfn, execution, terminal);
    for (let pause = SOON; ; pause = Math.min(pause * 1.5, SELDOM)) {
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
      await progress.tell();
      await sleep(pause);
    }
  }
}

/** Says which state an execution is in, and for how long it has run. */
class Progress {
  readonly #sfn: SFN;
  readonly #execution: string;
  readonly #terminal: Listener;
  readonly #since = Date.now();
  #state = '';
  #mayLook = true;

  constructor(sfn: SFN, execution: string, terminal: Listener) {
    this.#sfn = sfn;
    this.#execution = execution;
    this.#terminal = terminal;
  }

  async tell(): Promise<void> {
    const state = await this.#now();
    if (state === 'RequestApproval' && this.#state !== state) {
      this.#terminal.note(
        `It waits for approval. To see it: poolbridge approve ${this.#execution} --show`,
      );
    }
    this.#state = state;
    const seconds = Math.round((Date.now() - this.#since) / 1000);
    this.#terminal.busy(`${state || executionOf(this.#execution).name} · ${seconds} s`);
  }

  /** The state that was entered last. */
  async #now(): Promise<string> {
    if (!this.#mayLook) return '';
    try {
      return await lastEntered(this.#sfn, this.#execution);
    } catch (error) {
      if (!mayNot(error)) throw error;
      this.#mayLook = false;
      return '';
    }
  }
}
