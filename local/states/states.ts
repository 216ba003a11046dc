import { randomUUID } from 'node:crypto';
import { StateMachine } from 'aws-local-stepfunctions';
import type { Aws, Call, Service } from '../kernel/aws.ts';
import { AwsError, UnsupportedError } from '../kernel/errors.ts';
import type { InvokeAnswer } from '../kernel/protocol.ts';
import { History, type HistoryEvent } from './history.ts';
import {
  checkSupported,
  type Definition,
  Running,
  type RunTask,
  serviceError,
  taskError,
} from './running.ts';

interface Machine {
  arn: string;
  name: string;
  account: string;
  region: string;
  roleArn: string;
  definition: Definition;
  logGroupArn?: string;
  created: number;
}

type Status = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

interface Execution {
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

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
const namePattern = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u;

const now = (): number => Date.now() / 1000;

/** The state machines and executions of every account and Region. */
export class StateMachines {
  readonly machines = new Map<string, Machine>();
  readonly executions = new Map<string, Execution>();
  /** By how much waiting before a retry is shortened: 1 is as AWS waits. */
  retryScale = 1;
  readonly #aws: Aws;
  readonly #watchers = new Set<(arn: string, event: HistoryEvent) => void>();

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  /** Tells of every event of every execution as it happens; returns how to stop that. */
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
    const history = new History((event) => this.#heard(machine, arn, event));
    const startDate = now();
    const execution: Execution = {
      ...{ arn, name, machine, input, startDate, history },
      status: 'RUNNING',
    };
    this.executions.set(arn, execution);
    const started = history.add('ExecutionStarted', 0, { input, roleArn: machine.roleArn });
    const context = {
      Execution: { Id: arn, Name: name, RoleArn: machine.roleArn },
      StateMachine: { Id: machine.arn, Name: machine.name },
    };
    const around = {
      ...{ history, context, retryScale: this.retryScale },
      runTask: this.#runTask(machine, name),
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
    this.#announce(execution);
  }

  #heard(machine: Machine, arn: string, event: HistoryEvent): void {
    if (machine.logGroupArn !== undefined) {
      const stream = `states/${machine.name}`;
      this.#aws.logGroups.write(machine.logGroupArn, stream, [History.logged(event, arn)]);
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
        ...{ executionArn: arn, stateMachineArn: machine.arn, name, status },
        startDate: Math.round(startDate * 1000),
        stopDate: stopDate === undefined ? null : Math.round(stopDate * 1000),
        ...{ input, inputDetails: included, output, error, cause },
        outputDetails: output === null ? null : included,
      },
    });
  }

  /** Invokes a Lambda function with the machine's role. */
  #runTask(machine: Machine, name: string): RunTask {
    const { iam } = this.#aws;
    return async ({ resource, input, timeoutSeconds, event }) => {
      if (!/^arn:[^:]+:lambda:/.test(resource)) {
        throw new UnsupportedError(`the task resource ${resource}`);
      }
      const payload = JSON.stringify(input);
      const timeout = timeoutSeconds === undefined ? {} : { timeoutInSeconds: timeoutSeconds };
      event('LambdaFunctionScheduled', { resource, input: payload, ...timeout });
      try {
        const service = 'states.amazonaws.com';
        const principal = iam.assumeByService(
          machine.roleArn,
          service,
          name.slice(0, 64),
          machine.arn,
        );
        event('LambdaFunctionStarted');
        const answer = (await this.#aws.call({
          ...{ service: 'lambda', operation: 'Invoke', principal, region: machine.region },
          input: { FunctionName: resource, Payload: payload },
        })) as InvokeAnswer;
        if (answer.functionError !== undefined) {
          const { errorType = 'Lambda.Unknown' } = JSON.parse(answer.payload);
          throw taskError(errorType, answer.payload);
        }
        event('LambdaFunctionSucceeded', { output: answer.payload });
        return JSON.parse(answer.payload);
      } catch (error) {
        const failure =
          error instanceof AwsError ? serviceError('lambda', error) : (error as Error);
        event('LambdaFunctionFailed', { error: failure.name, cause: failure.message });
        throw failure;
      }
    };
  }
}

function page<T>(all: T[], input: Record<string, unknown>) {
  const start = Number(input['nextToken'] ?? 0);
  const end = start + Number(input['maxResults'] || 100);
  const nextToken = end < all.length ? { nextToken: String(end) } : {};
  return { items: all.slice(start, end), nextToken };
}

const shownExecution = (e: Execution) => ({
  executionArn: e.arn,
  stateMachineArn: e.machine.arn,
  name: e.name,
  status: e.status,
  startDate: e.startDate,
  stopDate: e.stopDate,
});

