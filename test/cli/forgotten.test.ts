import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CognitoIdentityClient, UpdateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { linkAborted } from '../console/aborted.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';
import { poolbridge, someone } from './command.ts';
import { whileForgotten } from './forgetting.ts';

const MOBILE = 'us-east-1_Mobile001';
const HALF = 'us-east-1_Half00001';
const HEALED = 'us-east-1_Healed001';
const TIGHT = 'us-east-1_Tight0001';
const APPROVED = 'us-east-1_Approve01';

const logGroup = (name: string) => `arn:aws:logs:us-east-1:${ACCOUNT_A}:log-group:/aws/${name}`;
const machineLogs = logGroup('vendedlogs/states/poolbridge-dev-*');
const stepLogs = ['ResolveTargets', 'ReportOutcome', 'ResolveLinks', 'ReportReconcile'];
const writerLogs = ['UpdateIdentityPool', 'ReconcileIdentityPool'].map((step) =>
  logGroup(`lambda/poolbridge-dev-${step}:*`),
);
const functionLogs = [...stepLogs, 'ExplainRemoved'].map((step) =>
  logGroup(`lambda/poolbridge-dev-${step}:*`),
);

describe('an execution that Step Functions has forgotten', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [MOBILE, HALF, HEALED, TIGHT, APPROVED]) await world.createUserPool(id);
    for (const id of [pools.mobile, pools.healed]) await world.createIdentityPool(id);
  });
  after(() => world.close());

  const forgotten = <T>(meanwhile: () => Promise<T>) => whileForgotten(world, meanwhile);

  /** Someone who may read executions, and these log groups. */
  const reader = (name: string, logGroups: string[]) =>
    someone(world, name, [
      {
        Effect: 'Allow',
        Action: ['states:*', 'dynamodb:Query', 'cloudtrail:LookupEvents'],
        Resource: '*',
      },
      { Effect: 'Allow', Action: 'logs:FilterLogEvents', Resource: logGroups },
    ]).session;

  // The log has whole milliseconds.
  const TIMES = ['started', 'stopped', 'seconds', 'entered', 'exited', 'source'];
  const withoutTimes = (json: string) =>
    JSON.parse(json, (key, value) => (TIMES.includes(key) ? undefined : value));

  async function shown(execution: string, by?: ReturnType<typeof reader>) {
    const said = await poolbridge(world, ['show', execution, '--json'], by);
    assert.equal(said.code, 0, said.err + said.out);
    return withoutTimes(said.out);
  }

  async function audited(
    executions: string[],
    by?: ReturnType<typeof reader>,
  ): Promise<AuditRecord[]> {
    const said = await poolbridge(world, ['audit', '--since', '1d', '--all', '--json'], by);
    assert.equal(said.code, 0, said.err);
    const { records } = withoutTimes(said.out) as { records: AuditRecord[] };
    return executions.flatMap((each) => records.filter(({ execution }) => execution === each));
  }

  const linked = async (userPoolId: string, name?: string) => {
    const clientId = await world.createAppClient(userPoolId, name);
    return { clientId, ...(await world.run({ userPoolId, clientId, reason: 'why' })) };
  };

  /** Executions of all kinds that reached their reports. */
  async function finished(): Promise<string[]> {
    const { clientId, executionArn } = await linked(MOBILE);
    const subject = { userPoolId: MOBILE, clientId };
    const more = [
      await linked(HALF),
      await world.run({ userPoolId: MOBILE, clientId: 'unknown' }),
      await world.run({ clientId: 'malformed' }),
      await world.run({ ...subject, operation: 'unlink', dryRun: true }),
      await world.run({ operation: 'undo', executionArn }),
    ];
    return [executionArn, ...more.map((each) => each.executionArn)];
  }

  /** A reconcile that finds an entry which someone else has removed. */
  async function explained(): Promise<string> {
    await linked(HEALED, 'app-lost');
    await world.daysLater(pools.healed);
    const pool = await world.describe(pools.healed);
    await world
      .client(CognitoIdentityClient, { account: ACCOUNT_B, region: 'ap-south-1' })
      .send(new UpdateIdentityPoolCommand({ ...pool, CognitoIdentityProviders: [] }));
    const input = { link: 'healed', repair: false, reason: 'by hand' };
    return (await world.run(input, undefined, world.reconcileArn)).executionArn;
  }

  /** Waits until the functions have logged their last lines, which may be after their answers. */
  const isLogged = (execution: string) =>
    until(() =>
      world.local.aws.logGroups
        .all()
        .flatMap(({ events }) => events)
        .some(({ message }) => message.includes(' reported"') && message.includes(execution)),
    );

  async function assertSaysTheSame(executions: string[], logGroups: string[]) {
    const all = [machineLogs, ...functionLogs, ...writerLogs];
    const [auditor, by] = [reader('audits', all), reader('shows', logGroups)];
    for (const execution of executions) await isLogged(execution);
    const records = await audited(executions);
    assert.ok(records.length >= executions.length);
    assert.deepEqual(await forgotten(() => audited(executions, auditor)), records);
    for (const execution of executions) {
      const known = await shown(execution);
      assert.deepEqual(await forgotten(() => shown(execution, by)), known);
    }
  }

  test('says the same as before, from the log groups that docs/permissions.md names', async () => {
    const all = [...(await finished()), await explained()];
    const [text] = world.local.aws.logGroups
      .all()
      .filter(({ name }) => name.startsWith('/aws/vendedlogs/'))
      .map(({ events }) => events.map(({ message }) => message).join());
    assert.ok(text && !text.includes('"input"') && !text.includes('"output"'));
    await assertSaysTheSame(all, [machineLogs, ...functionLogs]);
    const { removed } = (await shown(all.at(-1)!)).found;
    assert.equal(removed.length, 1, 'a reconcile names what others removed');
  });

  test('says the same if its log has the data of states, as it had before the functions logged it', async () => {
    const { machines } = world.local.aws.stateMachines;
    for (const machine of machines.values()) machine.logsExecutionData = true;
    const all = [...(await finished()), await explained()];
    for (const machine of machines.values()) machine.logsExecutionData = false;
    await assertSaysTheSame(all, [machineLogs]);
  });

  test('is not denied to exist if only the logs of its functions may not be read', async () => {
    const { executionArn } = await linked(MOBILE);
    const said = await forgotten(() =>
      poolbridge(world, ['show', executionArn], reader('half', [machineLogs])),
    );
    assert.notEqual(said.code, 0);
    assert.match(said.err, /logs:FilterLogEvents/);
  });

  test('with a report that is longer than a line of a log is known in full', async () => {
    const tags = Array.from({ length: 45 }, (_, i) => [`long-${i}`, '語'.repeat(250)]);
    await world.createIdentityPool(pools.tight, ACCOUNT_B, {
      IdentityPoolTags: Object.fromEntries(tags),
    });
    const { executionArn } = await linked(TIGHT);
    await isLogged(executionArn);
    const lines = world.local.aws.logGroups
      .all()
      .filter(({ name }) => name.endsWith('ReportOutcome'))
      .flatMap(({ events }) => events.map(({ message }) => message))
      .filter((line) => line.includes(executionArn));
    assert.ok(lines.length > 1, `${lines.length} lines`);
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
    for (const line of lines) assert.ok(Buffer.byteLength(line) <= 256 * 1024);
    const records = await audited([executionArn]);
    assert.ok(JSON.stringify(records[0]!.after).length > 10_000);
    assert.deepEqual(await forgotten(() => audited([executionArn])), records);
  });

  test('that was aborted while it wrote still says who asked, what it wrote and where it was', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-cut-off');
    const { executionArn } = await linkAborted(world, pools.healed, HEALED, clientId);
    const known = await shown(executionArn);
    const [record] = await audited([executionArn]);
    const [late, [lateRecord]] = await forgotten(async () => [
      await shown(executionArn),
      await audited([executionArn]),
    ]);
    assert.deepEqual(late.states, known.states);
    const { outcome, changes, identityPoolId, requestedBy } = known.records[0];
    const [told] = late.records;
    assert.deepEqual(
      [told.outcome, told.changes, told.identityPoolId, told.requestedBy],
      [outcome, changes, identityPoolId, requestedBy],
    );
    assert.ok(record!.written);
    assert.deepEqual(lateRecord, record);
  });

  test('that was aborted after it wrote says what the ledger has, and does not say that it wrote nothing', async () => {
    const { clientId, executionArn } = await linked(HEALED, 'app-early');
    // Its end is lost, as if it had been stopped while it verified its entry.
    const lose = (types: RegExp) => {
      for (const group of world.local.aws.logGroups.all()) {
        const isLost = (message: string) => message.includes(executionArn) && types.test(message);
        const kept = group.events.filter(({ message }) => !isLost(message));
        group.events.splice(0, group.events.length, ...kept);
      }
    };
    await isLogged(executionArn);
    const ended = world.local.aws.logGroups
      .all()
      .flatMap(({ events }) => events)
      .find(
        ({ message }) => message.includes('ExecutionSucceeded') && message.includes(executionArn),
      );
    assert.ok(ended);
    const aborted = ended.message.replace('ExecutionSucceeded', 'ExecutionAborted');
    lose(/"ExecutionSucceeded"|"outcome reported"/);
    const group = world.local.aws.logGroups.all().find(({ name }) => name.endsWith('dev-link'))!;
    group.events.push({ ...ended, message: aborted });
    const show = () => forgotten(() => poolbridge(world, ['show', executionArn]));
    const written = await show();
    assert.match(written.out, /^ABORTED /);
    assert.ok(written.out.includes(`LINKED ${pools.healed} (healed)`), written.out);
    await world.run({ operation: 'unlink', userPoolId: HEALED, clientId });
    const doubt = /ABORTED: The execution was aborted after it began a write .* poolbridge audit /;
    assert.match((await show()).out, doubt);
    // Without the line that names its targets, it still says that it wrote somewhere.
    lose(/"targets resolved"/);
    assert.match((await show()).out, doubt);
  });

  test('that was aborted while it waited for approval says that it wrote nothing', async () => {
    const clientId = await world.createAppClient(APPROVED);
    const input = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
    const { executionArn = '' } = await world.client(SFNClient, HOME).send(
      new StartExecutionCommand({
        stateMachineArn: world.machineArn,
        input: JSON.stringify(input),
      }),
    );
    await until(async () => (await shown(executionArn)).waiting?.length > 0);
    await world.client(SFNClient, HOME).send(new StopExecutionCommand({ executionArn }));
    const known = await shown(executionArn);
    assert.deepEqual(await forgotten(() => shown(executionArn)), known);
    assert.equal(known.states.at(-1).state, 'RequestApproval');
  });

  test('that was aborted before its first step is known, without its request', async () => {
    const name = 'at-once';
    const waitUntil = new Date(Date.now() + 3_600_000).toISOString();
    const input = { waitUntil, link: 'healed', repair: false };
    const { executionArn = '' } = await world.client(SFNClient, HOME).send(
      new StartExecutionCommand({
        stateMachineArn: world.reconcileArn,
        input: JSON.stringify(input),
        name,
      }),
    );
    await world.client(SFNClient, HOME).send(new StopExecutionCommand({ executionArn }));
    const said = await forgotten(() => poolbridge(world, ['show', name]));
    assert.match(said.out, new RegExp(`^ABORTED ${executionArn}\n`));
    const [record] = await forgotten(() => audited([executionArn]));
    assert.equal(record!.status, 'ABORTED');
    assert.equal(executionOf(record!.execution).name, name);
  });
});
