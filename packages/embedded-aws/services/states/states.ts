import { randomUUID } from 'node:crypto';
import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { enforce } from '../../kernel/constraints.ts';
import { AwsError } from '../../kernel/errors.ts';
import type { Service } from '../../kernel/service.ts';
import { checkDefinition } from './definition.ts';
import { type Execution, type Machine, StateMachines } from './machines.ts';
import { rates } from './rates.ts';
import { taskError } from './running.ts';

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
const namePattern = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u;

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

function start(aws: Aws): Service {
  const machines = aws.state(StateMachines);
  const onMachine = ({ input }: Call) => ({ resource: String(input['stateMachineArn']) });
  const onExecution = ({ input }: Call) => ({ resource: String(input['executionArn']) });
  const here = ({ account, region }: Call) => ({
    has: ({ machine }: { machine: Machine }) =>
      machine.account === account && machine.region === region,
  });
  return {
    stop: () => machines.stopAll(),

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
      // https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
      SendTaskSuccess: {
        writes: true,
        run({ input }) {
          enforce([['output', input['output'], { required: true, max: 262_144 }]]);
          const waiting = machines.waiting(input['taskToken']);
          try {
            waiting.resolve(JSON.parse(String(input['output'])));
          } catch {
            throw new AwsError('InvalidOutput', "Invalid Output: 'Invalid JSON'");
          }
        },
      },
      // https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
      SendTaskFailure: {
        writes: true,
        run({ input }) {
          const { taskToken, error = '', cause = '' } = input as Record<string, string>;
          enforce([
            ['error', error, { max: 256 }],
            ['cause', cause, { max: 32_768 }],
          ]);
          machines.waiting(taskToken).reject(taskError(error, cause));
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
            stateMachineArn: arn,
            name,
            status: 'ACTIVE',
            roleArn,
            type: 'STANDARD',
            definition: JSON.stringify(definition),
            creationDate: created,
          };
        },
      },
      // https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html
      DescribeStateMachineForExecution: {
        judge: onExecution,
        run({ input }) {
          const { machine } = machines.execution(input['executionArn']);
          const { arn, name, roleArn, definition, created } = machine;
          return {
            stateMachineArn: arn,
            name,
            roleArn,
            definition: JSON.stringify(definition),
            updateDate: created,
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
              stateMachineArn: arn,
              name,
              type: 'STANDARD',
              creationDate: created,
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
          checkDefinition(definition);
          const arn = `arn:${partition}:states:${region}:${account}:stateMachine:${name}`;
          const logging = properties['LoggingConfiguration'] as
            | {
                Destinations?: { CloudWatchLogsLogGroup: { LogGroupArn: string } }[];
                IncludeExecutionData?: boolean;
              }
            | undefined;
          const logGroupArn = logging?.Destinations?.[0]?.CloudWatchLogsLogGroup.LogGroupArn;
          machines.machines.set(arn, {
            arn,
            name,
            account,
            region,
            roleArn,
            definition,
            created: Date.now() / 1000,
            ...(logGroupArn !== undefined && { logGroupArn }),
            logsExecutionData: logging?.IncludeExecutionData === true,
          });
          return { ref: arn, attributes: { Arn: arn, Name: name } };
        },
      },
    },
  };
}

/** AWS Step Functions, Standard workflows. */
export const states = {
  name: 'states',
  json: {
    targets: ['AWSStepFunctions'],
    client: '@aws-sdk/client-sfn',
  },
  rates,
  state: { stateMachines: StateMachines },
  start,
} as const satisfies ServiceDefinition;
