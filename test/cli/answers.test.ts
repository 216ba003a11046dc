import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { CognitoIdentityClient, UpdateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
  ListUserPoolClientsCommand,
  UpdateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { linesOfChanges, outputLines } from '../../cli/output/changes.ts';
import { executionOf } from '../../core/execution.ts';
import type { Output } from '../../core/request/outcome.ts';
import { linkAborted } from '../console/aborted.ts';
import { ask } from '../console/served.ts';
import { until } from '../until.ts';
import { ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';
import { commandPath, environment, poolbridge, processOf, someone } from './command.ts';

const APPROVED = 'us-east-1_Approve01';
const HEALED = 'us-east-1_Healed001';

describe('an answer says what its outcome does not', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [APPROVED, HEALED]) await world.createUserPool(id);
    for (const id of [pools.healed, pools.mobile]) await world.createIdentityPool(id);
  });
  after(() => world.close());

  const say = (...args: string[]) => poolbridge(world, args);
  const subject = (userPool: string, clientId: string) => [
    '--user-pool',
    userPool,
    '--client',
    clientId,
  ];
  const nameIn = (err: string): string => executionOf(err.split('\n')[0]!.trim()).name;

  /** Asks to link an app client whose links require approval, and waits until it waits. */
  async function waiting(clientId: string): Promise<string> {
    const { executionArn = '' } = await world.client(SFNClient, HOME).send(
      new StartExecutionCommand({
        stateMachineArn: world.machineArn,
        input: JSON.stringify({ userPoolId: APPROVED, clientId, identityPoolId: pools.mobile }),
      }),
    );
    await until(async () => (await say('approve', executionArn, '--show')).code === 0);
    return executionArn;
  }

  test('show says what an execution wrote that was aborted while it wrote', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-cut-off');
    const { executionArn } = await linkAborted(world, pools.healed, HEALED, clientId);
    const { out } = await say('show', executionArn);
    assert.match(
      out,
      new RegExp(`^LINKED ${pools.healed} .*\n.*\\+ app-cut-off {2}${clientId}`, 'm'),
    );
  });

  test('show says of an execution that was aborted before it wrote that it changed nothing', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-aborted');
    const execution = await waiting(clientId);
    await world.client(SFNClient, HOME).send(new StopExecutionCommand({ executionArn: execution }));
    const { out } = await say('show', execution);
    assert.match(out, /ended before it wrote, so nothing was changed\. Ask again/);
    assert.doesNotMatch(out, /verified/);
    const other = await waiting(clientId);
    const cause = { error: 'Operator', cause: 'two at night' };
    await world
      .client(SFNClient, HOME)
      .send(new StopExecutionCommand({ executionArn: other, ...cause }));
    const shown = (await say('show', other)).out;
    assert.match(shown, /Operator: two at night\. The execution ended before it wrote, so nothing/);
    assert.match((await say('history', '--limit', '1')).out, / ABORTED, Operator /);
    const undo = await say('undo', execution, '--yes');
    assert.ok(
      undo.err.includes(`by hand: npx poolbridge show ${executionOf(execution).name} `),
      undo.err,
    );
  });

  test('show does not say of a reconcile that was aborted while it repaired that it changed nothing', async () => {
    const { aws } = world.local;
    const call = aws.call.bind(aws);
    const shownAfter = async (repair: boolean): Promise<string> => {
      const name = repair ? 'cut-repair' : 'cut-look';
      aws.call = async (asked) => {
        if (asked.operation === 'DescribeIdentityPool') {
          aws.call = call;
          const executionArn = [...aws.stateMachines.executions.keys()].find((arn) =>
            arn.endsWith(`:${name}`),
          );
          await world.client(SFNClient, HOME).send(new StopExecutionCommand({ executionArn }));
        }
        return call(asked);
      };
      const { status } = await world.run({ link: 'healed', repair }, name, world.reconcileArn);
      assert.equal(status, 'ABORTED');
      return (await say('show', name)).out;
    };
    const repaired = await shownAfter(true);
    assert.doesNotMatch(repaired, /nothing was changed|wrote nothing/);
    assert.match(repaired, /The audit has what it had repaired by then, and status shows/);
    assert.match(await shownAfter(false), /ended before its report, and wrote nothing\. Ask again/);
  });

  test('an unlink that found no entry says that it now stays away, and a dry run does not', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-absent');
    const unlink = ['unlink', ...subject(HEALED, clientId), '--yes'];
    const kept = /^NOT_LINKED .*\n(.*\n)* {2}There was no entry to remove\. .* it stays away/m;
    assert.doesNotMatch((await say(...unlink, '--dry-run')).out, /stays away/);
    const { out, err } = await say(...unlink);
    assert.match(out, kept);
    assert.match((await say('show', nameIn(err))).out, kept);
  });

  test('a request that waits for approval already is not made twice, unless it is asked for again', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-asked-twice');
    const execution = await waiting(clientId);
    const { name } = executionOf(execution);
    const count = () => world.local.aws.stateMachines.executions.size;
    const before = count();
    const link = ['link', ...subject(APPROVED, clientId)];
    const { code, out, err } = await say(...link);
    assert.deepEqual([code, count()], [1, before]);
    assert.match(err, /^AlreadyWaitsError: The same request has waited for approval since \d{4}-/m);
    assert.ok(out.startsWith(`WAITING ${pools.mobile} `), out);
    assert.match(out, /^ {2}requested by a person, just now$/m);
    assert.ok(out.includes(`approve ${name} --identity-pool ${pools.mobile} --reason "…"`), out);
    const { message } = JSON.parse((await say(...link, '--json')).out);
    assert.ok(message.includes(`To approve it: poolbridge approve ${name} --reason "…".`), message);
    assert.equal(count(), before);
    const starts = async (...args: string[]) => {
      const started = count();
      assert.equal((await say(...args, '--no-wait')).code, 0);
      return count() - started;
    };
    assert.equal(await starts(...link, '--again'), 1);
    assert.equal(await starts(...link, '--identity-pool', pools.healed), 1);
    assert.equal(await starts('unlink', ...subject(APPROVED, clientId), '--yes'), 1);
  });

  test('an undo that waits for approval already is not made twice', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-undone-twice');
    const execution = await waiting(clientId);
    await say('approve', execution, '--reason', 'drill');
    await until(async () => (await say('show', execution)).out.startsWith('SUCCEEDED'));
    const undo = ['undo', execution, '--yes', '--no-wait'];
    const first = (await say(...undo)).out.trim();
    await until(async () => (await say('approve', first, '--show')).code === 0);
    const { code, err } = await say(...undo);
    assert.equal(code, 1);
    assert.match(err, new RegExp(`^AlreadyWaitsError: .* in ${executionOf(first).name}, so`, 'm'));
  });

  test('an undo takes away the entry of an app client that a link no longer covers, and an unlink is refused', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-renamed');
    const linked = await say('link', ...subject(HEALED, clientId));
    const rename = { UserPoolId: HEALED, ClientId: clientId, ClientName: 'other' };
    await world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new UpdateUserPoolClientCommand(rename));
    assert.equal((await say('unlink', ...subject(HEALED, clientId), '--yes')).code, 3);
    const { code, out } = await say('undo', nameIn(linked.err), '--yes');
    assert.equal(code, 0);
    assert.match(out, /^UNLINKED /m);
  });

  test('an undo without anything left to take back says so', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-gone');
    const { err } = await say('link', ...subject(HEALED, clientId));
    const pool = await world.describe(pools.healed);
    await world
      .client(CognitoIdentityClient, { account: ACCOUNT_B, region: 'ap-south-1' })
      .send(new UpdateIdentityPoolCommand({ ...pool, CognitoIdentityProviders: [] }));
    const { out } = await say('undo', nameIn(err), '--yes');
    assert.match(out, /^NOT_LINKED .*\n(.*\n)* {2}Nothing is left to take back here\.$/m);
  });

  test('an undo of what waits for approval names the command that denies it; audit lists it as waiting', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-waiting');
    const execution = await waiting(clientId);
    const { name } = executionOf(execution);
    const { err } = await say('undo', execution, '--yes');
    assert.ok(
      err.includes(`deny it: npx poolbridge approve ${name} --deny --reason '…' --stage dev`),
      err,
    );
    const { out } = await say('audit', '--all', '--json');
    const records: { execution: string; outcome: string; identityPoolId?: string }[] =
      JSON.parse(out).records;
    assert.deepEqual(
      records
        .filter((record) => record.execution === execution)
        .map(({ outcome, identityPoolId }) => [outcome, identityPoolId]),
      [['WAITING', pools.mobile]],
    );
  });

  test('a replay of an unlink does not claim that the entry is there', async () => {
    const args = ['replay', ...subject(HEALED, 'someclient1'), '--unlink'];
    const { err, code } = await poolbridge(world, args, undefined, {}, true, 'no');
    assert.equal(code, 1);
    assert.match(err, /^Every existing entry of 1 app client would be taken away:$/m);
  });

  test('a dry run of an undo says what the undo would refuse, since others wrote later', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-overtaken');
    const about = subject(HEALED, clientId);
    const first = nameIn((await say('link', ...about)).err);
    await say('unlink', ...about, '--yes');
    await say('link', ...about);
    const { code, out, err } = await say('undo', first, '--dry-run');
    assert.equal(code, 1, out);
    assert.match(out, /UndoConflictError: .* has been changed since by another execution/);
    assert.match(err, /^UndoConflictError: This would fail\.$/m);
    const { out: text } = await say('audit', '--all');
    assert.ok(text.includes(`undo ${first} `), text);
  });

  test('what waits of an undo has the names of its app clients', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-named');
    const execution = await waiting(clientId);
    await say('approve', execution, '--reason', 'drill');
    await until(async () => (await say('show', execution)).out.startsWith('SUCCEEDED'));
    const { out } = await say('undo', execution, '--yes', '--no-wait');
    const undo = out.trim();
    await until(async () => (await say('approve', undo, '--show')).code === 0);
    const named = `- app-named  ${clientId}`;
    const listed = (await say('approvals')).out;
    assert.ok(listed.includes(`  undoes ${executionOf(execution).name}\n  requested by `), listed);
    for (const args of [['approvals'], ['show', undo], ['approve', undo, '--show']]) {
      const shown = await say(...args);
      assert.ok(shown.out.includes(named), shown.out);
    }
  });

  test('a trial says that a change waits for approval, in place of waiting for an event', async (t) => {
    const trial = ['trial', '--user-pool', APPROVED, '--client-name', 'app-trial'];
    const cognito = world.client(CognitoIdentityProviderClient, HOME);
    const child = spawn(commandPath, trial, { env: environment(world) });
    t.after(() => child.kill());
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      err += chunk;
    });
    let clientId: string | undefined;
    await until(async () => {
      const list = new ListUserPoolClientsCommand({ UserPoolId: APPROVED, MaxResults: 60 });
      const { UserPoolClients = [] } = await cognito.send(list);
      clientId = UserPoolClients.find(({ ClientName }) => ClientName === 'app-trial')?.ClientId;
      return clientId !== undefined;
    });
    const input = JSON.stringify({ userPoolId: APPROVED, clientId });
    const start = new StartExecutionCommand({ stateMachineArn: world.machineArn, input });
    await world.client(SFNClient, HOME).send(start);
    await until(() => /^A change waits for approval\. To see it: .* --show$/m.test(err));
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 143);
    assert.match(
      err,
      /^The app client is deleted\.\nThe request to link it still waits for approval\. To deny it: poolbridge approve \S+ --deny /m,
    );
    await assert.rejects(
      cognito.send(new DescribeUserPoolClientCommand({ UserPoolId: APPROVED, ClientId: clientId })),
    );
  });

  test('a link that linked nothing says that its app client is gone', () => {
    const result = {
      identityPoolId: pools.mobile,
      links: ['mobile'],
      outcome: 'NOT_LINKED' as const,
      changes: [],
      before: {},
      after: {},
      assumedRoleArn: 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/session',
      attempts: 1,
    };
    const output = { operation: 'link', results: [result] } as unknown as Output;
    const input = JSON.stringify({ userPoolId: APPROVED, clientId: 'gone' });
    assert.match(
      outputLines(output, { input }).join('\n'),
      /Cognito had no such app client by then, so it was not linked\./,
    );
  });

  test('show finds a reconcile by the beginning of its name, also if it has parts', async () => {
    for (const name of ['in-parts', 'in-parts-part-2']) {
      await world.run({ link: 'healed', repair: false }, name, world.reconcileArn);
    }
    const { out, err } = await say('show', 'in-pa');
    assert.match(out, /^SUCCEEDED \S+:in-parts$/m, err);
  });

  test('a role mapping that is too long to show is named without its digest', () => {
    const provider = {
      ProviderName: `cognito-idp.us-east-1.amazonaws.com/${HEALED}`,
      ClientId: 'mapped',
    };
    assert.deepEqual(
      linesOfChanges([{ op: 'unmap', provider, roleMapping: { sha256: 'a'.repeat(64) } }]),
      [{ sign: '-', what: `role mapping of  mapped  ${HEALED}` }],
    );
  });

  test('a trial that fails says what is left of it, with the commands that remove it', async () => {
    const { aws } = world.local;
    const call = aws.call.bind(aws);
    aws.call = async (asked) => {
      if (asked.operation === 'DeleteUserPoolClient') throw new Error('no delete');
      if (asked.operation === 'ListExecutions') throw new Error('no list');
      return call(asked);
    };
    try {
      const args = ['trial', '--user-pool', HEALED, '--client-name', 'app-fails'];
      const { code, err } = await poolbridge(world, args, undefined, { AWS_MAX_ATTEMPTS: '1' });
      assert.equal(code, 1);
      const [, clientId] = /^Created the app client app-fails \((\w+)\)/m.exec(err) ?? [];
      assert.ok(
        clientId &&
          err.includes(`delete-user-pool-client --user-pool-id ${HEALED} --client-id ${clientId} `),
        err,
      );
      assert.match(err, /^Then, unlink it: poolbridge unlink --user-pool /m);
    } finally {
      aws.call = call;
    }
  });

  test('a port that is taken is named as that, with what to do', async () => {
    const { port } = new URL(world.local.endpoint);
    const { code, err } = await processOf(environment(world), ['console', '--port', port]);
    assert.equal(code, 1);
    assert.match(err, /EADDRINUSE.* The port is taken, .* name another port with --port\.$/m);
  });

  test('the console names commands as they are typed for its deployment', async (t) => {
    const child = spawn(commandPath, ['console', '--stage', 'dev'], { env: environment(world) });
    t.after(() => child.kill());
    let address = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      address += chunk;
    });
    await until(async () => address.endsWith('\n'));
    const own = { address: address.trim() };
    const { message } = await ask<{ message: string }>(own, 'find?named=gone');
    assert.match(message, /To list them: poolbridge history --stage dev$/);
  });

  test('a command that can not follow its execution says that it goes on', async () => {
    const starter = someone(world, 'starter', [
      { Effect: 'Allow', Action: 'states:StartExecution', Resource: '*' },
    ]);
    const clientId = await world.createAppClient(HEALED, 'app-unseen');
    const args = ['link', ...subject(HEALED, clientId)];
    const { code, err } = await poolbridge(world, args, starter.session);
    assert.equal(code, 1);
    assert.match(
      err,
      /^The execution goes on\. To see it: poolbridge show \S+\n.*DescribeExecution/m,
    );
  });

  test('an unlink says that a request to link the same app client still waits', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-still-waiting');
    const { name } = executionOf(await waiting(clientId));
    const { err } = await say('unlink', ...subject(APPROVED, clientId), '--yes');
    assert.match(err, /^A request to link it still waits for approval\. To deny it: /m);
    assert.ok(err.includes(`approve ${name} --deny --identity-pool ${pools.mobile} `), err);
  });
});
