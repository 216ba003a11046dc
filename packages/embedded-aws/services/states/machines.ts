import type { Aws } from '../../kernel/aws.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { InvokeAnswer } from '../lambda/wire.ts';
import { LogGroups } from '../logs/logs.ts';
import type { Definition, Json } from './definition.ts';
import { History, type HistoryEvent } from './history.ts';
import { Running, type RunTask, serviceError, taskError } from './running.ts';

/** A state machine. */
export interface Machine {
  arn: string;
  name: string;
  account: string;
  region: string;
  roleArn: string;
  definition: Definition;
  logGroupArn?: string;
  /** Whether the log group gets the data of events too. */
  logsExecutionData?: boolean;
  created: number;
}

type Status = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** A task that waits for its token, and the integration that sends the token. */
interface WaitingTask {
  executionArn: string;
  token: string;
  /** The service, such as `lambda`. */
  resourceType: string;
  /** The action of the service, such as `invoke`. */
  resource: string;
}

/** A task that waits for an answer. */
interface Waiting {
  executionArn: string;
  resolve(output: Json): void;
  reject(error: Error): void;
}

/** One execution and its result. */
export interface Execution {
  arn: string;
  name: string;
  machine: Machine;
  input: string;
  status: Status;
  startDate: number;
  stopDate?: number;
  output?: string;
  error?: string;
  cause?: string;
  history: History;
  running?: Running;
}

const now = (): number => Date.now() / 1000;

/** The state machines and executions of all accounts and Regions. */
export class StateMachines {
  readonly machines = new Map<string, Machine>();
  readonly executions = new Map<string, Execution>();
  /** A factor for the waits before retries. 1 waits as long as AWS. */
  retryScale = 1;
  readonly #aws: Aws;
  /** The waiting tasks by token. */
  readonly #tokens = new Map<string, Waiting>();
  readonly #watchers = new Set<(arn: string, event: HistoryEvent) => void>();

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  /** Calls a watcher with every event of every execution. Returns a function that stops this. */
  watch(watcher: (executionArn: string, event: HistoryEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** @throws AwsError StateMachineDoesNotExist */
  machine(arn: unknown): Machine {
    const found = this.machines.get(String(arn));
    if (found) return found;
    throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  }

  /** @throws AwsError ExecutionDoesNotExist */
  execution(arn: unknown): Execution {
    const found = this.executions.get(String(arn));
    if (found) return found;
    throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  }

  start(machine: Machine, name: string, input: string): Execution {
    const arn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const history = new History((event) => this.#onEvent(machine, arn, event));
    const startDate = now();
    const execution: Execution = {
      arn,
      name,
      machine,
      input,
      startDate,
      history,
      status: 'RUNNING',
    };
    this.executions.set(arn, execution);
    const started = history.add('ExecutionStarted', 0, { input, roleArn: machine.roleArn });
    const context = {
      Execution: { Id: arn, Name: name, RoleArn: machine.roleArn },
      StateMachine: { Id: machine.arn, Name: machine.name },
    };
    const around = {
      history,
      context,
      retryScale: this.retryScale,
      runTask: this.#runTask(machine, arn, name),
    };
    const running = new Running(machine.definition, JSON.parse(input), around, started);
    execution.running = running;
    this.#announce(execution);
    void running.ended.then((ending) => {
      if (execution.status !== 'RUNNING') return;
      if (ending.status === 'SUCCEEDED') execution.output = JSON.stringify(ending.output);
      if (ending.status === 'FAILED') {
        execution.error = ending.error;
        execution.cause = ending.cause;
      }
      this.#end(execution, ending.status);
    });
    return execution;
  }

  stop(execution: Execution, error?: string, cause?: string): void {
    if (execution.status !== 'RUNNING') return;
    if (error !== undefined) execution.error = error;
    if (cause !== undefined) execution.cause = cause;
    this.#end(execution, 'ABORTED');
    execution.running?.abort();
  }

  stopAll(): void {
    for (const execution of this.executions.values()) this.stop(execution);
  }

  #end(execution: Execution, status: Exclude<Status, 'RUNNING'>): void {
    const { history, output, error, cause, running } = execution;
    execution.status = status;
    execution.stopDate = now();
    const ended = {
      SUCCEEDED: 'Succeeded',
      FAILED: 'Failed',
      TIMED_OUT: 'TimedOut',
      ABORTED: 'Aborted',
    };
    const failure = {
      ...(error !== undefined && { error }),
      ...(cause !== undefined && { cause }),
    };
    const details = status === 'SUCCEEDED' ? { output } : failure;
    history.add(`Execution${ended[status]}`, running?.last ?? 1, details);
    history.close();
    for (const waiting of this.#tokens.values()) {
      if (waiting.executionArn === execution.arn) waiting.reject(taskError('States.Runtime', ''));
    }
    this.#announce(execution);
  }

  /**
   * The task that waits for a token.
   *
   * @throws AwsError InvalidToken or TaskTimedOut.
   */
  waiting(token: unknown): Waiting {
    const found = this.#tokens.get(String(token));
    if (found) return found;
    if (!/^[\w+/]{128}$/.test(String(token))) {
      throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
    }
    throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
  }

  #onEvent(machine: Machine, arn: string, event: HistoryEvent): void {
    const { name, logGroupArn, logsExecutionData } = machine;
    if (logGroupArn !== undefined) {
      const line = () => History.logged(event, arn, logsExecutionData);
      this.#aws.state(LogGroups).write(logGroupArn, `states/${name}`, [line]);
    }
    for (const watcher of this.#watchers) watcher(arn, event);
  }

  /** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
  #announce(execution: Execution): void {
    const { arn, name, machine, status, input, startDate, stopDate } = execution;
    const { output = null, error = null, cause = null } = execution;
    const included = { included: true };
    this.#aws.emit(machine.account, machine.region, {
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      time: `${new Date().toISOString().slice(0, 19)}Z`,
      resources: [arn],
      detail: {
        executionArn: arn,
        stateMachineArn: machine.arn,
        name,
        status,
        startDate: Math.round(startDate * 1000),
        stopDate: stopDate === undefined ? null : Math.round(stopDate * 1000),
        input,
        inputDetails: included,
        output,
        error,
        cause,
        outputDetails: output === null ? null : included,
      },
    });
  }

  /** The integrations that can send a task token. They return the output of TaskSubmitted. */
  readonly #tokenSenders: Record<
    string,
    (machine: Machine, name: string, parameters: Record<string, Json>) => Promise<Json>
  > = {
    'lambda:invoke': async (machine, name, { FunctionName, Payload = null }) => {
      const payload = JSON.stringify(Payload);
      const answer = await this.#invoke(machine, name, String(FunctionName), payload);
      return { ExecutedVersion: '$LATEST', Payload: JSON.parse(answer), StatusCode: 200 };
    },
    // https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html
    'sqs:sendMessage': async (machine, name, input) => {
      const call = { service: 'sqs', operation: 'SendMessage', input };
      return (await this.#callAs(machine, name, call)) as Json;
    },
  };

  #runTask(machine: Machine, executionArn: string, name: string): RunTask {
    return async (task) => {
      const { resource, input, token } = task;
      if (/^arn:[^:]+:lambda:/.test(resource)) {
        const invoke = () => this.#invoke(machine, name, resource, JSON.stringify(input));
        return this.#runFunction(task, invoke);
      }
      const [, service = '', action = ''] =
        /:states:::(lambda|sqs):(invoke|sendMessage)\.waitForTaskToken$/.exec(resource) ?? [];
      const sender = this.#tokenSenders[`${service}:${action}`];
      if (token === undefined || !sender)
        throw new UnsupportedError(`the task resource ${resource}`);
      const waiting = { executionArn, token, resourceType: service, resource: action };
      const parameters = input as Record<string, Json>;
      const sendToken = () => sender(machine, name, parameters);
      return this.#awaitToken(task, machine.region, waiting, sendToken);
    };
  }

  /** Invokes a Lambda function with the machine's role. Returns its answer as JSON text. */
  async #invoke(machine: Machine, name: string, FunctionName: string, Payload: string) {
    const call = { service: 'lambda', operation: 'Invoke', input: { FunctionName, Payload } };
    const answer = (await this.#callAs(machine, name, call)) as InvokeAnswer;
    if (answer.functionError === undefined) return answer.payload;
    const { errorType = 'Lambda.Unknown' } = JSON.parse(answer.payload);
    throw taskError(errorType, answer.payload);
  }

  /** Calls AWS with the machine's role. */
  async #callAs(
    { roleArn, arn, region }: Machine,
    name: string,
    { service, operation, input }: { service: string; operation: string; input: object },
  ): Promise<object> {
    try {
      const states = 'states.amazonaws.com';
      const principal = this.#aws.iam.assumeByService(roleArn, states, name.slice(0, 64), arn);
      const asked = { service, operation, principal, region, input: { ...input } };
      return await this.#aws.call(asked);
    } catch (error) {
      throw error instanceof AwsError ? serviceError(service, error) : error;
    }
  }

  async #runFunction(task: Parameters<RunTask>[0], invoke: () => Promise<string>): Promise<Json> {
    const { resource, input, timeoutSeconds, event } = task;
    const timeout = timeoutSeconds === undefined ? {} : { timeoutInSeconds: timeoutSeconds };
    event('LambdaFunctionScheduled', { resource, input: JSON.stringify(input), ...timeout });
    try {
      event('LambdaFunctionStarted');
      const output = await invoke();
      event('LambdaFunctionSucceeded', { output });
      return JSON.parse(output);
    } catch (error) {
      const { name, message } = error as Error;
      event('LambdaFunctionFailed', { error: name, cause: message });
      throw error;
    }
  }

