import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { SendTaskSuccessCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { poolbridge, someone } from '../cli/command.ts';
import { ACCOUNT_C, HOME, pools, startWorld, type World } from '../world.ts';

const APPROVED = 'us-east-1_Approve01';
const MOBILE = 'us-east-1_Mobile001';
const APPROVER = 'arn:aws:sts::111111111111:assumed-role/approver/session';
const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link';

describe('a change that needs approval', () => {
  let world: World;
  let approver: ReturnType<typeof someone>;
  /** What was put on a bus or published to a topic. */
  const sent: { operation: string; text: string }[] = [];

  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [APPROVED, MOBILE]) await world.createUserPool(id);
    for (const id of [pools.mobile, pools.web]) await world.createIdentityPool(id);
    await world.createIdentityPool(pools.there, ACCOUNT_C, {});
    // The permissions in docs/security.md.
    approver = someone(world, 'approver', [
      { Effect: 'Allow', Action: 'states:GetExecutionHistory', Resource: `${EXECUTION}:*` },
      {
        Effect: 'Allow',
        Action: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
        Resource: '*',
      },
    ]);
    const { aws } = world.local;
    const { call } = aws;
    aws.call = (asked) => {
      const { operation, input } = asked;
      if (['PutEvents', 'Publish'].includes(operation)) {
        sent.push({ operation, text: JSON.stringify(input) });
      }
      return call.call(aws, asked);
    };
  });
  after(() => world.close());

  const approve = (...args: string[]) => poolbridge(world, ['approve', ...args], approver.session);

  /** Starts an execution, and waits until this many of its targets wait for approval. */
  async function startPending(input: object, name: string, targets = 1): Promise<string> {
    const { executionArn = '' } = await world.client(SFNClient, HOME).send(
      new StartExecutionCommand({
        stateMachineArn: world.machineArn,
        input: JSON.stringify(input),
        name,
      }),
    );
    while ((await scheduled(executionArn, 'TaskSubmitted')).length < targets) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return executionArn;
  }

  const scheduled = async (executionArn: string, what = 'TaskScheduled') =>
    (await world.history(executionArn)).filter(({ type }) => type === what);

  const tokenOf = async (executionArn: string): Promise<string> => {
    const [event] = await scheduled(executionArn);
    return JSON.parse(event!.taskScheduledEventDetails!.parameters!).Payload.token;
  };

  const table = (operation: string, input: object) =>
    world.local.aws.tables.ask(HOME, operation, { TableName: 'poolbridge-dev', ...input });
  const itemsOf = async (pool: string): Promise<Record<string, object>[]> => {
    const { Items } = (await table('Query', {
      KeyConditionExpression: 'pk = :pool',
      ExpressionAttributeValues: { ':pool': { S: pool } },
    })) as { Items: Record<string, object>[] };
    return Items;
  };
  const has = async (pool: string, clientId: string) =>
    JSON.stringify(await world.describe(pool)).includes(clientId);

  test('waits without holding the lease, then is merged onto the current identity pool', async () => {
    const clientId = await world.createAppClient(APPROVED);
    const pool = await world.describe(pools.mobile);
    const executionArn = await startPending({ userPoolId: APPROVED, clientId }, 'yes');
    const token = await tokenOf(executionArn);
    const [{ taskScheduledEventDetails: details } = {}] = await scheduled(executionArn);
    assert.equal(details!.timeoutInSeconds, 24 * 3600);
    assert.deepEqual(await world.describe(pools.mobile), pool);
    assert.deepEqual(await itemsOf(pools.mobile), [], 'no lease, and no request that waits');

    // Every subscriber sees what would change, and no one sees the token.
    await world.local.aws.buses.settled();
    const event = sent.find(({ text }) => text.includes('ApprovalRequested'))!;
    const [{ Detail, Source }] = JSON.parse(event.text).Entries;
    const { changes, message, ...detail } = JSON.parse(Detail);
    assert.equal(Source, 'poolbridge');
    assert.equal(
      detail.approve,
      `npx poolbridge approve ${executionArn.split(':').at(-1)} --identity-pool ${pools.mobile} --stage dev --region us-east-1`,
    );
    assert.deepEqual(
      [detail.executionArn, detail.identityPoolId, detail.links, detail.clientId],
      [executionArn, pools.mobile, ['approved'], clientId],
    );
    assert.equal(changes[0].provider.ClientId, clientId);
    const publication = sent.find(({ operation }) => operation === 'Publish')!;
    assert.equal(JSON.parse(publication.text).Message, JSON.stringify(message));
    assert.ok(
      message.includes(`would add cognito-idp.us-east-1.amazonaws.com/${APPROVED} ${clientId}.`),
    );
    const shown = await approve('yes', '--show');
    assert.equal(shown.code, 0, shown.err);
    assert.ok(shown.out.includes(`WAITING ${pools.mobile} (approved)\n  + `));
    const inJson = await approve('yes', '--show', '--json');
    assert.equal(JSON.parse(inJson.out).decision, 'WAITING');
    const whole = await poolbridge(world, ['show', executionArn, '--json']);
    assert.ok(whole.out.includes('"state": "RequestApproval"'), whole.err);
    for (const { out } of [shown, inJson, whole]) assert.ok(!out.includes(token));

    // Others go on, and a forged request in the table changes nothing.
    const forged = { execution: executionArn, operation: 'link', userPoolId: APPROVED, clientId };
    await table('PutItem', {
      Item: {
        pk: { S: pools.mobile },
        sk: { S: 'pending#forged' },
        ticket: { N: '0' },
        body: { S: JSON.stringify({ key: 'forged', ...forged }) },
        expiresAt: { N: String(Date.now() + 3_600_000) },
      },
    });
    const other = await world.createAppClient(MOBILE);
    (await world.run({ userPoolId: MOBILE, clientId: other })).result();
    assert.equal(await has(pools.mobile, clientId), false);

    const decided = await approve(executionArn, '--reason', 'as agreed');
    assert.equal(decided.code, 0, decided.err);
    assert.match(
      decided.out,
      /^APPROVED ap-south-1:\S+ \(approved\)\n {2}\+ \S+ {2}\w+ {2}us-east-1_Approve01\n/,
    );
    const ended = await world.ended(executionArn);
    const { results } = ended.result();
    assert.deepEqual(
      results.map(({ identityPoolId, outcome }) => [identityPoolId, outcome]),
      [
        [pools.there, 'LINKED'],
        [pools.mobile, 'LINKED'],
      ],
    );
    assert.ok(!('approval' in results[0]!));
    assert.ok('approval' in results[1]! && 'rebased' in results[1]);
    const { time, ...approval } = results[1].approval!;
    assert.deepEqual(approval, { approvedBy: APPROVER, reason: 'as agreed' });
    assert.ok(Date.parse(time) <= Date.now());
    assert.ok((await has(pools.mobile, other)) && (await has(pools.mobile, clientId)));
    const again = await approve(executionArn, '--reason', 'twice');
    assert.deepEqual(
      [again.code, again.err],
      [
        1,
        `NothingWaitsError: No change waits for approval in ${executionArn}. To see how it stands: poolbridge show yes\n`,
      ],
    );

    // Only Step Functions itself keeps the token.
    const events = await world.history(executionArn);
    const whereToken = events.filter((each) => JSON.stringify(each).includes(token));
    assert.deepEqual(
      whereToken.map(({ type }) => type),
      ['TaskScheduled'],
    );
    const { logGroups } = world.local.aws;
    for (const text of [...sent.map((each) => each.text), JSON.stringify(logGroups.all())]) {
      assert.ok(!text.includes(token));
    }
    assert.ok(!JSON.stringify(await itemsOf(pools.mobile)).includes(token));
  });

  test('needs approval only if there is something to write, and once, even if it tries again', async () => {
    const clientId = await world.createAppClient(APPROVED);
    const request = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
    const planned = (await world.run({ ...request, dryRun: true })).result();
    assert.equal(planned.results[0]!.outcome, 'PLANNED');
    assert.ok('needsApproval' in planned.results[0]! && planned.results[0].needsApproval);
    const plan = await poolbridge(world, ['plan', '--link', 'approved']);
    assert.match(
      plan.out,
      new RegExp(`\n  missing +app +${clientId} .* needs approval\n`),
      plan.err,
    );
    assert.match(plan.out, /\n\d+ to be approved\.\n$/);

    // The answer to its first round is forged, so that it tries again.
    const executionArn = await startPending(request, 'rounds');
    const digest = createHash('sha256').update(executionArn).digest('hex').slice(0, 32);
    const pool = await world.describe(pools.mobile);
    const answer = { write: 'forged', changes: [] };
    const write = { execution: 'x', assumedRoleArn: 'x', sequence: 1, before: pool, after: pool };
    for (const [sk, body] of [
      [`answer#${digest}-1`, answer],
      ['write#forged', write],
    ] as const) {
      const Item = { pk: { S: pools.mobile }, sk: { S: sk }, body: { S: JSON.stringify(body) } };
      await table('PutItem', { Item });
    }
    assert.equal((await approve('rounds', '--reason', 'once')).code, 0);
    const ended = await world.ended(executionArn);
    const [result] = ended.result().results;
    assert.ok('attempts' in result! && result.attempts === 2 && result.approval?.reason === 'once');
    assert.equal((await scheduled(executionArn)).length, 1);
    const linked = (await world.run(request)).result();
    assert.equal(linked.results[0]!.outcome, 'ALREADY_LINKED');
  });

  test('is not written if it is denied, separately for each identity pool', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-both');
    const executionArn = await startPending({ userPoolId: APPROVED, clientId }, 'both', 2);
    const seconds = (await scheduled(executionArn)).map(
      ({ taskScheduledEventDetails: details }) => details!.timeoutInSeconds,
    );
    assert.deepEqual(seconds.sort(), [2 * 3600, 24 * 3600]);
    const unnamed = await approve('both', '--reason', 'x');
    assert.equal(unnamed.code, 2);
    assert.match(
      unnamed.err,
      /^several changes are pending; name them with --identity-pool: ap-south-1:/,
    );
    const seen = await approve('both', '--show');
    assert.match(
      seen.err,
      /^To decide, name each, for example: poolbridge approve both --identity-pool ap-south-1:\S+ --reason "…"\n$/,
    );
    const listed = await poolbridge(world, ['history', '--limit', '1']);
    assert.match(listed.out, / WAITING .*\nTo decide what waits: poolbridge approvals\n$/);
    const denied = await approve('both', '--deny', '--identity-pool', pools.web, '--reason', 'no');
    assert.match(denied.out, /^DENIED ap-south-1:\S+0002 \(approved-too\)/);
    const twice = await approve('both', '--identity-pool', pools.web, '--reason', 'yes');
    assert.equal(twice.code, 2);
    assert.match(twice.err, /^no change is pending for \S+0002; pending: \S+0001\n/);
    assert.equal((await approve('both', '--reason', 'the last one')).code, 0);
    const ended = await world.ended(executionArn);
    assert.equal(ended.error, 'ApprovalDeniedError');
    const { message, results } = ended.failure();
    assert.match(
      message,
      /^arn:aws:sts::111111111111:assumed-role\/approver\/session denied the change at \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \(no\), so nothing was written\.$/,
    );
    assert.deepEqual(
      results.map(({ identityPoolId, outcome }) => [identityPoolId, outcome]).sort(),
      [
        [pools.mobile, 'LINKED'],
        [pools.there, 'LINKED'],
        [pools.web, 'FAILED'],
      ].sort(),
    );
    assert.equal(await has(pools.web, clientId), false);
  });

  test('says that a decision came too late, and what was decided all the same', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-both');
    const executionArn = await startPending({ userPoolId: APPROVED, clientId }, 'late', 2);
    const { aws } = world.local;
    const { call } = aws;
    // Another person decides the second change while this decision is on its way.
    let decisions = 0;
    aws.call = async (asked) => {
      if (asked.operation === 'SendTaskSuccess' && ++decisions === 2) {
        decisions += 1;
        const { taskToken } = asked.input as { taskToken: string };
        const cause = 'denied by another person';
        await call.call(aws, {
          ...asked,
          operation: 'SendTaskFailure',
          input: { taskToken, error: 'ApprovalDeniedError', cause },
        });
      }
      return call.call(aws, asked);
    };
    const both = ['late', '--identity-pool', pools.mobile, '--identity-pool', pools.web];
    const half = await approve(...both, '--reason', 'yes');
    aws.call = call;
    assert.equal(half.code, 1);
    assert.match(half.out, /^APPROVED ap-south-1:\S+ \(approved[\w-]*\)\n {2}\+ app-both .*\n$/);
    const late =
      /^NothingWaitsError: The change to ap-south-1:\S+ no longer waits: it is already approved or denied, or the time to decide is over\. To see how it stands: poolbridge show late\n$/;
    assert.match(half.err, late);
    await world.ended(executionArn);
    const ended = await approve('late', '--identity-pool', pools.web, '--reason', 'yes');
    assert.equal(ended.code, 1);
    assert.match(
      ended.err,
      /^NothingWaitsError: No change waits for approval in \S+:late\. To see how it stands: poolbridge show late\n$/,
    );
  });

  const malformed = [
    '{}',
    '[]',
    '7',
    'null',
    '"yes"',
    '{"approvedBy":"x"}',
    JSON.stringify({ approvedBy: 'x', reason: 'y'.repeat(262_000), time: 'z' }),
    JSON.stringify('x'.repeat(262_142)),
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
  ];
  for (const [i, output] of malformed.entries()) {
    test(`fails alone if the answer is not an approval (${output.slice(0, 20)})`, async () => {
      const clientId = await world.createAppClient(APPROVED, 'app-both');
      const name = `malformed-${i}`;
      const executionArn = await startPending({ userPoolId: APPROVED, clientId }, name, 2);
      const sfn = world.client(SFNClient, HOME);
      const [refused] = await scheduled(executionArn);
      const { Payload } = JSON.parse(refused!.taskScheduledEventDetails!.parameters!);
      await sfn.send(new SendTaskSuccessCommand({ taskToken: Payload.token, output }));
      const [other] = [pools.mobile, pools.web].filter(
        (id) => id !== Payload.target.identityPoolId,
      );
      const approved = await approve(name, '--identity-pool', other!, '--reason', 'yes');
      assert.equal(approved.code, 0, approved.err);
      const ended = await world.ended(executionArn);
      assert.equal(ended.error, 'InvalidApprovalError', ended.cause);
      const { message, results } = ended.failure();
      assert.match(message, /^The answer to the request for approval is not an approval, .*\.$/);
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        results.map((result) =>
          result['identityPoolId'] === Payload.target.identityPoolId ? 'FAILED' : 'LINKED',
        ),
      );
      assert.equal(await has(Payload.target.identityPoolId, clientId), false);
      const isSent = ({ text }: { text: string }) =>
        text.includes('LinkFinished') && text.includes(executionArn);
      assert.ok(sent.some(isSent));
    });
  }

  test('is not written when no one decides in time', async () => {
    const clientId = await world.createAppClient(APPROVED);
    const request = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
    const { definition } = world.local.aws.stateMachines.machine(world.machineArn);
    const { ItemProcessor: branch } = definition.States['LinkTargets']!;
    const { ItemProcessor: waiting } = branch!.States['WaitForApproval']!;
    const state = waiting!.States['RequestApproval']!;
    const { TimeoutSecondsPath } = state;
    delete state.TimeoutSecondsPath;
    state.TimeoutSeconds = 1;
    const expired = await world.run(request);
    Object.assign(state, { TimeoutSecondsPath });
    delete state.TimeoutSeconds;
    assert.equal(expired.error, 'ApprovalExpiredError');
    assert.match(
      expired.failure().message,
      /^No one approved the change within 24 h, .* Make the request again/,
    );
    assert.equal((await scheduled(expired.executionArn)).length, 1, 'it is not asked for again');
    assert.equal(await has(pools.mobile, clientId), false);
  });

  const deleteClient = (ClientId: string) =>
    world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new DeleteUserPoolClientCommand({ UserPoolId: APPROVED, ClientId }));

  test('does not link an app client that was deleted meanwhile, and a deletion without entries needs no approval', async () => {
    for (const isSent of [true, false]) {
      const clientId = await world.createAppClient(APPROVED);
      const request = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
      const executionArn = await startPending(request, `deleted-${isSent}`);
      await deleteClient(clientId);
      if (isSent) {
        const deletion = { operation: 'unlink', userPoolId: APPROVED, clientId };
        const ended = await world.run({ request: deletion, requestedBy: { via: 'cloudtrail' } });
        assert.deepEqual(
          ended.result().results.map(({ outcome }) => outcome),
          ['NOT_LINKED'],
        );
        assert.equal((await scheduled(ended.executionArn)).length, 0, 'no one is asked');
        const ledger = JSON.stringify(await itemsOf(pools.mobile));
        assert.ok(ledger.includes(`#${clientId}`), 'that it was deleted is known');
      }
      assert.equal((await approve(`deleted-${isSent}`, '--reason', 'late')).code, 0);
      const [result] = (await world.ended(executionArn)).result().results;
      assert.equal(result!.outcome, 'NOT_LINKED');
      assert.equal(await has(pools.mobile, clientId), false);
    }
  });

  test('removes the entries of a user pool that were shown, and names those that were linked since', async () => {
    const { CognitoIdentityProviders = [], ...pool } = await world.describe(pools.mobile);
    const ProviderName = `cognito-idp.us-east-1.amazonaws.com/${APPROVED}`;
    const entry = (ClientId: string) => ({ ProviderName, ClientId, ServerSideTokenCheck: false });
    const others = CognitoIdentityProviders.filter((each) => each.ProviderName !== ProviderName);
    const set = (...ids: string[]) => {
      const entries = [...others, ...ids.map(entry)];
      const stored = world.local.aws.identityPools.find(pools.mobile);
      stored.pool = { ...stored.pool, ...pool, CognitoIdentityProviders: entries } as never;
    };
    set('shown1', 'shown2');
    const request = { operation: 'unlink', userPoolId: APPROVED, identityPoolId: pools.mobile };
    const executionArn = await startPending(request, 'whole');
    set('shown1', 'shown2', 'since');
    assert.equal((await approve('whole', '--reason', 'as shown')).code, 2);
    assert.equal((await approve('whole', '--reason', 'as shown', '--yes')).code, 0);
    const [result] = (await world.ended(executionArn)).result().results;
    assert.ok(result && 'linkedSince' in result, JSON.stringify(result));
    assert.equal(result.outcome, 'UNLINKED');
    assert.deepEqual(result.linkedSince, ['since']);
    const shown = await poolbridge(world, ['show', 'whole']);
    assert.match(
      shown.out,
      /\n {2}linked since the approval was asked for, so not unlinked: since\./,
    );
    assert.equal(result.attempts, 1);
    const left = (await world.describe(pools.mobile)).CognitoIdentityProviders!;
    assert.deepEqual(left, [...others, entry('since')]);
  });

  test('is decided by a command that says what is missing, with exit code 2', async () => {
    for (const [args, expected] of [
      [[], /^missing required argument 'execution'\n/],
      [['x'], /^--reason is missing\n/],
      [['x', 'y', '--show'], /^too many arguments for 'approve'/],
      [['x', '--reason', 'x'.repeat(201)], /^--reason is longer than 200 characters\n/],
    ] as const) {
      const { code, err } = await approve(...args);
      assert.equal(code, 2);
      assert.match(err, expected);
    }
    const nowhere = await approve('nothing', '--reason', 'x');
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.err, /^There is no execution nothing in this account, Region and stage/);
  });
});
