import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { isObject } from '../../../core/shape.ts';
import { saw } from '../outcome.ts';
import { ASSUMPTION, type NotTried, type Observation, type Probe } from '../probe.ts';
import type { World } from '../world.ts';

const SPEC = 'https://states-language.net/spec.html#choice-state';
const HISTORY =
  'https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html';
const ERRORS = 'https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html';

/** A machine that puts the token of a task into a queue, and outputs how it handles the answer. */
function definition(world: World, QueueUrl: string): object {
  const ending = (Result: string) => ({ Type: 'Pass', Result, End: true });
  return {
    StartAt: 'Ask',
    States: {
      Ask: {
        Type: 'Task',
        Resource: `arn:${world.b.partition}:states:::sqs:sendMessage.waitForTaskToken`,
        Parameters: { QueueUrl, 'MessageBody.$': '$$.Task.Token' },
        TimeoutSeconds: 300,
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
        Next: 'Look',
      },
      Look: {
        Type: 'Choice',
        Choices: [{ Variable: '$.field', IsPresent: true, Next: 'Present' }],
        Default: 'Absent',
      },
      Caught: ending('caught'),
      Present: ending('present'),
      Absent: ending('absent'),
    },
  };
}

async function queue(world: World) {
  const { partition, region, account } = world.b;
  let arn = '';
  const url = await world.make(world.b, 'queue', async (QueueName) => {
    arn = `arn:${partition}:sqs:${region}:${account}:${QueueName}`;
    const { QueueUrl = '' } = await world.b
      .client(SQSClient)
      // Longer than a run, so that no token is received twice.
      .send(new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout: '3600' } }));
    return QueueUrl;
  });
  return { url, arn };
}

/** The machine, with a role that may only put tokens into the queue. */
const machine = (world: World, { url, arn }: { url: string; arn: string }): Promise<string> =>
  world.stack({
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'states.amazonaws.com' },
                Action: 'sts:AssumeRole',
              },
            ],
          },
          Policies: [
            {
              PolicyName: 'ask',
              PolicyDocument: {
                Version: '2012-10-17',
                Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arn }],
              },
            },
          ],
        },
      },
      Machine: {
        Type: 'AWS::StepFunctions::StateMachine',
        Properties: {
          StateMachineName: 'poolbridge-contract-answers',
          DefinitionString: JSON.stringify(definition(world, url)),
          RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
        },
      },
    },
    Outputs: { Id: { Value: { Ref: 'Machine' } } },
  });

/** An execution that has ended after its task got this answer. */
async function ended(
  world: World,
  { stateMachineArn, QueueUrl }: { stateMachineArn: string; QueueUrl: string },
  answer: (taskToken: string) => Promise<unknown>,
): Promise<DescribeExecutionCommandOutput | NotTried> {
  const client = world.b.client(SFNClient);
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn }));
  const WaitTimeSeconds = world.pace < 500 ? 0 : 10;
  const token = await world.eventually(async () => {
    const command = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds });
    return (await world.b.client(SQSClient).send(command)).Messages?.[0]?.Body;
  });
  if (token === undefined)
    return { notTried: 'The state machine has put no token into the queue.' };
  await answer(token);
  const end = await world.eventually(async () => {
    const shown = await client.send(new DescribeExecutionCommand({ executionArn }));
    return shown.status === 'RUNNING' ? undefined : shown;
  });
  return end ?? { notTried: 'The execution has not ended.' };
}

type End = Awaited<ReturnType<typeof ended>>;

/** How an execution has handled the answer. */
function handling(end: End): Observation {
  if ('notTried' in end) return end;
  const { status, output, error, cause } = end;
  return saw(status === 'SUCCEEDED' ? String(JSON.parse(output ?? '')) : `${error}`, end, cause);
}

const MEMBERS = ['input', 'output', 'parameters', 'cause', 'error'];

/** Which members the events of an execution have in a history without data. */
async function dataIn(world: World, end: End): Promise<Observation> {
  if ('notTried' in end) return end;
  const { executionArn } = end;
  const command = new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false });
  const history = await world.b.client(SFNClient).send(command);
  const details = (history.events ?? []).flatMap((event) => Object.values(event));
  const names = details.flatMap((each) => (isObject(each) ? Object.keys(each) : []));
  const found = MEMBERS.filter((name) => names.includes(name));
  return saw(found.join(', ') || 'none', history, [...new Set(names)].sort().join(', '));
}

const NULL_MEMBER = 'IsPresent in a Choice, of a member that is null';
const NULL_INPUT = 'IsPresent in a Choice whose whole input is null';
const WITHOUT_DATA = 'what is left of input, output, parameters, cause and error without data';
const RUNTIME = 'SendTaskFailure with States.Runtime, where States.ALL is caught';

export const stateMachine: Probe = {
  name: 'state-machine',
  does: 'Answers the task of a state machine that waits for a token, in ways that Poolbridge never does itself.',
  beliefs: [
    {
      about: NULL_MEMBER,
      believed: 'present',
      source: `${ASSUMPTION}: ${SPEC} says that it is false where the path matches nothing, and does not mention null`,
    },
    {
      about: NULL_INPUT,
      believed: 'absent',
      source: `${ASSUMPTION}: as above; https://github.com/awslabs/states-language/issues/29 reports an error for a test of the input itself`,
    },
    {
      about: RUNTIME,
      believed: 'caught',
      source: `${ASSUMPTION}: ${ERRORS} says that States.ALL does not catch States.Runtime, which is read as one that Step Functions raises itself`,
    },
    {
      about: WITHOUT_DATA,
      believed: 'error',
      source: `${ASSUMPTION}: ${HISTORY} calls the input or output of an event its data; the log of a state machine without data is taken to have the same members`,
    },
  ],
  async observe(world) {
    const { url, arn } = await queue(world);
    const where = { stateMachineArn: await machine(world, { url, arn }), QueueUrl: url };
    const client = world.b.client(SFNClient);
    const succeed = (output: string) => (taskToken: string) =>
      client.send(new SendTaskSuccessCommand({ taskToken, output }));
    const fail = (taskToken: string) =>
      client.send(
        new SendTaskFailureCommand({ taskToken, error: 'States.Runtime', cause: 'a probe' }),
      );
    const failed = await ended(world, where, fail);
    return {
      [NULL_MEMBER]: handling(await ended(world, where, succeed('{"field":null}'))),
      [NULL_INPUT]: handling(await ended(world, where, succeed('null'))),
      [RUNTIME]: handling(failed),
      [WITHOUT_DATA]: await dataIn(world, failed),
    };
  },
};
