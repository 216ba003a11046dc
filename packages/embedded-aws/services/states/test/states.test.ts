import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { type LocalAws, startAws } from '../../../index.ts';
import type { BusEvent } from '../../../kernel/call.ts';
import { AwsError } from '../../../kernel/errors.ts';
import { until } from '../../../test/until.ts';
import { History } from '../history.ts';

const ACCOUNT = '111111111111';
const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:it`;
type Json = Record<string, unknown>;

describe('a state machine', () => {
  let local: LocalAws;
  let sfn: SFNClient;
  /** What the function answers; it may throw. */
  let answer: (event: Json, call: number) => unknown;
  let calls: Json[];
  let role: string;
  let count = 0;

  before(async () => {
    local = await startAws();
    local.aws.stateMachines.retryScale = 0.01;
    const trust = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow' as const,
          Principal: { Service: 'states.amazonaws.com' },
          Action: 'sts:AssumeRole',
        },
      ],
    };
    const policy = {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow' as const, Action: 'lambda:InvokeFunction', Resource: FUNCTION },
      ],
    };
    role = `arn:aws:iam::${ACCOUNT}:role/machine`;
    local.aws.iam.putRole({ arn: role, name: 'machine', trust, policies: [policy] });
    local.aws.services.set('lambda', {
      operations: {
        Invoke: {
          judge: ({ input }) => ({
            action: 'lambda:InvokeFunction',
            resource: String(input['FunctionName']),
          }),
          async run({ input }) {
            const event = JSON.parse(String(input['Payload']));
            calls.push(event);
            try {
              const payload = JSON.stringify((await answer(event, calls.length)) ?? null);
              return { payload, version: '$LATEST' };
            } catch (error) {
              if (error instanceof AwsError) throw error;
              const { name, message } = error as Error;
              const payload = JSON.stringify({ errorType: name, errorMessage: message });
              return { payload, functionError: 'Unhandled', version: '$LATEST' };
            }
          },
        },
      },
    });
    const credentials = { accessKeyId: ACCOUNT, secretAccessKey: 'any' };
    sfn = new SFNClient({ endpoint: local.endpoint, region: 'us-east-1', credentials });
  });
  after(() => local.close());
  beforeEach(() => {
    calls = [];
    answer = (event) => event;
  });

  const machineOf = async (definition: object): Promise<string> => {
    const resources = local.aws.services.get('states')?.resources ?? {};
    const { ref } = await resources['AWS::StepFunctions::StateMachine']!.create(
      {
        StateMachineName: `machine-${++count}`,
        RoleArn: role,
        DefinitionString: JSON.stringify(definition),
      },
      { account: ACCOUNT, region: 'us-east-1', partition: 'aws', logicalId: 'M', stack: 's' },
    );
    return ref;
  };
  const start = async (definition: object, input: unknown = {}, name?: string) => {
    const stateMachineArn = await machineOf(definition);
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({
        stateMachineArn,
        input: JSON.stringify(input),
        ...(name && { name }),
      }),
    );
    return executionArn!;
  };
  const ended = async (executionArn: string) => {
    for (;;) {
      const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      if (found.status !== 'RUNNING') return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const run = async (definition: object, input?: unknown) => {
    const executionArn = await start(definition, input);
    const { status, output, error, cause } = await ended(executionArn);
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    const types = events.map(({ type }) => type!);
    return { status, error, cause, output: output && JSON.parse(output), events, types };
  };
  const task = (more: object = {}) => ({ Type: 'Task', Resource: FUNCTION, End: true, ...more });
  const single = (more: object = {}) => ({ StartAt: 'Do', States: { Do: task(more) } });
  const failing = (name: string, message = 'why') => {
    throw Object.assign(new Error(message), { name });
  };

  test('tells its history event by event, each with the one before it', async () => {
    answer = () => ({ done: true });
    const { status, output, events, types } = await run(
      single({ TimeoutSeconds: 9, Parameters: { 'id.$': '$$.Execution.Id', 'in.$': '$.x' } }),
      { x: 1 },
    );
    assert.equal(status, 'SUCCEEDED');
    assert.deepEqual(output, { done: true });
    assert.deepEqual(types, [
      ...[
        'ExecutionStarted',
        'TaskStateEntered',
        'LambdaFunctionScheduled',
        'LambdaFunctionStarted',
      ],
      ...['LambdaFunctionSucceeded', 'TaskStateExited', 'ExecutionSucceeded'],
    ]);
    assert.deepEqual(
      events.map(({ id, previousEventId }) => [id, previousEventId]),
      events.map((_, i) => [i + 1, i]),
    );
    assert.equal(calls[0]!['in'], 1);
    assert.match(
      String(calls[0]!['id']),
      /^arn:aws:states:us-east-1:111111111111:execution:machine-\d+:/,
    );
    const [started, entered, scheduled] = events;
    assert.equal(started!.executionStartedEventDetails!.input, '{"x":1}');
    assert.equal(started!.executionStartedEventDetails!.roleArn, role);
    assert.deepEqual(entered!.stateEnteredEventDetails, {
      name: 'Do',
      input: '{"x":1}',
      inputDetails: { truncated: false },
    });
    assert.equal(scheduled!.lambdaFunctionScheduledEventDetails!.resource, FUNCTION);
    assert.equal(scheduled!.lambdaFunctionScheduledEventDetails!.timeoutInSeconds, 9);
  });

  test('retries what its retriers name, and no more than they say', async () => {
    answer = (_, call) => (call < 3 ? failing('Again') : 'done');
    const Retry = [{ ErrorEquals: ['Again'], MaxAttempts: 2 }];
    const good = await run(single({ Retry }));
    assert.equal(good.output, 'done');
    assert.deepEqual(
      good.types.filter((type) => /Lambda/.test(type)),
      [
        ...['LambdaFunctionScheduled', 'LambdaFunctionStarted', 'LambdaFunctionFailed'],
        ...['LambdaFunctionScheduled', 'LambdaFunctionStarted', 'LambdaFunctionFailed'],
        ...['LambdaFunctionScheduled', 'LambdaFunctionStarted', 'LambdaFunctionSucceeded'],
      ],
    );
    calls = [];
    answer = () => failing('Again');
    const bad = await run(single({ Retry }));
    assert.equal(bad.status, 'FAILED');
    assert.equal(calls.length, 3);
    calls = [];
    answer = () => failing('Other');
    assert.equal((await run(single({ Retry }))).error, 'Other');
    assert.equal(calls.length, 1);
  });

  test('fails with the error’s name, and what Lambda wraps around the message', async () => {
    answer = () => failing('OwnError', 'why');
    const { status, error, cause, types } = await run(single());
    assert.deepEqual([status, error], ['FAILED', 'OwnError']);
    assert.deepEqual(JSON.parse(cause!), { errorType: 'OwnError', errorMessage: 'why' });
    assert.equal(types.at(-1), 'ExecutionFailed');
  });

  test('catches, and goes on with the error in its place', async () => {
    answer = () => failing('OwnError', 'why');
    const { output } = await run(
      {
        StartAt: 'Do',
        States: {
          Do: {
            ...task({
              Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Then' }],
            }),
            End: undefined,
            Next: 'Then',
          },
          Then: { Type: 'Pass', End: true },
        },
      },
      { kept: 1 },
    );
    assert.equal(output.kept, 1);
    assert.equal(output.failure.Error, 'OwnError');
  });

  const map = (more: object = {}, inner: object = {}) => ({
    StartAt: 'Each',
    States: {
      Each: {
        Type: 'Map',
        ItemsPath: '$.items',
        ItemSelector: {
          'item.$': '$$.Map.Item.Value',
          'index.$': '$$.Map.Item.Index',
          'all.$': '$.all',
        },
        ItemProcessor: {
          ProcessorConfig: { Mode: 'INLINE' },
          StartAt: 'Do',
          States: { Do: task(inner) },
        },
        ResultPath: '$.results',
        End: true,
        ...more,
      },
    },
  });

  test('maps over items, told of each by its index, results in their order', async () => {
    answer = async ({ item }) => {
      await new Promise((resolve) => setTimeout(resolve, item === 'a' ? 30 : 0));
      return `${item}!`;
    };
    const { output, events, types } = await run(map(), { items: ['a', 'b'], all: 7 });
    assert.deepEqual(output, { items: ['a', 'b'], all: 7, results: ['a!', 'b!'] });
    assert.deepEqual(calls, [
      { item: 'a', index: 0, all: 7 },
      { item: 'b', index: 1, all: 7 },
    ]);
    assert.equal(types.filter((type) => type === 'MapIterationStarted').length, 2);
    const byId = new Map(events.map((event) => [event.id, event]));
    for (const event of events.filter(({ type }) => type === 'LambdaFunctionSucceeded')) {
      const output = event.lambdaFunctionSucceededEventDetails!.output!;
      let at: typeof event | undefined = event;
      while (at && at.type !== 'MapIterationStarted') at = byId.get(at.previousEventId);
      assert.equal(at?.mapIterationStartedEventDetails?.index, output === '"a!"' ? 0 : 1);
    }
  });

  test('maps over nothing to nothing, and over many no more at once than it says', async () => {
    assert.deepEqual((await run(map(), { items: [], all: 0 })).output.results, []);
    let running = 0;
    let most = 0;
    answer = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
    };
    await run(map({ MaxConcurrency: 3 }), { items: [1, 2, 3, 4, 5, 6, 7], all: 0 });
    assert.equal(most, 3);
  });

  test('whose item fails uncaught fails with its error', async () => {
    answer = ({ item }) => (item === 'b' ? failing('OwnError') : item);
    const { status, error, types } = await run(map(), { items: ['a', 'b'], all: 0 });
    assert.deepEqual([status, error], ['FAILED', 'OwnError']);
    assert.ok(types.includes('MapIterationFailed'));
    assert.ok(types.includes('MapStateFailed'));
  });

  test('fails a task that takes too long with States.Timeout', async () => {
    answer = () => new Promise((resolve) => setTimeout(resolve, 1500));
    const { error, types } = await run(single({ TimeoutSeconds: 1 }));
    assert.equal(error, 'States.Timeout');
    assert.ok(types.includes('LambdaFunctionTimedOut'));
  });

  test('that takes too long as a whole is TIMED_OUT', async () => {
    answer = () => new Promise((resolve) => setTimeout(resolve, 1500));
    const { status, types } = await run({ ...single(), TimeoutSeconds: 1 });
    assert.equal(status, 'TIMED_OUT');
    assert.equal(types.at(-1), 'ExecutionTimedOut');
  });

  test('that is stopped is ABORTED, and what still runs changes nothing any more', async () => {
    const late = Promise.withResolvers<string>();
    answer = () => late.promise;
    const executionArn = await start(single());
    await until(() => calls.length > 0);
    await sfn.send(new StopExecutionCommand({ executionArn, error: 'Enough', cause: 'by hand' }));
    late.resolve('late');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { status, error, cause } = await ended(executionArn);
    assert.deepEqual([status, error, cause], ['ABORTED', 'Enough', 'by hand']);
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    assert.equal(events.at(-1)!.type, 'ExecutionAborted');
    assert.ok(!events.some(({ type }) => type === 'LambdaFunctionSucceeded'));
  });

  test('that is stopped calls no function again, whatever it retries', async () => {
    const Retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 1 }];
    const release = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const stopped = async () => {
      called.resolve();
      await release.promise;
      return failing('Busy');
    };
    answer = (event, call) => {
      if (event['stopped']) return stopped();
      return call < 3 ? failing('Busy') : event;
    };
    const executionArn = await start(single({ Retry }), { stopped: true });
    await called.promise;
    await sfn.send(new StopExecutionCommand({ executionArn }));
    release.resolve();
    // Waits as long before its retry, and begins to later.
    assert.equal((await run(single({ Retry }))).status, 'SUCCEEDED');
    assert.equal(calls.filter((event) => event['stopped']).length, 1);
  });

  test('tells the default bus of every change of its status', async () => {
    const heard: BusEvent[] = [];
    const { emit } = local.aws;
    local.aws.emit = (account, region, event) => {
      if (event.source === 'aws.states') heard.push({ ...event, account, region } as BusEvent);
    };
    answer = () => failing('Broken');
    const executionArn = await start(single(), { a: 1 }, 'told');
    const { stateMachineArn } = await ended(executionArn);
    local.aws.emit = emit;
    // An execution of another test may still end.
    const [started, failed, ...more] = heard.filter((event) =>
      event.resources?.includes(executionArn),
    );
    assert.deepEqual(more, []);
    const { startDate, stopDate, ...detail } = failed!.detail as Record<string, unknown>;
    assert.ok(Number.isInteger(startDate) && Number(stopDate) >= Number(startDate));
    assert.deepEqual(detail, {
      executionArn,
      stateMachineArn,
      name: 'told',
      status: 'FAILED',
      input: '{"a":1}',
      inputDetails: { included: true },
      output: null,
      outputDetails: null,
      error: 'Broken',
      cause: '{"errorType":"Broken","errorMessage":"why"}',
    });
    assert.deepEqual(started!.detail, {
      ...detail,
      status: 'RUNNING',
      startDate,
      stopDate: null,
      error: null,
      cause: null,
    });
    assert.deepEqual(failed, {
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      account: ACCOUNT,
      region: 'us-east-1',
      resources: [executionArn],
      time: failed!.time,
      detail: failed!.detail,
    });
  });

  test('fails for good on a state beyond 262,144 characters, whatever it catches', async () => {
    answer = () => 'x'.repeat(262_144);
    const Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Do' }];
    const { status, error } = await run(single({ Catch }));
    assert.deepEqual([status, error], ['FAILED', 'States.DataLimitExceeded']);
  });

  test('may invoke only what its role may', async () => {
    const other = FUNCTION.replace('function:it', 'function:other');
    const { error, cause } = await run(single({ Resource: other }));
    assert.equal(error, 'Lambda.AWSLambdaException');
    assert.match(
      cause!,
      /is not authorized to perform: lambda:InvokeFunction on resource: .*:other/,
    );
  });

  test('is throttled by Lambda under Lambda’s name for it', async () => {
    answer = () => {
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    };
    assert.equal((await run(single())).error, 'Lambda.TooManyRequestsException');
  });

  test('knows an execution by its name: the same again is the same, another input is refused', async () => {
    let release = () => {};
    answer = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    const stateMachineArn = await machineOf(single());
    const begin = (input: string) =>
      sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'once', input }));
    const first = await begin('{"a":1}');
    assert.deepEqual((await begin('{"a":1}')).executionArn, first.executionArn);
    await assert.rejects(begin('{"a":2}'), { name: 'ExecutionAlreadyExists' });
    release();
    await ended(first.executionArn!);
    await assert.rejects(begin('{"a":1}'), { name: 'ExecutionAlreadyExists' });
    assert.equal(calls.length, 1);
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    assert.deepEqual(
      executions.map(({ name, status }) => [name, status]),
      [['once', 'SUCCEEDED']],
    );
  });

  test('refuses a name or an input that is none', async () => {
    const stateMachineArn = await machineOf(single());
    const begin = (more: object) =>
      sfn.send(new StartExecutionCommand({ stateMachineArn, ...more }));
    await assert.rejects(begin({ name: 'with space' }), { name: 'InvalidName' });
    await assert.rejects(begin({ name: 'x'.repeat(81) }), { name: 'InvalidName' });
    await assert.rejects(begin({ input: '{' }), { name: 'InvalidExecutionInput' });
    await assert.rejects(begin({ input: `"${'x'.repeat(262_144)}"` }), {
      name: 'InvalidExecutionInput',
    });
  });

  test('that could run otherwise here than in AWS is refused', async () => {
    const parallel = {
      StartAt: 'P',
      States: { P: { Type: 'Parallel', Branches: [single()], End: true } },
    };
    await assert.rejects(machineOf(parallel), /does not support Parallel states/);
    const lost = { S: { Type: 'Choice', Choices: [{ Next: 'Nowhere' }] } };
    for (const definition of [
      { StartAt: 'Nowhere', States: {} },
      { StartAt: 'S', States: lost },
    ]) {
      await assert.rejects(machineOf(definition), /Invalid State Machine Definition.*Nowhere/);
    }
  });

  test('tells its history page by page, and from its end', async () => {
    const executionArn = await start(single());
    await ended(executionArn);
    const types = [];
    let nextToken: string | undefined;
    do {
      const page = await sfn.send(
        new GetExecutionHistoryCommand({
          executionArn,
          maxResults: 3,
          ...(nextToken && { nextToken }),
        }),
      );
      types.push(...page.events!.map(({ type }) => type));
      nextToken = page.nextToken;
    } while (nextToken);
    assert.equal(types.length, 7);
    const { events } = await sfn.send(
      new GetExecutionHistoryCommand({
        executionArn,
        reverseOrder: true,
        includeExecutionData: false,
      }),
    );
    assert.deepEqual(
      events!.map(({ type }) => type),
      types.toReversed(),
    );
    assert.equal(events!.at(-1)!.executionStartedEventDetails!.input, undefined);
  });

  describe('that waits for a task token', () => {
    const waiting = (more: object = {}) => ({
      StartAt: 'Ask',
      States: {
        Ask: task({
          Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
          Parameters: {
            FunctionName: FUNCTION,
            Payload: { 'token.$': '$$.Task.Token', 'what.$': '$.what' },
          },
          TimeoutSecondsPath: '$.seconds',
          ...more,
        }),
      },
    });
    const input = { what: 'this', seconds: 3600 };
    const tokenOf = async (call = 1) => {
      await until(() => calls.length >= call);
      return String(calls[call - 1]!['token']);
    };
    const succeed = (taskToken: string, output: string) =>
      sfn.send(new SendTaskSuccessCommand({ taskToken, output }));
    const fail = (taskToken: string, error: string) =>
      sfn.send(new SendTaskFailureCommand({ taskToken, error, cause: 'why' }));

    test('goes on with the output of whoever has the token, once', async () => {
      answer = () => 'ignored';
      const done = run(waiting({ ResultPath: '$.answer' }), input);
      const token = await tokenOf();
      assert.deepEqual(calls, [{ token, what: 'this' }]);
      await assert.rejects(succeed(token, 'no JSON'), { name: 'InvalidOutput' });
      await succeed(token, '{"by":"someone"}');
      const { output, types, events } = await done;
      assert.deepEqual(output, { ...input, answer: { by: 'someone' } });
      assert.deepEqual(types.slice(2, 7), [
        ...['TaskScheduled', 'TaskStarted', 'TaskSubmitted', 'TaskSucceeded', 'TaskStateExited'],
      ]);
      const { parameters, ...scheduled } = events[2]!.taskScheduledEventDetails!;
      assert.deepEqual(scheduled, {
        resourceType: 'lambda',
        resource: 'invoke.waitForTaskToken',
        region: 'us-east-1',
        timeoutInSeconds: 3600,
      });
      assert.equal(JSON.parse(parameters!).Payload.token, token);
      for (const { id, previousEventId } of events.slice(2, 7)) {
        assert.equal(previousEventId, id! - 1);
      }
      await assert.rejects(succeed(token, '{}'), { name: 'TaskTimedOut' });
      await assert.rejects(succeed('invented', '{}'), { name: 'InvalidToken' });
    });

    test('fails as whoever has the token says, and asks anew with a new token if that is retried', async () => {
      const Retry = [{ ErrorEquals: ['Again'], MaxAttempts: 1 }];
      const done = run(waiting({ Retry }), input);
      await fail(await tokenOf(), 'Again');
      const second = await tokenOf(2);
      assert.notEqual(second, await tokenOf(1));
      await fail(second, 'No');
      const { status, error, cause } = await done;
      assert.deepEqual([status, error, cause], ['FAILED', 'No', 'why']);
    });

    test('fails with the function that was to tell the token', async () => {
      answer = () => failing('NoWay');
      const { error, types } = await run(waiting(), input);
      assert.equal(error, 'NoWay');
      assert.ok(types.includes('TaskFailed'));
    });

    test('runs out of the time that its input gives it, and takes no answer after that', async () => {
      const { error, types, events } = await run(waiting(), { ...input, seconds: 1 });
      assert.equal(error, 'States.Timeout');
      assert.deepEqual(types.slice(-2), ['TaskTimedOut', 'ExecutionFailed']);
      assert.equal(events[2]!.taskScheduledEventDetails!.timeoutInSeconds, 1);
      await assert.rejects(succeed(await tokenOf(), '{}'), { name: 'TaskTimedOut' });
    });

    test('takes no answer once its execution has been stopped', async () => {
      const executionArn = await start(waiting(), input);
      const token = await tokenOf();
      await sfn.send(new StopExecutionCommand({ executionArn }));
      await assert.rejects(fail(token, 'No'), { name: 'TaskTimedOut' });
      assert.equal((await ended(executionArn)).status, 'ABORTED');
    });
  });

  test('is logged whole, or cut off where it is escaped to more than 248 KB, and that is said', () => {
    const loggedOf = (output: string) => {
      const event = { id: 1, previousEventId: 0, timestamp: 1, type: 'ExecutionSucceeded' };
      return JSON.parse(History.logged({ ...event, details: { output } }, 'arn')).details;
    };
    const whole = { output: '{}', outputDetails: { truncated: false } };
    assert.deepEqual(loggedOf('{}'), whole);
    const long = JSON.stringify(Array.from({ length: 38_000 }, () => 'ab'));
    assert.ok(long.length < 200_000, 'it is the escaping');
    const { output, outputDetails } = loggedOf(long);
    assert.ok(output.length > 50_000 && long.startsWith(output));
    assert.deepEqual(outputDetails, { truncated: true });
  });
});
