import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { ACCOUNT_A, HOME, pools, startWorld, type World } from '../world.ts';
import { poolbridge, someone } from './command.ts';
import { clientsIn, operatorOf, subject } from './operator.ts';

const MOBILE = 'us-east-1_Mobile001';
const HALF = 'us-east-1_Half00001';
const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:';

describe('an operator', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [MOBILE, HALF]) await world.createUserPool(id);
    await world.createIdentityPool(pools.mobile);
  });
  after(() => world.close());

  const { say, json, linked, entriesOf } = operatorOf(() => world);

  test('links with the permissions of two calls; the answer is on stdout, everything else on stderr', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const starter = someone(world, 'starter', [
      {
        Effect: 'Allow',
        Action: ['states:StartExecution', 'states:DescribeExecution'],
        Resource: [world.machineArn, `${EXECUTION}*`],
      },
    ]);
    const args = ['link', ...subject(clientId), '--reason', 'drill'];
    const { code, out, err } = await poolbridge(world, args, starter.session);
    assert.equal(code, 0, err);
    assert.ok(out.startsWith(`LINKED ${pools.mobile} (mobile)\n  + ${clientId}  ${MOBILE}\n`));
    assert.match(out, / {2}as arn:aws:sts::222222222222:assumed-role\/poolbridge-link\//);
    assert.ok(err.startsWith(EXECUTION) && err.trimEnd().split('\n').length === 1, err);
    const { requestedBy } = (await world.executionFor(clientId)).result();
    const claimedArn = `arn:aws:sts::${ACCOUNT_A}:assumed-role/starter/session`;
    assert.deepEqual(requestedBy, { via: 'person', claimedArn, reason: 'drill' });
    const denied = await poolbridge(world, ['status'], starter.session);
    assert.match(
      denied.err,
      /AccessDeniedException: .* You need states:StartExecution on arn:aws:states:us-east-1:\d+:stateMachine:poolbridge-dev-reconcile\. docs\/permissions\.md lists what each command needs\.\n$/,
    );
    const again = await say('link', ...subject(clientId), '--no-wait');
    assert.equal(again.out.trim(), (await world.ended(again.out.trim())).executionArn);
    assert.equal(again.err, `To see it: poolbridge show ${again.out.trim().split(':').at(-1)}\n`);
  });

  test('plans, links, unlinks and undoes, and with --json every answer is one document', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const before = await world.describe(pools.mobile);
    const plan = await json('plan', ...subject(clientId));
    assert.deepEqual(
      plan.answer.results.map((each: { outcome: string }) => each.outcome),
      ['PLANNED'],
    );
    assert.deepEqual(await world.describe(pools.mobile), before);
    const execution = await linked(clientId);
    assert.ok((await entriesOf(pools.mobile)).includes(clientId));

    const here = ['--identity-pool', pools.mobile, '--yes'];
    const unlink = await json('unlink', ...subject(clientId), ...here);
    const { execution: unlinking, operation, results } = unlink.answer;
    assert.deepEqual([operation, results[0].outcome], ['unlink', 'UNLINKED']);
    assert.deepEqual(await world.describe(pools.mobile), before);

    const undone = await say('undo', unlinking, '--reason', 'by mistake', '--yes');
    assert.match(undone.out, /^LINKED \S+ \(mobile\)\n {2}\+ app {2}\w+ {2}us-east-1_Mobile001\n/);
    const refused = await json('undo', execution.split(':').at(-1)!, '--yes');
    assert.equal(refused.code, 1);
    assert.equal(refused.answer.error, 'UndoConflictError');
    assert.equal(refused.answer.results[0].outcome, 'FAILED');
    // Also of an undo that failed, history says what it was to undo.
    const listed = await say('history', '--limit', '1');
    assert.ok(listed.out.includes(`  undo ${execution.split(':').at(-1)}  `), listed.out);
    assert.equal((await json('history', '--limit', '1')).answer.executions[0].undoes, execution);
  });

  test('unlinks a whole user pool only with --all-clients, and only once a person has agreed', async () => {
    const clientIds = [await world.createAppClient(MOBILE), await world.createAppClient(MOBILE)];
    for (const clientId of clientIds) await linked(clientId);
    const before = await world.describe(pools.mobile);
    const all = ['unlink', '--user-pool', MOBILE, '--all-clients'];
    const executions = async () => (await world.executions()).length;
    const known = await executions();
    const alone = await say(...all);
    assert.equal(alone.code, 2);
    assert.match(alone.err, /^This can take entries away, .* Add --yes to agree\.\n/);
    assert.equal(await executions(), known, 'nothing was started');
    const refused = await poolbridge(world, all, undefined, {}, true, 'no');
    assert.equal(refused.code, 1);
    const count = (await entriesOf(pools.mobile)).length - 2;
    assert.match(refused.err, new RegExp(`${count} entries would be taken away:\n`));
    for (const id of clientIds) {
      assert.match(refused.err, new RegExp(`\n {2}- +app +${id} +${MOBILE} +${pools.mobile}\n`));
    }
    assert.match(refused.err, /\nTheir users get no more AWS credentials there\. /);
    assert.match(refused.err, new RegExp(`Take away ${count} entries\\? \\[y/N\\] `));
    assert.match(refused.err, /NotConfirmedError\S*: Nothing was changed/);
    assert.deepEqual(await world.describe(pools.mobile), before);
    const unsaid = await say('unlink', '--user-pool', MOBILE);
    assert.equal(unsaid.code, 2);
    assert.match(unsaid.err, /^--client is missing, or --all-clients\n/);
    const { code, out, err } = await poolbridge(world, all, undefined, {}, true, 'y');
    assert.equal(code, 0, err);
    for (const clientId of clientIds) assert.match(out, new RegExp(`^  - app  ${clientId}  `, 'm'));
    const [, undo = ''] =
      /To undo, while its app clients exist: poolbridge (undo \S+)\n$/.exec(
        stripVTControlCharacters(err),
      ) ?? [];
    const undone = await poolbridge(world, undo.split(' '), undefined, {}, true, 'not asked');
    assert.equal(undone.code, 0, undone.err);
    assert.deepEqual(new Set(await entriesOf(pools.mobile)), new Set(clientsIn(before)));
    assert.equal((await say('link', '--user-pool', MOBILE, '--all-clients')).code, 2);
  });

  test('is not told how to undo an unlink of an app client that no longer exists', async () => {
    const clientId = await world.createAppClient(MOBILE);
    await linked(clientId);
    await world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new DeleteUserPoolClientCommand({ UserPoolId: MOBILE, ClientId: clientId }));
    const unlinked = await say('unlink', ...subject(clientId), '--yes');
    assert.match(unlinked.out, /^UNLINKED /);
    assert.ok(!unlinked.err.includes('To undo'), unlinked.err);
    const name = unlinked.err.split('\n')[0]!.split(':').at(-1)!;
    const undone = await say('undo', name, '--yes');
    assert.match(undone.err, /It can't be linked again, so .*There is nothing else to undo\.\n$/);
  });

  test('sees why a command failed, what it still did, and the kind of failure in the exit code', async () => {
    const absent = await say('link', ...subject('absent'));
    assert.equal(absent.code, 1);
    assert.match(
      absent.err.split('\n')[1]!,
      /^UserPoolClientNotFoundError: The user pool us-east-1_Mobile001 has no app client absent\./,
    );
    const uncovered = await json('link', ...subject('absent', 'us-east-1_Other0001'));
    assert.equal(uncovered.code, 3);
    assert.equal(uncovered.answer.error, 'NotCoveredError');
    assert.match(uncovered.answer.message, /^No link in links\.yml covers/);
    const inHalf = await world.createAppClient(HALF);
    const half = await say('link', ...subject(inHalf, HALF));
    assert.equal(half.code, 1);
    assert.match(half.out, new RegExp(`^LINKED ${pools.mobile} \\(half-open\\)\n`));
    assert.match(half.out, new RegExp(`FAILED ${pools.closed} \\(half-closed\\)\n`));
    const denied = /Deploy resources\/account-b\.yml there/g;
    assert.equal(half.out.match(denied)?.length, 1, half.out);
    assert.match(half.err, /\nTargetAccessDeniedError: 1 of 2 identity pools failed\.\n$/);
    // The entry may be there although the role is refused.
    const unseen = await say('why', ...subject(inHalf, HALF));
    assert.match(unseen.out, new RegExp(`^not known ${pools.closed} `, 'm'));
    assert.match(
      unseen.err,
      /\nCredentialsNotKnownError: It is not known whether users of the app client \w+ get credentials from 1 of 2 identity pools\.\n$/,
    );
    // A person is asked only about what can be done.
    const unlink = ['unlink', ...subject(inHalf, HALF)];
    const stopped = await poolbridge(world, unlink, undefined, {}, true, 'yes');
    assert.deepEqual([stopped.code, stopped.out.match(denied)?.length], [1, 1]);
    assert.match(
      stopped.err,
      /TargetAccessDeniedError.*: This would fail in 1 of 2 identity pools\. Nothing was changed\. To change the other identity pools, add --yes\.\n$/,
    );
    assert.ok((await entriesOf(pools.mobile)).includes(inHalf));
    // What was done nevertheless is in the list too, and how to undo it comes last.
    const part = await say(...unlink, '--yes');
    assert.match(part.out, new RegExp(`^UNLINKED ${pools.mobile} `));
    assert.match(
      part.err,
      /\nTargetAccessDeniedError: 1 of 2 identity pools failed\.\nTo undo, .*: poolbridge undo \S+\n$/,
    );
    const listed = await say('history', '--limit', '1');
    assert.match(listed.out, / {2}TargetAccessDeniedError, UNLINKED {2}unlink /);
    const again = await json('link', ...subject(await world.createAppClient(HALF), HALF));
    assert.match(again.answer.message, denied);
    const shown = await json('show', '--last');
    const [, ...words] = (shown.answer.again as string).split(' ');
    assert.deepEqual(words.slice(0, 3), ['link', '--user-pool', HALF]);
    assert.equal((await json(...words)).answer.execution.split(':').at(-2), 'poolbridge-dev-link');
  });

  test('finds an execution with who requested it and every state that it visited', async () => {
    await world.run({ link: 'mobile', repair: true }, undefined, world.reconcileArn);
    const clientId = await world.createAppClient(MOBILE);
    const execution = await linked(clientId);
    const { answer } = await json('history', '--limit', '1');
    const [{ started, stopped, ...last }, ...none] = answer.executions;
    assert.deepEqual(none, []);
    assert.deepEqual(last, {
      execution,
      machine: 'link',
      status: 'SUCCEEDED',
      outcome: 'LINKED',
      requestedBy: { via: 'person', claimedArn: `arn:aws:iam::${ACCOUNT_A}:root` },
      operation: 'link',
      userPoolId: MOBILE,
      clientId,
    });
    assert.ok(Date.parse(started) <= Date.parse(stopped));
    const lines = (await say('history', '--status', 'FAILED')).out.trimEnd().split('\n');
    assert.ok(lines.length > 1 && lines.slice(1).every((line) => / {2}\w+Error,? /.test(line)));
    const reconciled = await json('history', '--reconcile', '--limit', '1');
    assert.equal(reconciled.answer.executions[0].machine, 'reconcile');
    // For both state machines, show finds what history prints.
    const find = async (...args: string[]) => (await json('show', ...args)).answer;
    const repair = reconciled.answer.executions[0].execution;
    const [repairName, linkName] = [repair, execution].map((arn) => arn.split(':').at(-1)!);
    assert.equal((await find(repairName)).execution, repair);
    assert.equal((await find(repairName.slice(0, -4))).execution, repair);
    assert.equal((await find(linkName.slice(0, -4))).execution, execution);
    assert.equal((await find('--last')).execution, execution);
    assert.match((await find('no-such')).message, /^There is no execution no-such in this account/);
    const undone = await json('undo', repairName, '--yes');
    assert.equal(undone.code, 2);
    assert.match(
      undone.answer.message,
      /is an execution of reconcile.* To see that: poolbridge show /,
    );
    for (const name of ['twin-one', 'twin-two'])
      await world.run({ userPoolId: MOBILE, clientId }, name);
    const several = await json('show', 'twin-');
    assert.deepEqual(
      [several.code, several.answer.message],
      [2, 'The names of 2 executions begin with twin-: twin-two, twin-one. Type more of the name.'],
    );

    const shown = await json('show', execution.split(':').at(-1)!);
    const { records, states } = shown.answer;
    const [{ changes, difference, assumedRoleArn }] = records;
    assert.equal(changes[0].provider.ClientId, clientId);
    assert.deepEqual(
      difference.map(({ op, after }: { op: string; after: object }) => [op, after]),
      [['add', changes[0].provider]],
    );
    assert.match(assumedRoleArn, /:assumed-role\/poolbridge-link\//);
    const entered = (await world.history(execution)).flatMap(
      ({ stateEnteredEventDetails: details }) => details?.name ?? [],
    );
    assert.deepEqual(
      states.map(({ state }: { state: string }) => state),
      entered,
    );
    for (const { entered: from, exited, seconds } of states.slice(0, -1)) {
      assert.equal(seconds, (Date.parse(exited) - Date.parse(from)) / 1000);
    }
    const { out } = await say('show', execution);
    assert.match(out, new RegExp(`\n {2}\\S+ +\\S+ m?s +UpdateIdentityPool +${pools.mobile}\n`));
    assert.ok(!out.includes('console'), 'the embedded AWS has none');
  });

  test('replays an event for each of many app clients', async () => {
    const clientIds = await Promise.all(
      Array.from({ length: 11 }, () => world.createAppClient(MOBILE)),
    );
    const each = clientIds.flatMap((clientId) => ['--client', clientId]);
    const { code, answer } = await json('replay', '--user-pool', MOBILE, ...each, '--dry-run');
    assert.equal(code, 0);
    assert.deepEqual(
      answer.events.map(({ clientId }: { clientId: string }) => clientId),
      clientIds,
    );
    await world.local.aws.buses.settled();
    const [first] = clientIds;
    const { requestedBy } = (await world.executionFor(first!)).result();
    assert.deepEqual([requestedBy.via, requestedBy.eventId], ['event', answer.events[0].eventId]);
    const asked = (await world.executions()).map(({ input = '' }) => input);
    for (const clientId of clientIds) assert.ok(asked.some((input) => input.includes(clientId)));
    assert.equal((await say('replay', '--user-pool', MOBILE)).code, 2);
    assert.equal(
      (await say('replay', '--user-pool', MOBILE, '--client', first!, '--unlink')).code,
      2,
    );
  });
});
