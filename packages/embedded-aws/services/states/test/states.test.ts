import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError } from '../../../kernel/errors.ts';
import { FUNCTION, failing, lambda, machineOf, ROLE, run, single, task } from './machine-world.ts';

describe('a state machine', () => {
  test('records its history, in which each event has the id of its previous event', async () => {
    lambda.answer = () => ({ done: true });
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
    assert.equal(lambda.calls[0]!['in'], 1);
    assert.match(
      String(lambda.calls[0]!['id']),
      /^arn:aws:states:us-east-1:111111111111:execution:machine-\d+:/,
    );
    const [started, entered, scheduled] = events;
    assert.equal(started!.executionStartedEventDetails!.input, '{"x":1}');
    assert.equal(started!.executionStartedEventDetails!.roleArn, ROLE);
    assert.deepEqual(entered!.stateEnteredEventDetails, {
      name: 'Do',
      input: '{"x":1}',
      inputDetails: { truncated: false },
    });
    assert.equal(scheduled!.lambdaFunctionScheduledEventDetails!.resource, FUNCTION);
    assert.equal(scheduled!.lambdaFunctionScheduledEventDetails!.timeoutInSeconds, 9);
  });

  test('retries only the errors in Retry, and at most MaxAttempts times', async () => {
    lambda.answer = (_, call) => (call < 3 ? failing('Again') : 'done');
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
    lambda.calls = [];
    lambda.answer = () => failing('Again');
    const bad = await run(single({ Retry }));
    assert.equal(bad.status, 'FAILED');
    assert.equal(lambda.calls.length, 3);
    lambda.calls = [];
    lambda.answer = () => failing('Other');
    assert.equal((await run(single({ Retry }))).error, 'Other');
    assert.equal(lambda.calls.length, 1);
  });

  test('fails with the name of the function’s error, and with Lambda’s answer as cause', async () => {
    lambda.answer = () => failing('OwnError', 'why');
    const { status, error, cause, types } = await run(single());
    assert.deepEqual([status, error], ['FAILED', 'OwnError']);
    assert.deepEqual(JSON.parse(cause!), { errorType: 'OwnError', errorMessage: 'why' });
    assert.equal(types.at(-1), 'ExecutionFailed');
  });

  test('catches an error and continues with it at the ResultPath', async () => {
    lambda.answer = () => failing('OwnError', 'why');
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

  test('fails a task with States.Timeout after its timeout', async () => {
    lambda.answer = () => new Promise((resolve) => setTimeout(resolve, 1500));
    const { error, types } = await run(single({ TimeoutSeconds: 1 }));
    assert.equal(error, 'States.Timeout');
    assert.ok(types.includes('LambdaFunctionTimedOut'));
  });

  test('that exceeds its own timeout is TIMED_OUT', async () => {
    lambda.answer = () => new Promise((resolve) => setTimeout(resolve, 1500));
    const { status, types } = await run({ ...single(), TimeoutSeconds: 1 });
    assert.equal(status, 'TIMED_OUT');
    assert.equal(types.at(-1), 'ExecutionTimedOut');
  });

  test('fails without Catch if a state exceeds 262,144 characters', async () => {
    lambda.answer = () => 'x'.repeat(262_144);
    const Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Do' }];
    const { status, error } = await run(single({ Catch }));
    assert.deepEqual([status, error], ['FAILED', 'States.DataLimitExceeded']);
  });

  test('can invoke only functions that its role allows', async () => {
    const other = FUNCTION.replace('function:it', 'function:other');
    const { error, cause } = await run(single({ Resource: other }));
    assert.equal(error, 'Lambda.AWSLambdaException');
    assert.match(
      cause!,
      /is not authorized to perform: lambda:InvokeFunction on resource: .*:other/,
    );
  });

  test('names Lambda’s throttling error Lambda.TooManyRequestsException', async () => {
    lambda.answer = () => {
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    };
    assert.equal((await run(single())).error, 'Lambda.TooManyRequestsException');
  });

  test('with unsupported states or missing targets is refused', async () => {
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
});
