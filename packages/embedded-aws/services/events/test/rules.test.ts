import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import {
  CreateEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  type PutRuleCommandInput,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';

import {
  AWAY,
  allowing,
  freeze,
  HOME,
  MACHINE,
  put,
  queueArn,
  REGION,
  ROLE,
  RULE,
  trusting,
  world,
} from './bus-world.ts';

test('a rule can be listed, described, disabled, enabled, and deleted without targets', async (t) => {
  const w = await world(t, {});
  const { events } = w;
  const EventPattern = '{"source":["app"]}';
  await events.send(new PutRuleCommand({ Name: 'r2', EventPattern, Description: 'Second' }));
  const first = await events.send(new ListRulesCommand({ NamePrefix: 'r', Limit: 1 }));
  assert.deepEqual(first.Rules, [
    { Name: 'r', Arn: RULE, EventPattern, State: 'ENABLED', EventBusName: 'default' },
  ]);
  const second = await events.send(new ListRulesCommand({ NextToken: first.NextToken }));
  assert.deepEqual(
    second.Rules?.map(({ Name }) => Name),
    ['r2'],
  );
  await events.send(new DisableRuleCommand({ Name: 'r' }));
  await put(w);
  assert.equal(w.started.length, 0);
  assert.equal((await events.send(new DescribeRuleCommand({ Name: 'r' }))).State, 'DISABLED');
  await events.send(new EnableRuleCommand({ Name: 'r' }));
  await put(w);
  assert.equal(w.started.length, 1);
  await assert.rejects(events.send(new DeleteRuleCommand({ Name: 'r' })), {
    name: 'ValidationException',
    message: "Rule can't be deleted since it has targets.",
  });
  const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: 'r' }));
  assert.deepEqual(Targets, [{ Id: 't0', Arn: MACHINE, RoleArn: ROLE }]);
  await events.send(new RemoveTargetsCommand({ Rule: 'r', Ids: ['t0'] }));
  await events.send(new DeleteRuleCommand({ Name: 'r' }));
  await assert.rejects(events.send(new DescribeRuleCommand({ Name: 'r' })), {
    name: 'ResourceNotFoundException',
    message: 'Rule r does not exist on EventBus default.',
  });
});

test('putting an existing rule replaces it and keeps its targets', async (t) => {
  const w = await world(t, {});
  await w.events.send(new PutRuleCommand({ Name: 'r', EventPattern: '{"source":["new"]}' }));
  await put(w);
  await put(w, {}, { Source: 'new' });
  assert.equal(w.started.length, 1);
});

test('rules match only events on their own bus', async (t) => {
  const w = await world(t, {});
  const { EventBusArn } = await w.events.send(new CreateEventBusCommand({ Name: 'own' }));
  const rule = { Name: 'r', EventBusName: 'own' };
  const { RuleArn } = await w.events.send(
    new PutRuleCommand({ ...rule, EventPattern: '{"source":["app"]}' }),
  );
  assert.equal(RuleArn, `arn:aws:events:${REGION}:${HOME}:rule/own/r`);
  const Targets = [{ Id: 't', Arn: MACHINE, RoleArn: ROLE, Input: '"own"' }];
  await w.events.send(new PutTargetsCommand({ Rule: 'r', EventBusName: 'own', Targets }));
  await put(w, {}, { EventBusName: EventBusArn });
  assert.deepEqual(
    w.started.map(({ input }) => input),
    ['"own"'],
  );
});

test('a rule that EventBridge refuses is refused with its message', async (t) => {
  const { events } = await world(t);
  const EventPattern = '{"source":["a"]}';
  const long = `{"source":["${'x'.repeat(2100)}"]}`;
  const refused: [PutRuleCommandInput, string, RegExp][] = [
    [{ Name: 'a b', EventPattern }, 'ValidationException', /'name' failed to satisfy constraint/],
    [
      { Name: 'a' },
      'ValidationException',
      /EventPattern or ScheduleExpression must be specified\./,
    ],
    [{ Name: 'a', EventPattern: '{}' }, 'ValidationException', /must be specified\./],
    [
      { Name: 'a', EventPattern: long },
      'ValidationException',
      /for rule a exceeds limit of 2048\./,
    ],
    [
      { Name: 'a', EventPattern: '{"source":[{"odd":1}]}' },
      'InvalidEventPatternException',
      /^Event pattern is not valid\. Reason: Unrecognized match type odd$/,
    ],
    [
      { Name: 'a', ScheduleExpression: 'rate(1 minutes)' },
      'ValidationException',
      /ScheduleExpression/,
    ],
    [
      { Name: 'a', ScheduleExpression: 'rate(2 minute)' },
      'ValidationException',
      /ScheduleExpression/,
    ],
    [{ Name: 'a', ScheduleExpression: 'cron(* *)' }, 'ValidationException', /ScheduleExpression/],
    [
      { Name: 'a', EventPattern, EventBusName: 'nowhere' },
      'ResourceNotFoundException',
      /^Event bus nowhere does not exist\.$/,
    ],
  ];
  for (const [input, name, message] of refused) {
    await assert.rejects(events.send(new PutRuleCommand(input)), { name, message });
  }
});