  /**
   * Sends the token, and waits for SendTaskSuccess or SendTaskFailure.
   * https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
   */
  async #awaitToken(
    { input, timeoutSeconds, event }: Parameters<RunTask>[0],
    region: string,
    { token, executionArn, resourceType, resource: action }: WaitingTask,
    sendToken: () => Promise<Json>,
  ): Promise<Json> {
    const details = { resourceType, resource: `${action}.waitForTaskToken` };
    const timeout = timeoutSeconds === undefined ? {} : { timeoutInSeconds: timeoutSeconds };
    const parameters = JSON.stringify(input);
    event('TaskScheduled', { ...details, region, parameters, ...timeout });
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    promise.catch(() => {});
    this.#tokens.set(token, { executionArn, resolve, reject });
    const expire = () => reject(taskError('States.Timeout', ''));
    const timer =
      timeoutSeconds === undefined ? undefined : setTimeout(expire, timeoutSeconds * 1000);
    try {
      event('TaskStarted', details);
      event('TaskSubmitted', { ...details, output: JSON.stringify(await sendToken()) });
      const output = await promise;
      event('TaskSucceeded', { ...details, output: JSON.stringify(output) });
      return output;
    } catch (error) {
      const { name, message } = error as Error;
      const type = name === 'States.Timeout' ? 'TaskTimedOut' : 'TaskFailed';
      event(type, { ...details, error: name, cause: message });
      throw error;
    } finally {
      clearTimeout(timer);
      this.#tokens.delete(token);
    }
  }
}
