import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import {
  CreateEventBusCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { startAws } from '../../../index.ts';
import { AwsError } from '../../../kernel/errors.ts';
import { until } from '../../../test/until.ts';
import {
  AWAY,
  allowing,
  clientOf,
  fakeStates,
  freeze,
  HOME,
  letters,
  MACHINE,
  put,
  queue,
  queueArn,
  REGION,
  ROLE,
  RULE,
  trusting,
  type World,
  world,
} from './bus-world.ts';

test('an event that matches a rule starts its state machine, with the event as input', async (t) => {
  const w = await world(t, {});
  const id = await put(
    w,
    { a: 1 },
    { Time: new Date('2026-01-02T03:04:05.678Z'), Resources: ['x'] },
  );
  await put(w, {}, { Source: 'other' });
  assert.equal(w.started.length, 1);
  const [{ stateMachineArn, name, input } = { stateMachineArn: '', name: '', input: '' }] =
    w.started;
  assert.equal(stateMachineArn, MACHINE);
  assert.ok(name.length <= 80);
  assert.match(name, new RegExp(`^${id}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`));
  assert.deepEqual(JSON.parse(input), {
    version: '0',
    id,
    'detail-type': 'Asked',
    source: 'app',
    account: HOME,
    region: REGION,
    time: '2026-01-02T03:04:05Z',
    resources: ['x'],
    detail: { a: 1 },
  });
});

test('each target gets its own transformation of the event', async (t) => {
  const w = await world(
    t,
    { Input: '{"constant":1}' },
    { InputPath: '$.detail' },
    {
      InputTransformer: {
        InputPathsMap: { a: '$.detail.a' },
        InputTemplate: '{"a":<a>,"rule":"<aws.events.rule-arn>"}',
      },
    },
  );
  await put(w, { a: 'x' });
  const inputs = w.started.map(({ input }) => JSON.parse(input));
  assert.deepEqual(inputs, [{ constant: 1 }, { a: 'x' }, { a: 'x', rule: RULE }]);
  assert.equal(new Set(w.started.map(({ name }) => name)).size, 3);
});

test('a duplicate delivery starts no second execution and counts as delivered', async (t) => {
  const w = await world(t, { DeadLetterConfig: { Arn: queueArn('dead') } });
  await queue(w, 'dead');
  w.aws.buses.duplicate(1);
  await put(w);
  assert.equal(w.attempts(), 2);
  assert.equal(w.started.length, 1);
  assert.deepEqual(await letters(w, 'dead'), []);
  await put(w);
  assert.equal(w.attempts(), 3);
  assert.equal(w.started.length, 2);
});

test('tests can drop, hold and reorder deliveries', async (t) => {
  const w = await world(t, { InputPath: '$.detail.n' });
  w.aws.buses.drop(1);
  for (const n of [1, 2]) await put(w, { n });
  w.aws.buses.hold();
  for (const n of [3, 4, 5]) await put(w, { n });
  assert.deepEqual(
    w.started.map(({ input }) => input),
    ['2'],
  );
  w.aws.buses.release((held) => held.toReversed());
  await w.aws.buses.settled();
  assert.deepEqual(
    w.started.map(({ input }) => input),
    ['2', '5', '4', '3'],
  );
});

test('a permanent failure sends the event to the dead-letter queue immediately, with the error', async (t) => {
  const dead = { DeadLetterConfig: { Arn: queueArn('dead') } };
  const distrusted = `arn:aws:iam::${HOME}:role/distrusted`;
  const powerless = `arn:aws:iam::${HOME}:role/powerless`;
  const w = await world(
    t,
    { ...dead, RoleArn: distrusted },
    { ...dead, RoleArn: powerless },
    { ...dead, Arn: queueArn('gone') },
    { ...dead },
  );
  const { iam } = w.aws;
  iam.putRole({ arn: distrusted, name: 'distrusted', trust: trusting('x.com'), policies: [] });
  const trust = trusting('events.amazonaws.com');
  iam.putRole({ arn: powerless, name: 'powerless', trust, policies: [] });
  await queue(w, 'dead', RULE);
  w.errors.push(new AwsError('InvalidExecutionInput', 'Not JSON.'));
  const id = await put(w, { a: 1 });
  const found = await letters(w, 'dead');
  const codes = found.map(({ attributes }) => attributes['ERROR_CODE']).sort();
  assert.deepEqual(codes, [
    'FAILED_TO_ASSUME_ROLE',
    'INVALID_PARAMETER',
    'NO_PERMISSIONS',
    'NO_RESOURCE',
  ]);
  for (const { body, attributes } of found) {
    assert.equal(JSON.parse(body).id, id);
    assert.equal(attributes['RULE_ARN'], RULE);
    assert.equal(attributes['RETRY_ATTEMPTS'], '0');
    assert.ok(!('EXHAUSTED_RETRY_CONDITION' in attributes));
  }
  const denied = found.find(({ attributes }) => attributes['ERROR_CODE'] === 'NO_PERMISSIONS');
  assert.equal(denied?.attributes['TARGET_ARN'], MACHINE);
  assert.match(denied.attributes['ERROR_MESSAGE'] ?? '', /not authorized to perform: states:Start/);
});

test('a template that gives invalid JSON sends the event to the dead-letter queue', async (t) => {
  const InputTransformer = { InputPathsMap: { d: '$.detail' }, InputTemplate: '{"a":"<d>"}' };
  const w = await world(t, { InputTransformer, DeadLetterConfig: { Arn: queueArn('dead') } });
  await queue(w, 'dead');
  await put(w, { a: 1 });
  const [letter] = await letters(w, 'dead');
  assert.equal(letter?.attributes['ERROR_CODE'], 'INVALID_JSON');
  assert.equal(w.attempts(), 0);
});

test('the event is lost if the policy of the dead-letter queue does not allow EventBridge', async (t) => {
  const w = await world(t, { Arn: queueArn('gone'), DeadLetterConfig: { Arn: queueArn('dead') } });
  await queue(w, 'dead', 'arn:aws:events:us-east-1:111111111111:rule/another');
  await put(w);
  assert.deepEqual(await letters(w, 'dead'), []);
});

/** Advances the mocked clock in steps of 10 s, and waits for deliveries after each step. */
async function pass(w: World, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    mock.timers.tick(10_000);
    await w.aws.buses.settled();
  }
}