test('an invalid target is refused together with the other targets of the call', async (t) => {
  const w = await world(t);
  const machine = { Id: 't', Arn: MACHINE, RoleArn: ROLE };
  const target = { Id: 't', Arn: queueArn('q') };
  const InputTransformer = { InputTemplate: '"<odd>"' };
  const stream = `arn:aws:firehose:${REGION}:${HOME}:deliverystream/it`;
  const topic = `arn:aws:sns:${REGION}:${HOME}:topic`;
  const refused: [Target, RegExp][] = [
    [{ Id: 'a!', Arn: queueArn('q') }, /'targets\.2\.member\.id' failed to satisfy constraint/],
    [{ Id: 't', Arn: MACHINE }, new RegExp(`^RoleArn is required for target ${MACHINE}\\.$`)],
    [{ ...target, InputTransformer }, /for target t contains invalid placeholder odd\.$/],
    [
      { ...target, Input: '1', InputPath: '$' },
      /^Only one of Input, InputPath, or InputTransformer/,
    ],
    [{ ...target, RetryPolicy: { MaximumRetryAttempts: 186 } }, /less than or equal to 185/],
    [{ ...target, RetryPolicy: { MaximumEventAgeInSeconds: 59 } }, /greater than or equal to 60/],
    [
      { ...target, DeadLetterConfig: { Arn: topic } },
      /^sns is not supported as a dead letter resource/,
    ],
    [{ ...target, DeadLetterConfig: { Arn: queueArn('q.fifo') } }, /^SQS FIFO is not supported/],
    [{ ...target, Arn: stream }, /does not support the EventBridge target/],
    [{ ...target, Arn: `${topic}.fifo` }, /does not support the EventBridge target/],
    [{ ...target, SqsParameters: { MessageGroupId: 'g' } }, /does not support SqsParameters/],
  ];
  for (const [odd, message] of refused) {
    const Targets = [{ ...machine, Id: 'good' }, odd];
    await assert.rejects(w.events.send(new PutTargetsCommand({ Rule: 'r', Targets })), { message });
  }
  const six = Array.from({ length: 6 }, (_, i) => ({ ...machine, Id: `t${i}` }));
  await assert.rejects(w.events.send(new PutTargetsCommand({ Rule: 'r', Targets: six })), {
    name: 'LimitExceededException',
  });
  const { Targets } = await w.events.send(new ListTargetsByRuleCommand({ Rule: 'r' }));
  assert.deepEqual(Targets, []);
});

test('giving a role to a rule or a target requires iam:PassRole', async (t) => {
  const w = await world(t);
  const arn = `arn:aws:iam::${HOME}:role/dev`;
  const policies = [allowing('events:*', '*')];
  const dev = w.aws.iam.putRole({ arn, name: 'dev', trust: trusting('x'), policies });
  const principal = w.aws.iam.openSession(dev, { name: 's', seconds: 900 });
  const ask = (operation: string, input: Record<string, unknown>) =>
    w.aws.call({ service: 'events', operation, input, principal, region: REGION });
  const Targets = [{ Id: 't', Arn: MACHINE, RoleArn: ROLE }];
  const rule = { Name: 'r', EventPattern: '{"source":["app"]}' };
  const denied = { code: 'AccessDeniedException', message: /iam:PassRole/ };
  await ask('PutRule', rule);
  await assert.rejects(ask('PutRule', { ...rule, RoleArn: ROLE }), denied);
  await assert.rejects(ask('PutTargets', { Rule: 'r', Targets }), denied);
  policies.push(allowing('iam:PassRole', ROLE));
  await ask('PutRule', { ...rule, RoleArn: ROLE });
  await ask('PutTargets', { Rule: 'r', Targets });
});

test('TestEventPattern requires the fields that every event has', async (t) => {
  const { events } = await world(t);
  const event = {
    id: '1',
    account: HOME,
    source: 'app',
    time: '2026-01-02T03:04:05Z',
    region: REGION,
    'detail-type': 'T',
  };
  const ask = (EventPattern: string, Event: string) =>
    events.send(new TestEventPatternCommand({ EventPattern, Event }));
  assert.equal((await ask('{"source":["app"]}', JSON.stringify(event))).Result, true);
  assert.equal((await ask('{"source":["b"]}', JSON.stringify(event))).Result, false);
  const { region: _, ...incomplete } = event;
  for (const odd of [JSON.stringify(incomplete), '[]', 'text']) {
    await assert.rejects(ask('{"source":["app"]}', odd), {
      name: 'ValidationException',
      message: 'Parameter Event is not valid.',
    });
  }
});

