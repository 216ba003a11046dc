import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { until } from '../../../test/until.ts';
import { ended, FUNCTION, failing, lambda, run, sfn, start, task } from './machine-world.ts';

describe('a task that waits for its token', () => {
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
    await until(() => lambda.calls.length >= call);
    return String(lambda.calls[call - 1]!['token']);
  };
  const succeed = (taskToken: string, output: string) =>
    sfn.send(new SendTaskSuccessCommand({ taskToken, output }));
  const fail = (taskToken: string, error: string) =>
    sfn.send(new SendTaskFailureCommand({ taskToken, error, cause: 'why' }));

  test('continues with the output of SendTaskSuccess, which is accepted once', async () => {
    lambda.answer = () => 'ignored';
    const done = run(waiting({ ResultPath: '$.answer' }), input);
    const token = await tokenOf();
    assert.deepEqual(lambda.calls, [{ token, what: 'this' }]);
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

  test('fails with the error of SendTaskFailure, and retries with a new token', async () => {
    const Retry = [{ ErrorEquals: ['Again'], MaxAttempts: 1 }];
    const done = run(waiting({ Retry }), input);
    await fail(await tokenOf(), 'Again');
    const second = await tokenOf(2);
    assert.notEqual(second, await tokenOf(1));
    await fail(second, 'No');
    const { status, error, cause } = await done;
    assert.deepEqual([status, error, cause], ['FAILED', 'No', 'why']);
  });

  test('fails if the function that gets the token fails', async () => {
    lambda.answer = () => failing('NoWay');
    const { error, types } = await run(waiting(), input);
    assert.equal(error, 'NoWay');
    assert.ok(types.includes('TaskFailed'));
  });

  test('times out after the seconds in its input, and then accepts no answer', async () => {
    const { error, types, events } = await run(waiting(), { ...input, seconds: 1 });
    assert.equal(error, 'States.Timeout');
    assert.deepEqual(types.slice(-2), ['TaskTimedOut', 'ExecutionFailed']);
    assert.equal(events[2]!.taskScheduledEventDetails!.timeoutInSeconds, 1);
    await assert.rejects(succeed(await tokenOf(), '{}'), { name: 'TaskTimedOut' });
  });

  test('accepts no answer after its execution is stopped', async () => {
    const executionArn = await start(waiting(), input);
    const token = await tokenOf();
    await sfn.send(new StopExecutionCommand({ executionArn }));
    await assert.rejects(fail(token, 'No'), { name: 'TaskTimedOut' });
    assert.equal((await ended(executionArn)).status, 'ABORTED');
  });
});
