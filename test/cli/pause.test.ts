import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import {
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { AwsError } from 'embedded-aws/kernel/errors.ts';
import { until } from '../until.ts';
import { HOME, pools, startWorld, type World } from '../world.ts';
import { poolbridge, someone } from './command.ts';

const MOBILE = 'us-east-1_Mobile001';
const RULE = 'poolbridge-dev-';

describe('poolbridge pause and poolbridge resume', () => {
  let world: World;
  let pauser: ReturnType<typeof someone>;
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(MOBILE);
    await world.createIdentityPool(pools.mobile);
    // The permissions that docs/runbook.md lists.
    const inRegion = (service: string, rest: string) =>
      `arn:aws:${service}:${HOME.region}:${HOME.account}:${rest}`;
    pauser = someone(world, 'pauser', [
      {
        Effect: 'Allow',
        Action: [
          'dynamodb:DeleteItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:UpdateItem',
        ],
        Resource: inRegion('dynamodb', 'table/poolbridge-dev'),
        Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'pause' } },
      },
      {
        Effect: 'Allow',
        Action: ['events:DisableRule', 'events:EnableRule', 'events:ListTargetsByRule'],
        Resource: inRegion('events', 'rule/poolbridge-dev-*'),
      },
      { Effect: 'Allow', Action: 'events:ListRules', Resource: '*' },
    ]);
  });
  after(() => world.close());

  const pause = (...args: string[]) => poolbridge(world, ['pause', ...args], pauser.session);
  const resume = (...args: string[]) => poolbridge(world, ['resume', ...args], pauser.session);
  const events = () => world.client(EventBridgeClient, HOME);
  const stateOf = async (Name: string) =>
    (await events().send(new DescribeRuleCommand({ Name: `${RULE}${Name}` }))).State;
  const ask = (operation: string, input: object) =>
    world.local.aws.tables.ask(HOME, operation, { TableName: 'poolbridge-dev', ...input });
  const leaseKey = { pk: { S: pools.mobile }, sk: { S: 'lease' } };

  test('stop every write and every rule that starts one, and resume them', async () => {
    const linked = await world.createAppClient(MOBILE);
    (await world.run({ userPoolId: MOBILE, clientId: linked })).result();
    const clientId = await world.createAppClient(MOBILE);
    const request = { userPoolId: MOBILE, clientId };
    const pool = await world.describe(pools.mobile);
    // Another stage whose name has the same prefix.
    const Name = `${RULE}2-app-client-created`;
    const Arn = `${world.machineArn.replace('-dev-', '-dev-2-')}`;
    const RoleArn = [...world.local.aws.iam.roles.keys()].find((arn) => arn.includes('StartLink'))!;
    const EventPattern = '{"source":["x"]}';
    await events().send(new PutRuleCommand({ Name, EventPattern }));
    await events().send(
      new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'x', Arn, RoleArn }] }),
    );

    const paused = await pause('--reason', 'moving');
    assert.equal(paused.code, 0, paused.err);
    assert.match(paused.out, /disabled poolbridge-dev-app-client-created\n/);
    assert.match(paused.out, /poolbridge resume$/m);
    for (const name of ['app-client-created', 'link-requested']) {
      assert.equal(await stateOf(name), 'DISABLED');
    }
    for (const name of ['link-failed', '2-app-client-created']) {
      assert.equal(await stateOf(name), 'ENABLED');
    }

    const failed = await world.run(request);
    assert.equal(failed.error, 'PausedError');
    const { message } = failed.failure();
    assert.match(
      message,
      /^All writes have been paused since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ by arn:aws:sts::111111111111:assumed-role\/pauser\/session \(moving\), so nothing was written\..*: npx poolbridge resume --stage dev --region us-east-1$/,
    );
    const tries = (await world.history(failed.executionArn)).filter(
      ({ lambdaFunctionFailedEventDetails: details }) => details !== undefined,
    );
    assert.equal(tries.length, 1, 'PausedError is not retried');
    assert.deepEqual(await world.describe(pools.mobile), pool);
    const { Item } = (await ask('GetItem', { Key: leaseKey })) as { Item: object };
    assert.ok(!('nonce' in Item) && !('writing' in Item), 'the lease is given back');
    // Executions that write nothing still work.
    const [planned] = (await world.run({ ...request, dryRun: true })).result().results;
    assert.equal(planned!.outcome, 'PLANNED');
    const already = (await world.run({ ...request, clientId: linked })).result().results;
    assert.equal(already[0]!.outcome, 'ALREADY_LINKED');

    const first =
      /^PAUSED All writes have been paused since \S+ \S+Z by \S+ \(moving\)\. To resume: poolbridge resume\n/;
    for (const args of [
      ['status', '--link', 'mobile'],
      ['plan', '--link', 'mobile'],
      ['reconcile', '--link', 'mobile'],
      ['reconcile', '--link', 'mobile', '--repair', '--yes'],
      ['history'],
    ]) {
      const { out, err } = await poolbridge(world, args);
      assert.match(stripVTControlCharacters(out), first, err);
      const { paused: inJson } = JSON.parse((await poolbridge(world, [...args, '--json'])).out);
      assert.equal(inJson.reason, 'moving');
    }

    // The first pause stays: it names the person to ask.
    assert.match(
      (await pause('--reason', 'again')).out,
      /paused already, so the reason that you gave is not kept\.\n.*\(moving\)/,
    );
    const replay = ['replay', '--user-pool', request.userPoolId, '--client', request.clientId];
    const unsent = await poolbridge(world, replay);
    assert.equal(unsent.code, 1);
    assert.match(
      unsent.err,
      /^PausedError: .*\. No event would start an execution, so none was sent\. /,
    );
    const Detail = JSON.stringify(request);
    const Entries = [{ Source: 'poolbridge', DetailType: 'LinkRequested', Detail }];
    const before = (await world.executions()).length;
    await events().send(new PutEventsCommand({ Entries }));
    await world.local.aws.buses.settled();
    assert.equal((await world.executions()).length, before, 'no event starts anything');

    const resumed = await resume();
    assert.equal(resumed.code, 0, resumed.err);
    assert.match(resumed.out, /enabled poolbridge-dev-link-requested\n/);
    assert.match(resumed.out, /\(moving\).*poolbridge reconcile --repair$/m);
    assert.equal(await stateOf('app-client-created'), 'ENABLED');
    assert.equal((await world.run(request)).result().results[0]!.outcome, 'LINKED');
    const once = await resume();
    assert.deepEqual([once.code, once.out.trim()], [0, 'Writes of the stage dev are not paused.']);
  });

  test('end an execution that was waiting to write, even if the pause was set by hand', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const pool = await world.describe(pools.mobile);
    const expiresAt = { N: String(Date.now() + 80_000) };
    await ask('PutItem', { Item: { ...leaseKey, nonce: { S: 'other' }, expiresAt } });
    const running = world.run({ userPoolId: MOBILE, clientId });
    const waits = async () => {
      const { Items } = (await ask('Query', {
        KeyConditionExpression: 'pk = :pool AND begins_with(sk, :pending)',
        ExpressionAttributeValues: { ':pool': leaseKey.pk, ':pending': { S: 'pending#' } },
      })) as { Items: object[] };
      return Items.length > 0;
    };
    await until(waits);
    await ask('PutItem', { Item: { pk: { S: 'pause' }, sk: { S: 'pause' } } });
    await ask('DeleteItem', { Key: leaseKey });
    const ended = await running;
    assert.equal(ended.error, 'PausedError');
    assert.match(ended.failure().message, /paused by hand, without saying why/);
    assert.deepEqual(await world.describe(pools.mobile), pool);
    assert.equal(await waits(), false, 'no other execution writes it either');
    await resume();
  });

  test('keep an event from being sent while it is not known whether writes are paused', async () => {
    const { aws } = world.local;
    const call = aws.call.bind(aws);
    aws.call = async (asked) => {
      if (asked.operation === 'GetItem') throw new AwsError('ValidationException', 'not now');
      return call(asked);
    };
    try {
      const replay = ['replay', '--user-pool', MOBILE, '--client', 'someclient1', '--reason', 'x'];
      const { code, out, err } = await poolbridge(world, replay);
      assert.deepEqual([code, out], [1, ''], err);
      assert.match(err, /not now/);
    } finally {
      aws.call = call;
    }
  });

  test('leave a rule disabled that was disabled before the pause', async () => {
    await events().send(new DisableRuleCommand({ Name: `${RULE}link-requested` }));
    assert.equal((await pause('--reason', 'x')).code, 0);
    assert.equal(await stateOf('app-client-created'), 'DISABLED');
    assert.equal((await resume()).code, 0);
    assert.equal(await stateOf('link-requested'), 'DISABLED');
    assert.equal(await stateOf('app-client-created'), 'ENABLED');
    await events().send(new EnableRuleCommand({ Name: `${RULE}link-requested` }));
  });

  test('exit with 2 for a wrong command line, and with 1 for a stage that does not exist', async () => {
    const unsaid = await pause();
    assert.equal(unsaid.code, 2);
    assert.match(unsaid.err, /required option '--reason <text>'/);
    assert.equal((await resume('--stagg', 'x')).code, 2);
    const nowhere = await poolbridge(world, ['resume', '--stage', 'nope']);
    assert.equal(nowhere.code, 1);
    assert.match(
      nowhere.err,
      /Check that Poolbridge is deployed to this account, Region and stage: poolbridge check/,
    );
  });
});
