import { randomBytes } from 'node:crypto';
import { ExecutionTimeoutError, StateMachine } from 'aws-local-stepfunctions';
import { AwsError } from '../../kernel/errors.ts';
import { type Definition, type Json, type State, spelledOut } from './definition.ts';
import type { History } from './history.ts';

// The longest delay of a timer. A longer one would fire immediately.
const LONGEST_SECONDS = 2_147_483;

// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const STATE_CHARACTERS = 262_144;

/** The end of an execution. */
export type Ending =
  | { status: 'SUCCEEDED'; output: Json }
  | { status: 'FAILED'; error: string; cause: string }
  | { status: 'TIMED_OUT' };

/** Runs a task's resource: a Lambda function, or a service integration. */
export type RunTask = (task: {
  resource: string;
  input: Json;
  timeoutSeconds?: number;
  /** The task token, if the task waits for SendTaskSuccess or SendTaskFailure. */
  token?: string;
  event(type: string, details?: Record<string, unknown>): void;
}) => Promise<Json>;

interface Surroundings {
  history: History;
  context: Record<string, unknown>;
  runTask: RunTask;
  /** A factor for the waits before retries. 1 waits as long as AWS. */
  retryScale: number;
}

/** An error of a task, which Retry and Catch can match. */
class TaskError extends Error {
  readonly isCatchable: boolean;
  readonly isRetryable: boolean;

  constructor(name: string, cause: string, final = false) {
    super(cause);
    this.name = name;
    this.isCatchable = !final;
    this.isRetryable = !final;
  }
}

/** Whether a task waits for its token. */
const isCallback = ({ Type, Resource = '' }: State): boolean =>
  Type === 'Task' && Resource.endsWith('.waitForTaskToken');

/**
 * The definition for the library. A Map state becomes a task, so that this file runs its items and records their
 * events. For a task that waits for its token, this file evaluates Parameters and TimeoutSecondsPath, since the
 * library supports neither the token nor that field.
 */
function runnable({ StartAt, States }: Definition, retryScale: number) {
  const states = Object.entries(States).map(([name, state]) => {
    const Retry = state.Retry?.map((retrier) => ({
      ...retrier,
      IntervalSeconds: (retrier.IntervalSeconds ?? 1) * retryScale,
      ...(retrier.MaxDelaySeconds && { MaxDelaySeconds: retrier.MaxDelaySeconds * retryScale }),
    }));
    const Choices = state.Choices?.map(spelledOut);
    const retried = { ...state, ...(Retry && { Retry }), ...(Choices && { Choices }) };
    if (isCallback(state)) {
      const { Parameters: _, TimeoutSecondsPath: __, ...task } = retried;
      return [name, { ...task, TimeoutSeconds: LONGEST_SECONDS }];
    }
    if (state.Type !== 'Map') return [name, retried];
    const { ItemProcessor: _, ItemSelector: __, ItemsPath: ___, ...map } = retried;
    // A Map state has no timeout, so use the longest delay of a timer.
    return [name, { ...map, Type: 'Task', Resource: 'map', TimeoutSeconds: LONGEST_SECONDS }];
  });
  const definition = { StartAt, States: Object.fromEntries(states) };
  return new StateMachine(definition as ConstructorParameters<typeof StateMachine>[0], {
    validationOptions: { noValidate: true },
  });
}

interface MapItem {
  name: string;
  state: State;
  input: Json;
  index: number;
  item: Json;
}

