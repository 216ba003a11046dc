/** One AWS per importing test file, with a fake Lambda and a role for state machines. */
import { after, before, beforeEach } from 'node:test';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { type LocalAws, startAws } from '../../../index.ts';
import type { Call } from '../../../kernel/call.ts';
import { AwsError } from '../../../kernel/errors.ts';
import { parsePolicy } from '../../../kernel/iam.ts';

export const ACCOUNT = '111111111111';
export const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:it`;
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/machine`;

type Event = Record<string, unknown>;

export let local: LocalAws;
export let sfn: SFNClient;

/** The fake function: the events that it received, and its answer, which can throw. */
export const lambda = {
  calls: [] as Event[],
  answer: (event: Event, _call: number): unknown => event,
};

async function invoke({ input }: Call) {
  const event = JSON.parse(String(input['Payload']));
  lambda.calls.push(event);
  try {
    const answer = (await lambda.answer(event, lambda.calls.length)) ?? null;
    return { payload: JSON.stringify(answer), version: '$LATEST' };
  } catch (error) {
    if (error instanceof AwsError) throw error;
    const { name, message } = error as Error;
    const payload = JSON.stringify({ errorType: name, errorMessage: message });
    return { payload, functionError: 'Unhandled', version: '$LATEST' };
  }
}

before(async () => {
  local = await startAws();
  const { iam, services, stateMachines } = local.aws;
  stateMachines.retryScale = 0.01;
  const Principal = { Service: 'states.amazonaws.com' };
  const trust = parsePolicy({
    Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }],
  });
  const policy = parsePolicy({
    Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: FUNCTION }],
  });
  iam.putRole({ arn: ROLE, name: 'machine', trust, policies: [policy] });
  services.set('lambda', {
    operations: {
      Invoke: {
        judge: ({ input }) => ({
          action: 'lambda:InvokeFunction',
          resource: String(input['FunctionName']),
        }),
        run: invoke,
      },
    },
  });
  const credentials = { accessKeyId: ACCOUNT, secretAccessKey: 'any' };
  sfn = new SFNClient({ endpoint: local.endpoint, region: 'us-east-1', credentials });
});

after(() => local.close());

beforeEach(() => {
  lambda.calls = [];
  lambda.answer = (event) => event;
});

let count = 0;

/** Creates a state machine and returns its ARN. */
export async function machineOf(definition: object, logging?: object): Promise<string> {
  const resources = local.aws.services.get('states')?.resources ?? {};
  const { ref } = await resources['AWS::StepFunctions::StateMachine']!.create(
    {
      StateMachineName: `machine-${++count}`,
      RoleArn: ROLE,
      DefinitionString: JSON.stringify(definition),
      ...(logging && { LoggingConfiguration: logging }),
    },
    { account: ACCOUNT, region: 'us-east-1', partition: 'aws', logicalId: 'M', stack: 's' },
  );
  return ref;
}

/** Starts an execution of a new state machine and returns its ARN. */
export async function start(
  definition: object,
  input: unknown = {},
  name?: string,
  logging?: object,
) {
  const stateMachineArn = await machineOf(definition, logging);
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({
      stateMachineArn,
      input: JSON.stringify(input),
      ...(name && { name }),
    }),
  );
  return executionArn!;
}

/** Waits for the end of an execution. */
export async function ended(executionArn: string) {
  for (;;) {
    const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (found.status !== 'RUNNING') return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs an execution of a new state machine to its end. */
export async function run(definition: object, input?: unknown) {
  const executionArn = await start(definition, input);
  const { status, output, error, cause } = await ended(executionArn);
  const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
  const types = events.map(({ type }) => type!);
  return { status, error, cause, output: output && JSON.parse(output), events, types };
}

/** A task state that calls the function. */
export const task = (more: object = {}) => ({
  Type: 'Task',
  Resource: FUNCTION,
  End: true,
  ...more,
});

/** A state machine with one task. */
export const single = (more: object = {}) => ({ StartAt: 'Do', States: { Do: task(more) } });

/** Lets the function fail with an error of this name. */
export function failing(name: string, message = 'why'): never {
  throw Object.assign(new Error(message), { name });
}
