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
  PutEventsCommand,
  PutPermissionCommand,
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
  clientOf,
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

test('PutEvents answers for every entry by itself.', async (t) => {
  const w = await world(t, {});
  const entry = { Source: 'app', DetailType: 'T', Detail: '{}' };
  const { FailedEntryCount, Entries = [] } = await w.events.send(
    new PutEventsCommand({
      Entries: [
        entry,
        { ...entry, Detail: '[]' },
        { ...entry, Detail: '{"a":' },
        { ...entry, Detail: `${'{"a":'.repeat(1500)}1${'}'.repeat(1500)}` },
        { ...entry, Source: 'aws.ec2' },
        { DetailType: 'T', Detail: '{}' },
        { Source: 'app', Detail: '{}' },
        { Source: 'app', DetailType: 'T' },
        { ...entry, EventBusName: 'nowhere' },
      ],
    }),
  );
  await w.aws.buses.settled();
  const malformed = { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const missing = (name: string) => ({
    ErrorCode: 'InvalidArgument',
    ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
  });
  assert.equal(FailedEntryCount, 7);
  assert.deepEqual(Entries.slice(1, 8), [
    ...[malformed, malformed, malformed],
    {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    },
    ...['Source', 'DetailType', 'Detail'].map(missing),
  ]);
  assert.ok(Entries[0]?.EventId && Entries[8]?.EventId);
  assert.equal(w.started.length, 1);
});

test('PutEvents takes ten entries and 262,144 bytes, and no more.', async (t) => {
  const { events } = await world(t);
  const entry = { Source: 'app', DetailType: 'T', Detail: '{}' };
  const send = (Entries: object[]) => events.send(new PutEventsCommand({ Entries }));
  const refusal = (message: RegExp) => ({ name: 'ValidationException', message });
  await assert.rejects(send(Array(11).fill(entry)), refusal(/length less than or equal to 10/));
  await assert.rejects(send([]), refusal(/length greater than or equal to 1/));
  const filling = (bytes: number) => ({ ...entry, Detail: `{"a":"${'x'.repeat(bytes - 12)}"}` });
  await send([filling(262_144)]);
  await assert.rejects(
    send([filling(262_145)]),
    refusal(/^Total size of the entries in the request is over the limit\.$/),
  );
});

test('Another account may put events on a bus as its policy says, by source and detail type.', async (t) => {
  const w = await world(t, {});
  const arn = `arn:aws:events:${REGION}:${HOME}:event-bus/default`;
  const other = clientOf(w.local, AWAY);
  const send = (DetailType: string) => {
    const entry = { Source: 'app', DetailType, Detail: '{}', EventBusName: arn };
    return other.send(new PutEventsCommand({ Entries: [entry] }));
  };
  await assert.rejects(send('Good'), { name: 'AccessDeniedException' });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: AWAY },
        Action: 'events:PutEvents',
        Resource: arn,
        Condition: { StringEquals: { 'events:source': 'app', 'events:detail-type': 'Good' } },
      },
    ],
  });
  await w.events.send(new PutPermissionCommand({ Policy }));
  await send('Good');
  await w.aws.buses.settled();
  await assert.rejects(send('Bad'), { name: 'AccessDeniedException' });
  assert.equal(JSON.parse(w.started[0]?.input ?? '{}').account, AWAY);
  const bus = await w.events.send(new DescribeEventBusCommand({}));
  assert.deepEqual(
    [bus.Name, bus.Arn, JSON.parse(bus.Policy ?? '')],
    ['default', arn, JSON.parse(Policy)],
  );
  const permission = { Action: 'events:PutEvents', Principal: AWAY, StatementId: 'all' };
  await w.events.send(new PutPermissionCommand(permission));
  await send('Bad');
  await assert.rejects(w.events.send(new PutPermissionCommand({ Policy: '{' })), {
    name: 'ValidationException',
  });
});

test('A rule is listed, described, switched off and on, and deleted once it has no targets.', async (t) => {
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

test('Putting a rule again replaces it but keeps its targets.', async (t) => {
  const w = await world(t, {});
  await w.events.send(new PutRuleCommand({ Name: 'r', EventPattern: '{"source":["new"]}' }));
  await put(w);
  await put(w, {}, { Source: 'new' });
  assert.equal(w.started.length, 1);
});

test('Rules of a bus hear only what is put on that bus.', async (t) => {
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

test('A rule that EventBridge does not take is refused in its words.', async (t) => {
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

test('A target that EventBridge does not take is refused, and with it the others.', async (t) => {
  const w = await world(t);
  const machine = { Id: 't', Arn: MACHINE, RoleArn: ROLE };
  const target = { Id: 't', Arn: queueArn('q') };
  const InputTransformer = { InputTemplate: '"<odd>"' };
  const lambda = `arn:aws:lambda:${REGION}:${HOME}:function:f`;
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
    [{ ...target, Arn: lambda }, /does not support the EventBridge target/],
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

test('Who gives a rule or a target a role must be allowed to pass it.', async (t) => {
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

test('A pattern is tested against an event that has what every event has.', async (t) => {
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

test('A rate runs its rule again and again while it is on.', async (t) => {
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

test('A cron rule is kept and says that it does not run by itself, but can be fired.', async (t) => {
  const w = await world(t);
  const ScheduleExpression = 'cron(0 20 * * ? *)';
  const rule = { Name: 's', ScheduleExpression, Description: 'Nightly' };
  const { RuleArn = '' } = await w.events.send(new PutRuleCommand(rule));
  const described = await w.events.send(new DescribeRuleCommand({ Name: 's' }));
  assert.equal(described.ScheduleExpression, ScheduleExpression);
  assert.match(described.Description ?? '', /^Nightly \[.*never runs them by itself\.\]$/);
  const Targets = [{ Id: 't', Arn: MACHINE, RoleArn: ROLE }];
  await w.events.send(new PutTargetsCommand({ Rule: 's', Targets }));
  w.aws.buses.fire(RuleArn);
  await w.aws.buses.settled();
  assert.equal(w.started.length, 1);
  assert.throws(() => w.aws.buses.fire(RULE), { code: 'ResourceNotFoundException' });
});

test('CloudFormation makes rules with targets, and policies of buses.', async (t) => {
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