test('a rule with a rate runs periodically while it is enabled', async (t) => {
  const w = await world(t);
  freeze(t);
  const ScheduleExpression = 'rate(30 days)';
  await w.events.send(new PutRuleCommand({ Name: 's', ScheduleExpression }));
  const Targets = [{ Id: 't', Arn: MACHINE, RoleArn: ROLE }];
  await w.events.send(new PutTargetsCommand({ Rule: 's', Targets }));
  const days = async (count: number) => {
    for (let day = 0; day < count; day++) mock.timers.tick(86_400_000);
    await w.aws.buses.settled();
  };
  await days(29);
  assert.equal(w.started.length, 0);
  await days(1);
  assert.equal(w.started.length, 1);
  await days(60);
  assert.equal(w.started.length, 3);
  const {
    'detail-type': type,
    source,
    resources,
    detail,
  } = JSON.parse(w.started[0]?.input ?? '{}');
  const arn = RULE.replace('rule/r', 'rule/s');
  assert.deepEqual([type, source, resources, detail], ['Scheduled Event', 'aws.events', [arn], {}]);
  await w.events.send(new DisableRuleCommand({ Name: 's' }));
  await days(90);
  assert.equal(w.started.length, 3);
});

test('a cron rule is stored, says in its description that it never runs, and can be fired', async (t) => {
  const w = await world(t);
  const ScheduleExpression = 'cron(0 20 * * ? *)';
  const rule = { Name: 's', ScheduleExpression, Description: 'Nightly' };
  const { RuleArn = '' } = await w.events.send(new PutRuleCommand(rule));
  const described = await w.events.send(new DescribeRuleCommand({ Name: 's' }));
  assert.equal(described.ScheduleExpression, ScheduleExpression);
  assert.match(described.Description ?? '', /^Nightly \[.*never runs them\.\]$/);
  const Targets = [{ Id: 't', Arn: MACHINE, RoleArn: ROLE }];
  await w.events.send(new PutTargetsCommand({ Rule: 's', Targets }));
  w.aws.buses.fire(RuleArn);
  await w.aws.buses.settled();
  assert.equal(w.started.length, 1);
  assert.throws(() => w.aws.buses.fire(RULE), { code: 'ResourceNotFoundException' });
});

test('CloudFormation creates rules with targets, and bus policies', async (t) => {
  const w = await world(t);
  const types = w.aws.services.get('events')?.resources ?? {};
  const at = { account: HOME, region: REGION, partition: 'aws', logicalId: 'Rule', stack: 's' };
  const create = (type: string, properties: Record<string, unknown>) =>
    types[type]?.create(properties, at);
  const target = { Id: 't', Arn: MACHINE, RoleArn: ROLE, Input: '"made"' };
  const EventPattern = { source: ['made'] };
  const made = await create('AWS::Events::Rule', { Name: 'made', EventPattern, Targets: [target] });
  assert.deepEqual(made, { ref: 'made', attributes: { Arn: RULE.replace('rule/r', 'rule/made') } });
  const Targets = [{ ...target, Id: 'u', Input: '"again"' }];
  await create('AWS::Events::Rule', { Name: 'made', EventPattern, Targets });
  await put(w, {}, { Source: 'made' });
  assert.deepEqual(
    w.started.map(({ input }) => input),
    ['"again"'],
  );
  const unnamed = await create('AWS::Events::Rule', { EventPattern });
  assert.match(unnamed?.ref ?? '', /^s-Rule-[0-9a-f]{12}$/);
  await assert.rejects(
    async () =>
      create('AWS::Events::Rule', {
        Name: 'x',
        EventPattern,
        Targets: [{ Id: 't', Arn: MACHINE }],
      }),
    { message: /RoleArn is required/ },
  );
  const Statement = {
    Effect: 'Allow',
    Principal: { AWS: AWAY },
    Action: 'events:PutEvents',
    Resource: `arn:aws:events:${REGION}:${HOME}:event-bus/default`,
  };
  await create('AWS::Events::EventBusPolicy', { StatementId: 'one', Statement });
  const more = { StatementId: 'two', Action: 'events:PutEvents', Principal: '333333333333' };
  await create('AWS::Events::EventBusPolicy', more);
  await create('AWS::Events::EventBusPolicy', { StatementId: 'one', Statement });
  const { Policy = '' } = await w.events.send(new DescribeEventBusCommand({}));
  const sids = JSON.parse(Policy).Statement.map(({ Sid }: { Sid: string }) => Sid);
  assert.deepEqual(sids.sort(), ['one', 'two']);
});