const emit = async (w: World, detail: object = {}) => {
  const event = { source: 'app', 'detail-type': 'T', time: '2026-01-02T03:04:05Z', resources: [] };
  w.aws.emit(HOME, REGION, { ...event, detail });
  await w.aws.buses.settled();
};

test('throttling, service failures and connection errors are retried', async (t) => {
  const w = await world(t, {});
  const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  w.errors.push(new AwsError('ThrottlingException', 'Rate exceeded'));
  w.errors.push(new AwsError('InternalFailure', 'Oops', 500), reset);
  freeze(t);
  await emit(w);
  assert.equal(w.attempts(), 1);
  mock.timers.tick(499);
  await w.aws.buses.settled();
  assert.equal(w.attempts(), 1, 'it waits before it retries');
  await pass(w, 60);
  assert.equal(w.attempts(), 4);
  assert.equal(w.started.length, 1);
});

const throttled = (times: number) =>
  Array.from({ length: times }, () => new AwsError('ThrottlingException', 'Rate exceeded'));

test('an event goes to the dead-letter queue after the last attempt', async (t) => {
  const RetryPolicy = { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 };
  const w = await world(t, { RetryPolicy, DeadLetterConfig: { Arn: queueArn('dead') } });
  await queue(w, 'dead');
  w.errors.push(...throttled(9));
  freeze(t);
  await emit(w);
  await pass(w, 60);
  assert.equal(w.attempts(), 3);
  const [letter, ...more] = await letters(w, 'dead');
  assert.deepEqual(more, []);
  assert.deepEqual(letter?.attributes, {
    RULE_ARN: RULE,
    TARGET_ARN: MACHINE,
    ERROR_CODE: 'THROTTLING',
    ERROR_MESSAGE: 'Rate exceeded',
    RETRY_ATTEMPTS: '2',
    EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
  });
});

test('an event goes to the dead-letter queue when it is too old', async (t) => {
  const RetryPolicy = { MaximumEventAgeInSeconds: 60 };
  const w = await world(t, { RetryPolicy, DeadLetterConfig: { Arn: queueArn('dead') } });
  await queue(w, 'dead');
  w.errors.push(...throttled(99));
  freeze(t);
  await emit(w);
  await pass(w, 120);
  const [letter] = await letters(w, 'dead');
  assert.equal(letter?.attributes['EXHAUSTED_RETRY_CONDITION'], 'MaximumEventAgeInSeconds');
  assert.ok(Number(letter.attributes['RETRY_ATTEMPTS']) >= 4);
});

test('a queue gets events only from rules that its policy allows', async (t) => {
  const w = await world(
    t,
    { Arn: queueArn('mine'), InputPath: '$.detail' },
    { Arn: queueArn('theirs') },
  );
  await queue(w, 'mine', RULE);
  await queue(w, 'theirs', RULE.replace('rule/r', 'rule/other'));
  await put(w, { a: 1 });
  assert.deepEqual(
    (await letters(w, 'mine')).map(({ body }) => body),
    ['{"a":1}'],
  );
  assert.deepEqual(await letters(w, 'theirs'), []);
});

