import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { BusEvent } from '../../../kernel/call.ts';
import { until } from '../../../test/until.ts';
import { History } from '../history.ts';
import {
  ACCOUNT,
  ended,
  failing,
  lambda,
  local,
  machineOf,
  run,
  sfn,
  single,
  start,
} from './machine-world.ts';

describe('an execution', () => {
  test('that is stopped is ABORTED, and ignores the results of running tasks', async () => {
    const late = Promise.withResolvers<string>();
    lambda.answer = () => late.promise;
    const executionArn = await start(single());
    await until(() => lambda.calls.length > 0);
    await sfn.send(new StopExecutionCommand({ executionArn, error: 'Enough', cause: 'by hand' }));
    late.resolve('late');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { status, error, cause } = await ended(executionArn);
    assert.deepEqual([status, error, cause], ['ABORTED', 'Enough', 'by hand']);
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    assert.equal(events.at(-1)!.type, 'ExecutionAborted');
    assert.ok(!events.some(({ type }) => type === 'LambdaFunctionSucceeded'));
  });

  test('that is stopped does not retry a running task', async () => {
    const Retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 1 }];
    const release = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const stopped = async () => {
      called.resolve();
      await release.promise;
      return failing('Busy');
    };
    lambda.answer = (event, call) => {
      if (event['stopped']) return stopped();
      return call < 3 ? failing('Busy') : event;
    };
    const executionArn = await start(single({ Retry }), { stopped: true });
    await called.promise;
    await sfn.send(new StopExecutionCommand({ executionArn }));
    release.resolve();
    // This execution waits equally long before its retry and starts later.
    assert.equal((await run(single({ Retry }))).status, 'SUCCEEDED');
    assert.equal(lambda.calls.filter((event) => event['stopped']).length, 1);
  });

  test('puts an event on the default bus when its status changes', async () => {
    const received: BusEvent[] = [];
    const { emit } = local.aws;
    local.aws.emit = (account, region, event) => {
      if (event.source === 'aws.states') received.push({ ...event, account, region } as BusEvent);
    };
    lambda.answer = () => failing('Broken');
    const executionArn = await start(single(), { a: 1 }, 'announced');
    const { stateMachineArn } = await ended(executionArn);
    local.aws.emit = emit;
    // An execution of another test can end at the same time.
    const [started, failed, ...more] = received.filter((event) =>
      event.resources?.includes(executionArn),
    );
    assert.deepEqual(more, []);
    const { startDate, stopDate, ...detail } = failed!.detail as Record<string, unknown>;
    assert.ok(Number.isInteger(startDate) && Number(stopDate) >= Number(startDate));
    assert.deepEqual(detail, {
      executionArn,
      stateMachineArn,
      name: 'announced',
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

  test('is returned again for the same name and input while it runs, and another input is refused', async () => {
    let release = () => {};
    lambda.answer = () =>
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
    assert.equal(lambda.calls.length, 1);
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    assert.deepEqual(
      executions.map(({ name, status }) => [name, status]),
      [['once', 'SUCCEEDED']],
    );
  });

  test('with an invalid name or input is refused', async () => {
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

  test('returns its history in pages and in reverse order', async () => {
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
});

test('the log truncates input or output that is longer than 248 KB when escaped, and says so', () => {
  const loggedOf = (output: string) => {
    const event = { id: 1, previousEventId: 0, timestamp: 1, type: 'ExecutionSucceeded' };
    return JSON.parse(History.logged({ ...event, details: { output } }, 'arn')).details;
  };
  const whole = { output: '{}', outputDetails: { truncated: false } };
  assert.deepEqual(loggedOf('{}'), whole);
  const long = JSON.stringify(Array.from({ length: 38_000 }, () => 'ab'));
  assert.ok(long.length < 200_000, 'it is too long only when escaped');
  const { output, outputDetails } = loggedOf(long);
  assert.ok(output.length > 50_000 && long.startsWith(output));
  assert.deepEqual(outputDetails, { truncated: true });
});

test('the log has the input, output, parameters and cause of events only if the state machine asks for data', () => {
  const details = {
    name: 'Do',
    input: '{}',
    output: '{}',
    parameters: '{}',
    error: 'E',
    cause: 'why',
  };
  const event = { id: 1, previousEventId: 0, timestamp: 1, type: 'TaskStateExited', details };
  const detailsOf = (line: string) => JSON.parse(line).details;
  assert.equal(detailsOf(History.logged(event, 'arn')).cause, 'why');
  const lean = JSON.parse(History.logged(event, 'arn', false));
  assert.deepEqual(lean.details, { name: 'Do', error: 'E' });
});

for (const includes of [true, false, undefined]) {
  test(`a log of a state machine whose IncludeExecutionData is ${includes} ${includes ? 'has' : 'lacks'} its data`, async () => {
    const group = `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/aws/vendedlogs/${includes}`;
    const { logGroups } = local.aws;
    logGroups.create(group);
    const LogGroupArn = `${group}:*`;
    const executionArn = await start(single(), { its: 'input' }, undefined, {
      Level: 'ALL',
      ...(includes !== undefined && { IncludeExecutionData: includes }),
      Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn } }],
    });
    await ended(executionArn);
    const text = logGroups
      .find(group)!
      .events.map(({ message }) => message)
      .join();
    assert.match(text, /ExecutionSucceeded/);
    assert.equal(text.includes('its'), includes === true);
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    assert.equal(events![0]!.executionStartedEventDetails!.input, '{"its":"input"}');
  });
}