function started(machines: StateMachines, { input: asked }: Call): Execution {
  const { stateMachineArn, name = randomUUID(), input = '{}' } = asked as Record<string, string>;
  const machine = machines.machine(stateMachineArn);
  if (!namePattern.test(name)) throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
  if (input.length > 262_144) {
    throw new AwsError('InvalidExecutionInput', 'Input exceeds the maximum of 262144 characters.');
  }
  try {
    JSON.parse(input);
  } catch {
    throw new AwsError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${input.slice(0, 100)}'`,
    );
  }
  const arn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
  const known = machines.executions.get(arn);
  if (!known) return machines.start(machine, name, input);
  // Idempotent only while it runs: the same name and input again are the same execution.
  if (known.status === 'RUNNING' && known.input === input) return known;
  throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
}

const valid = new Set<string>();

/** Throws what is wrong with a definition. To find that out takes a while, so it is done once. */
function checkValid(definition: string): void {
  if (valid.has(definition)) return;
  // It writes defaults into what it is given.
  new StateMachine(JSON.parse(definition));
  valid.add(definition);
}

/** AWS Step Functions, Standard workflows. */
export function states(aws: Aws): Service {
  const machines = aws.stateMachines;
  const onMachine = ({ input }: Call) => ({ resource: String(input['stateMachineArn']) });
  const onExecution = ({ input }: Call) => ({ resource: String(input['executionArn']) });
  const here = ({ account, region }: Call) => ({
    has: ({ machine }: { machine: Machine }) =>
      machine.account === account && machine.region === region,
  });
  return {
    operations: {
      StartExecution: {
        writes: true,
        judge: onMachine,
        run(call) {
          const { arn: executionArn, startDate } = started(machines, call);
          return { executionArn, startDate };
        },
      },
      StopExecution: {
        writes: true,
        judge: onExecution,
        run({ input }) {
          const { executionArn, error, cause } = input as Record<string, string>;
          const execution = machines.execution(executionArn);
          machines.stop(execution, error, cause);
          return { stopDate: execution.stopDate };
        },
      },
      DescribeExecution: {
        judge: onExecution,
        run({ input }) {
          const execution = machines.execution(input['executionArn']);
          const { input: given, output, error, cause } = execution;
          const details = { inputDetails: { included: true } };
          return { ...shownExecution(execution), input: given, ...details, output, error, cause };
        },
      },
      ListExecutions: {
        judge: onMachine,
        run(call) {
          const { stateMachineArn, statusFilter } = call.input;
          const machine = machines.machine(stateMachineArn);
          const all = [...machines.executions.values()]
            .filter((e) => e.machine === machine && (!statusFilter || e.status === statusFilter))
            .reverse();
          const { items, nextToken } = page(all, call.input);
          return { executions: items.map(shownExecution), ...nextToken };
        },
      },
      GetExecutionHistory: {
        judge: onExecution,
        run({ input }) {
          const { history } = machines.execution(input['executionArn']);
          const all = history.shown(input['includeExecutionData'] !== false);
          const { items, nextToken } = page(input['reverseOrder'] ? all.reverse() : all, input);
          return { events: items, ...nextToken };
        },
      },
      DescribeStateMachine: {
        judge: onMachine,
        run({ input }) {
          const { arn, name, roleArn, definition, created } = machines.machine(
            input['stateMachineArn'],
          );
          return {
            ...{ stateMachineArn: arn, name, status: 'ACTIVE', roleArn, type: 'STANDARD' },
            definition: JSON.stringify(definition),
            creationDate: created,
          };
        },
      },
      ListStateMachines: {
        run(call) {
          const all = [...machines.machines.values()].filter((machine) =>
            here(call).has({ machine }),
          );
          const { items, nextToken } = page(all, call.input);
          return {
            stateMachines: items.map(({ arn, name, created }) => ({
              ...{ stateMachineArn: arn, name, type: 'STANDARD', creationDate: created },
            })),
            ...nextToken,
          };
        },
      },
    },

    resources: {
      'AWS::StepFunctions::StateMachine': {
        properties: [
          ...['StateMachineName', 'StateMachineType', 'DefinitionString', 'RoleArn'],
          ...['LoggingConfiguration', 'TracingConfiguration', 'Tags'],
        ],
        create(properties, { account, region, partition }) {
          const {
            StateMachineName: name,
            RoleArn: roleArn,
            DefinitionString,
          } = properties as Record<'StateMachineName' | 'RoleArn' | 'DefinitionString', string>;
          const definition = JSON.parse(DefinitionString);
          checkValid(DefinitionString);
          checkSupported(definition);
          const arn = `arn:${partition}:states:${region}:${account}:stateMachine:${name}`;
          const logging = properties['LoggingConfiguration'] as
            | { Destinations?: { CloudWatchLogsLogGroup: { LogGroupArn: string } }[] }
            | undefined;
          const logGroupArn = logging?.Destinations?.[0]?.CloudWatchLogsLogGroup.LogGroupArn;
          machines.machines.set(arn, {
            ...{ arn, name, account, region, roleArn, definition, created: now() },
            ...(logGroupArn !== undefined && { logGroupArn }),
          });
          return { ref: arn, attributes: { Arn: arn, Name: name } };
        },
      },
    },
  };
}