test('an event is forwarded unchanged to a bus in another account and Region, but not from there', async (t) => {
  const there = `arn:aws:events:eu-west-1:${AWAY}:event-bus/default`;
  const third = 'arn:aws:events:eu-west-1:333333333333:event-bus/default';
  const dead = { DeadLetterConfig: { Arn: queueArn('dead') } };
  const w = await world(t, { Arn: there, RoleArn: ROLE, ...dead });
  await queue(w, 'dead');
  const { aws } = w;
  await put(w);
  const [refused] = await letters(w, 'dead');
  assert.equal(refused?.attributes['ERROR_CODE'], 'NO_PERMISSIONS');

  const forwarder = { arn: ROLE, name: 'start', trust: trusting('events.amazonaws.com') };
  aws.iam.putRole({ ...forwarder, policies: [allowing('events:PutEvents', there)] });
  const away = clientOf(w.local, AWAY, 'eu-west-1');
  const permission = { Action: 'events:PutEvents', Principal: HOME, StatementId: 'home' };
  await away.send(new PutPermissionCommand(permission));
  const Name = 'forwarded';
  await away.send(new PutRuleCommand({ Name, EventPattern: `{"account":["${HOME}"]}` }));
  const machine = MACHINE.replace(REGION, 'eu-west-1').replace(HOME, AWAY);
  const awayRole = ROLE.replace(HOME, AWAY);
  const policies = [allowing('*', '*')];
  aws.iam.putRole({ ...forwarder, arn: awayRole, policies });
  const deadThere = queueArn('dead', AWAY).replace(REGION, 'eu-west-1');
  const Targets = [
    { Id: 'machine', Arn: machine, RoleArn: awayRole },
    { Id: 'third', Arn: third, RoleArn: awayRole, DeadLetterConfig: { Arn: deadThere } },
  ];
  await away.send(new PutTargetsCommand({ Rule: Name, Targets }));
  const principal = { kind: 'root', account: AWAY, arn: `arn:aws:iam::${AWAY}:root` } as const;
  const sqs = (operation: string, input: Record<string, unknown>) =>
    aws.call({ service: 'sqs', operation, input, principal, region: 'eu-west-1' });
  const Statement = [
    { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: deadThere },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs('CreateQueue', { QueueName: 'dead', Attributes: { Policy } });

  const id = await put(w, { a: 1 });
  const event = JSON.parse(w.started[0]?.input ?? '{}');
  assert.deepEqual([event.id, event.account, event.region], [id, HOME, REGION]);
  const hop = { QueueUrl: `/${AWAY}/dead`, MessageAttributeNames: ['All'] };
  const { Messages } = (await sqs('ReceiveMessage', hop)) as {
    Messages: { MessageAttributes: Record<string, { StringValue: string }> }[];
  };
  const code = Messages[0]?.MessageAttributes['ERROR_CODE']?.StringValue;
  assert.equal(code, 'THIRD_ACCOUNT_HOP_DETECTED');
});

test('CloudTrail events reach the default bus of their account and Region', async (t) => {
  const local = await startAws({ trailDelay: [0, 0] });
  t.after(() => local.close());
  const { started } = fakeStates(local);
  local.aws.iam.putRole({
    arn: ROLE,
    name: 'start',
    trust: trusting('events.amazonaws.com'),
    policies: [allowing('states:StartExecution', MACHINE)],
  });
  const events = clientOf(local);
  const EventPattern = JSON.stringify({
    source: ['aws.events'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: { eventName: ['CreateEventBus'], errorCode: [{ exists: false }] },
  });
  await events.send(new PutRuleCommand({ Name: 'r', EventPattern }));
  const Targets = [
    { Id: 't', Arn: MACHINE, RoleArn: ROLE, InputPath: '$.detail.requestParameters' },
  ];
  await events.send(new PutTargetsCommand({ Rule: 'r', Targets }));
  await events.send(new CreateEventBusCommand({ Name: 'own' }));
  await assert.rejects(events.send(new CreateEventBusCommand({ Name: 'own' })), {
    name: 'ResourceAlreadyExistsException',
  });
  await clientOf(local, HOME, 'eu-west-1').send(new CreateEventBusCommand({ Name: 'there' }));
  await until(() => started.length > 0);
  await local.aws.buses.settled();
  assert.deepEqual(
    started.map(({ input }) => JSON.parse(input)),
    [{ name: 'own' }],
  );
});