/** One sequence of states: the machine itself, or one item of a Map state. */
class Sequence {
  readonly #definition: Definition;
  readonly #around: Surroundings;
  readonly #branches = new Set<Sequence>();
  #stop = () => {};
  #aborted = false;
  #last: number;
  /** The state whose StateEntered event was recorded last. */
  #entered: string | undefined;
  /** Resolves when the next StateEntered event is recorded. */
  #nextEntry: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(definition: Definition, around: Surroundings, last: number) {
    this.#definition = definition;
    this.#around = around;
    this.#last = last;
  }

  get last(): number {
    return this.#last;
  }

  abort(): void {
    this.#aborted = true;
    for (const branch of this.#branches) branch.abort();
    this.#stop();
  }

  event(type: string, details?: Record<string, unknown>): void {
    this.#last = this.#around.history.add(type, this.#last, details);
  }

  async run(input: Json): Promise<Json> {
    const handlers = Object.entries(this.#definition.States).flatMap(([name, state]) => {
      if (state.Type === 'Map') return [[name, (item: Json) => this.#map(name, state, item)]];
      return state.Type === 'Task' ? [[name, (item: Json) => this.#task(name, state, item)]] : [];
    });
    const machine = runnable(this.#definition, this.#around.retryScale);
    const run = machine.run(input, {
      overrides: { taskResourceLocalHandlers: Object.fromEntries(handlers) },
      context: this.#around.context,
    });
    this.#stop = () => run.abort();
    const listening = this.#listen(run.eventLogs);
    // Await both, so that the events of the states are recorded before the end.
    const [ended] = await Promise.allSettled([run.result, listening]);
    if (ended.status === 'rejected') throw ended.reason;
    return ended.value as Json;
  }

  async #listen(events: ReturnType<StateMachine['run']>['eventLogs']): Promise<void> {
    for await (const event of events) {
      if (!('state' in event)) continue;
      const { name, input, output } = event.state;
      const state = this.#definition.States[name];
      const type = state?.Type;
      if (event.type === 'StateEntered') {
        this.event(`${type}StateEntered`, { name, input: JSON.stringify(input) });
        this.#entered = name;
        this.#nextEntry.resolve();
        this.#nextEntry = Promise.withResolvers();
      } else if (event.type === 'StateExited') {
        this.#entered = undefined;
        this.event(`${type}StateExited`, { name, output: JSON.stringify(output) });
      } else if (event.type === 'StateFailed' && event.Error === 'States.Timeout') {
        if (state && isCallback(state)) continue;
        this.event('LambdaFunctionTimedOut', { error: event.Error });
      }
    }
  }

  /** Waits for the StateEntered event. The library calls a task before it emits that event. */
  async #untilEntered(name: string): Promise<void> {
    while (this.#entered !== name) await this.#nextEntry.promise;
  }

  async #task(name: string, state: State, input: Json): Promise<Json> {
    await this.#untilEntered(name);
    limited(input, 'state');
    // After an abort, the library still retries a task that was running.
    if (this.#aborted) throw new TaskError('States.Runtime', 'The execution has ended.', true);
    const { Resource: resource = '', TimeoutSeconds: timeoutSeconds } = state;
    const output = await this.#around.runTask({
      resource,
      input,
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      ...(isCallback(state) && (await this.#callback(state, input))),
      event: (type, details) => this.event(type, details),
    });
    return limited(output, 'task');
  }

  /** The token of a waiting task, with the input and the timeout that depend on it. */
  async #callback({ Parameters, TimeoutSecondsPath }: State, input: Json) {
    const token = randomBytes(96).toString('base64');
    const context = { ...this.#around.context, Task: { Token: token } };
    const given =
      Parameters === undefined ? input : await evaluated({ Parameters }, input, context);
    if (TimeoutSecondsPath === undefined) return { token, input: given };
    const seconds = await evaluated({ InputPath: TimeoutSecondsPath }, input, context);
    if (!Number.isInteger(seconds) || Number(seconds) <= 0) {
      throw new TaskError(
        'States.Runtime',
        `${TimeoutSecondsPath} is not a positive whole number of seconds.`,
        true,
      );
    }
    return { token, input: given, timeoutSeconds: Number(seconds) };
  }

  async #map(name: string, state: State, input: Json): Promise<Json> {
    await this.#untilEntered(name);
    limited(input, 'state');
    const { context } = this.#around;
    const items = await evaluated({ InputPath: state.ItemsPath ?? '$' }, input, context);
    if (!Array.isArray(items)) {
      throw new TaskError('States.Runtime', `ItemsPath of ${name} does not lead to a list.`, true);
    }
    this.event('MapStateStarted', { length: items.length });
    const started = this.#last;
    const results: Json[] = [];
    const todo = [...items.entries()];
    const worker = async () => {
      for (let next = todo.shift(); next; next = todo.shift()) {
        const [index, item] = next;
        results[index] = await this.#item({ name, state, input, index, item }, started);
      }
    };
    const concurrency = Math.min(state.MaxConcurrency || 40, items.length);
    try {
      await Promise.all(Array.from({ length: concurrency }, worker));
    } catch (error) {
      todo.length = 0;
      this.event('MapStateFailed', {});
      throw error;
    }
    this.event('MapStateSucceeded');
    return limited(results, 'state');
  }

  /** Runs one item of a Map state as a sequence of its own. */
  async #item({ name, state, input, index, item }: MapItem, started: number): Promise<Json> {
    const context = {
      ...this.#around.context,
      Map: { Item: { Index: index, Value: item } },
    };
    const selected = state.ItemSelector
      ? await evaluated({ Parameters: state.ItemSelector }, input, context)
      : item;
    const sequence = new Sequence(
      state.ItemProcessor as Definition,
      { ...this.#around, context },
      started,
    );
    this.#branches.add(sequence);
    sequence.event('MapIterationStarted', { name, index });
    try {
      const result = await sequence.run(selected);
      sequence.event('MapIterationSucceeded', { name, index });
      return result;
    } catch (error) {
      sequence.event('MapIterationFailed', { name, index });
      for (const branch of this.#branches) branch.abort();
      throw rethrowable(error);
    } finally {
      this.#branches.delete(sequence);
      this.#last = sequence.last;
    }
  }
}

/** The value of a path or a payload template. */
async function evaluated(field: object, input: Json, context: Surroundings['context']) {
  const States = { It: { Type: 'Pass', End: true, ...field } };
  try {
    return (await runnable({ StartAt: 'It', States }, 1).run(input, { context }).result) as Json;
  } catch (error) {
    throw rethrowable(error);
  }
}

/** The original error, without the library's wrapper. */
const rethrowable = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error ? error.cause : error;

/** Checks the size of a state's data. States.ALL does not catch States.DataLimitExceeded. */
function limited(output: Json, what: string): Json {
  if (JSON.stringify(output ?? null).length <= STATE_CHARACTERS) return output;
  throw new TaskError(
    'States.DataLimitExceeded',
    `The ${what} returned a result with a size exceeding the maximum number of bytes service limit.`,
    true,
  );
}

/** The error of a failed task. */
export function taskError(name: string, cause: string): Error {
  return new TaskError(name, cause);
}

/** The run of one execution. */
export class Running {
  readonly #sequence: Sequence;
  readonly #timeoutSeconds: number | undefined;
  readonly ended: Promise<Ending>;

  constructor(definition: Definition, input: Json, around: Surroundings, started: number) {
    this.#timeoutSeconds = definition.TimeoutSeconds;
    this.#sequence = new Sequence(definition, around, started);
    this.ended = this.#run(input);
  }

  get last(): number {
    return this.#sequence.last;
  }

  abort(): void {
    this.#sequence.abort();
  }

  async #run(input: Json): Promise<Ending> {
    const seconds = this.#timeoutSeconds;
    const timeout = Promise.withResolvers<never>();
    const timer =
      seconds === undefined
        ? undefined
        : setTimeout(
            () => timeout.reject(new ExecutionTimeoutError()),
            Math.min(seconds, LONGEST_SECONDS) * 1000,
          );
    try {
      const output = await Promise.race([this.#sequence.run(input), timeout.promise]);
      return { status: 'SUCCEEDED', output };
    } catch (error) {
      if (error instanceof ExecutionTimeoutError) {
        this.abort();
        return { status: 'TIMED_OUT' };
      }
      const { name, message } = rethrowable(error) as Error;
      return { status: 'FAILED', error: name, cause: message };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The error of a service call, with the name that Retry and Catch match. */
export function serviceError(service: string, error: unknown): Error {
  if (!(error instanceof AwsError)) return taskError('States.TaskFailed', String(error));
  const known = /^(TooManyRequests|ResourceNotFound|Service)/.test(error.code);
  const name = service === 'lambda' && !known ? 'Lambda.AWSLambdaException' : error.code;
  return taskError(known && service === 'lambda' ? `Lambda.${name}` : name, error.message);
}
