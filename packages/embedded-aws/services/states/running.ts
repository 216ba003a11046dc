import { randomBytes } from 'node:crypto';
import { ExecutionTimeoutError, StateMachine } from 'aws-local-stepfunctions';
import { AwsError } from '../../kernel/errors.ts';
import { type Definition, type Json, type State, spelledOut } from './definition.ts';
import type { History } from './history.ts';

// The longest that a timer can wait; more would be no time at all.
const LONGEST_SECONDS = 2_147_483;

// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const STATE_CHARACTERS = 262_144;

/** How an execution ended. */
export type Ending =
  | { status: 'SUCCEEDED'; output: Json }
  | { status: 'FAILED'; error: string; cause: string }
  | { status: 'TIMED_OUT' };

/** Runs a task's resource: a Lambda function, or a service integration. */
export type RunTask = (task: {
  resource: string;
  input: Json;
  timeoutSeconds?: number;
  /** By which someone else will say what came of the task. */
  token?: string;
  event(type: string, details?: Record<string, unknown>): void;
}) => Promise<Json>;

interface Surroundings {
  history: History;
  context: Record<string, unknown>;
  runTask: RunTask;
  /** By how much waiting before a retry is shortened: 1 is as AWS waits. */
  retryScale: number;
}

/** An error as states see it. */
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

/** Whether a task waits for someone who has been told its token. */
const isCallback = ({ Type, Resource = '' }: State): boolean =>
  Type === 'Task' && Resource.endsWith('.waitForTaskToken');

/**
 * What the library runs: a map becomes a task, so that its items can be run and told of here. A task
 * that waits for its token gets its parameters and its time here too, since the library knows neither.
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
    // The longest that any execution can last: a map has no timeout of its own.
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

/** One line of states, of the machine itself or of one item of a map. */
class Line {
  readonly #definition: Definition;
  readonly #around: Surroundings;
  readonly #branches = new Set<Line>();
  #stop = () => {};
  #aborted = false;
  #last: number;
  /** The state that was last told of as entered, and who waits for that to be told. */
  #entered: string | undefined;
  #told: PromiseWithResolvers<void> = Promise.withResolvers();

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
    // Both are awaited: what the states did is told before what came of it.
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
        this.#told.resolve();
        this.#told = Promise.withResolvers();
      } else if (event.type === 'StateExited') {
        this.#entered = undefined;
        this.event(`${type}StateExited`, { name, output: JSON.stringify(output) });
      } else if (event.type === 'StateFailed' && event.Error === 'States.Timeout') {
        if (state && isCallback(state)) continue;
        this.event('LambdaFunctionTimedOut', { error: event.Error });
      }
    }
  }

  /** The library's events arrive later than its calls: what a state does is told after its entry. */
  async #untilEntered(name: string): Promise<void> {
    while (this.#entered !== name) await this.#told.promise;
  }

  async #task(name: string, state: State, input: Json): Promise<Json> {
    await this.#untilEntered(name);
    limited(input, 'state');
    // The library goes on retrying a task that was under way.
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

  /** Of a task that waits for its token: the token, and what depends on it or on the input. */
  async #callback({ Parameters, TimeoutSecondsPath }: State, input: Json) {
    const token = randomBytes(96).toString('base64');
    const context = { ...this.#around.context, Task: { Token: token } };
    const given =
      Parameters === undefined ? input : await evaluated({ Parameters }, input, context);
    if (TimeoutSecondsPath === undefined) return { token, input: given };
    const seconds = await evaluated({ InputPath: TimeoutSecondsPath }, input, context);
    if (!Number.isInteger(seconds) || Number(seconds) <= 0) {
      throw new TaskError('States.Runtime', `${TimeoutSecondsPath} is no number of seconds.`, true);
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

  /** One item of a map, on a line of its own. */
  async #item({ name, state, input, index, item }: MapItem, started: number): Promise<Json> {
    const context = {
      ...this.#around.context,
      Map: { Item: { Index: index, Value: item } },
    };
    const selected = state.ItemSelector
      ? await evaluated({ Parameters: state.ItemSelector }, input, context)
      : item;
    const line = new Line(state.ItemProcessor as Definition, { ...this.#around, context }, started);
    this.#branches.add(line);
    line.event('MapIterationStarted', { name, index });
    try {
      const result = await line.run(selected);
      line.event('MapIterationSucceeded', { name, index });
      return result;
    } catch (error) {
      line.event('MapIterationFailed', { name, index });
      for (const branch of this.#branches) branch.abort();
      throw rethrowable(error);
    } finally {
      this.#branches.delete(line);
      this.#last = line.last;
    }
  }
}

/** What a path or a payload template comes to. */
async function evaluated(field: object, input: Json, context: Surroundings['context']) {
  const States = { It: { Type: 'Pass', End: true, ...field } };
  try {
    return (await runnable({ StartAt: 'It', States }, 1).run(input, { context }).result) as Json;
  } catch (error) {
    throw rethrowable(error);
  }
}

/** The error inside the library's wrapping. */
const rethrowable = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error ? error.cause : error;

/** States.DataLimitExceeded is final: States.ALL does not catch it. */
function limited(output: Json, what: string): Json {
  if (JSON.stringify(output ?? null).length <= STATE_CHARACTERS) return output;
  throw new TaskError(
    'States.DataLimitExceeded',
    `The ${what} returned a result with a size exceeding the maximum number of bytes service limit.`,
    true,
  );
}

/** The error of a task whose service refused or whose function failed. */
export function taskError(name: string, cause: string): Error {
  return new TaskError(name, cause);
}

/** One execution from its input to its end. */
export class Running {
  readonly #line: Line;
  readonly #timeoutSeconds: number | undefined;
  readonly ended: Promise<Ending>;

  constructor(definition: Definition, input: Json, around: Surroundings, started: number) {
    this.#timeoutSeconds = definition.TimeoutSeconds;
    this.#line = new Line(definition, around, started);
    this.ended = this.#run(input);
  }

  get last(): number {
    return this.#line.last;
  }

  abort(): void {
    this.#line.abort();
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
      const output = await Promise.race([this.#line.run(input), timeout.promise]);
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

/** An error of a call that a state made, as the state's Retry and Catch name it. */
export function serviceError(service: string, error: unknown): Error {
  if (!(error instanceof AwsError)) return taskError('States.TaskFailed', String(error));
  const known = /^(TooManyRequests|ResourceNotFound|Service)/.test(error.code);
  const name = service === 'lambda' && !known ? 'Lambda.AWSLambdaException' : error.code;
  return taskError(known && service === 'lambda' ? `Lambda.${name}` : name, error.message);
}
