import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { Session } from '../../cli/session.ts';
import { Pauses } from '../../cli/settings/pauses.ts';
import { matches } from '../../console/page/filter.ts';
import type { Overview, Plan, Row } from '../../console/server/protocol.ts';
import { type Console, serveConsole } from '../../console/server/server.ts';
import { ACCOUNT_A, type Ended, HOME, pools, startWorld, type World } from '../world.ts';
import { linkAborted } from './aborted.ts';
import { ask, overviewOf, viewOf } from './served.ts';

const APPROVED = 'us-east-1_Approve01';
const HEALED = 'us-east-1_Healed001';
const TIGHT = 'us-east-1_Tight0001';

describe('an execution in the console', () => {
  let world: World;
  let console: Console;
  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [APPROVED, HEALED, TIGHT]) await world.createUserPool(id);
    for (const id of [pools.healed, pools.mobile, pools.tight]) await world.createIdentityPool(id);
    console = await start();
  });
  after(async () => {
    await console?.close();
    await world?.close();
  });

  const session = () => {
    const credentials = { accessKeyId: ACCOUNT_A, secretAccessKey: 'any' };
    const { endpoint } = world.local;
    return new Session({ endpoint, region: 'us-east-1', credentials });
  };
  const start = () => serveConsole({ session: session(), stage: 'dev' });
  /** Starts an execution without waiting for its end. */
  async function startAlone(input: object): Promise<string> {
    const { executionArn } = await world.client(SFNClient, HOME).send(
      new StartExecutionCommand({
        stateMachineArn: world.machineArn,
        input: JSON.stringify(input),
      }),
    );
    return executionArn!;
  }
  const rowOf = ({ link }: Overview, execution: string): Row | undefined =>
    link.rows.find((row) => row.execution === execution);

  test('that was aborted while it wrote shows what it wrote, also if the console was started later', async (t) => {
    const clientId = await world.createAppClient(HEALED, 'app-cut-off');
    const { executionArn } = await linkAborted(world, pools.healed, HEALED, clientId);
    // A look since then hides the write from what has changed since the last look.
    await world.run({ link: 'healed', repair: false }, undefined, world.reconcileArn);
    const later = await start();
    t.after(() => later.close());
    const isRead = (each: Overview) => rowOf(each, executionArn)?.wrote === true;
    const { outcome, outcomes } = rowOf(await overviewOf(later, isRead), executionArn)!;
    assert.deepEqual([outcome, outcomes], ['ABORTED, LINKED', ['LINKED']]);
    const { results, isUndoable, notUndoable, again, notAgain } = await viewOf(later, executionArn);
    assert.deepEqual(
      results.map((each) => [
        each.identityPoolId,
        each.outcome,
        each.lines.map(({ sign }) => sign),
      ]),
      [[pools.healed, 'LINKED', ['+']]],
    );
    assert.equal(isUndoable, false);
    assert.equal(again, undefined, 'it has linked what it was asked to');
    assert.deepEqual(notAgain, {
      sentence: 'All that it was asked for was done before it ended.',
    });
    assert.match(
      notUndoable!.sentence,
      /was aborted .* can't be undone\. Link or unlink by hand\.$/,
    );
  });

  test('that was aborted before it wrote says that nothing was changed, and offers to ask again', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-aborted');
    const subject = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
    const execution = await startAlone(subject);
    await viewOf(console, execution, ({ waiting }) => waiting.length > 0);
    await world.client(SFNClient, HOME).send(new StopExecutionCommand({ executionArn: execution }));
    const { results, again } = await viewOf(console, execution);
    assert.match(results[0]!.message!, /ended before it wrote, so nothing was changed\. Ask again/);
    assert.deepEqual(results[0]!.facts, []);
    assert.deepEqual(again, { kind: 'link', ...subject });
  });

  test('that found no entry to unlink says that the ledger keeps it away', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-absent');
    const subject = { operation: 'unlink', userPoolId: HEALED, clientId };
    const messageOf = async (input: object) => {
      const { executionArn } = await world.run(input);
      return (await viewOf(console, executionArn)).results[0]!.message;
    };
    assert.match((await messageOf(subject))!, /the ledger now records that it stays away/);
    assert.equal(await messageOf({ ...subject, dryRun: true }), undefined);
  });

  test('that repairs or looks at one identity pool names its link', async () => {
    const input = { link: 'healed', repair: false };
    const { executionArn } = await world.run(input, undefined, world.reconcileArn);
    const { facts } = await viewOf(console, executionArn);
    assert.deepEqual(
      facts.filter(([what]) => what === 'Link'),
      [['Link', 'healed']],
    );
  });

  test('is undone once: the undo, or what has changed since, is named then', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-undone');
    const subject = { userPoolId: HEALED, clientId };
    const { executionArn: linked } = await world.run(subject);
    assert.equal((await viewOf(console, linked)).isUndoable, true);
    const { executionArn: undo } = await world.run({ operation: 'undo', executionArn: linked });
    const undone = await viewOf(console, linked);
    assert.equal(undone.isUndoable, false);
    assert.deepEqual(undone.notUndoable, { sentence: 'It has been undone.', execution: undo });
    assert.equal((await viewOf(console, undo)).isUndoable, true, 'an undo can be undone');
    const { executionArn: again } = await world.run(subject);
    const { notUndoable } = await viewOf(console, undo);
    assert.match(
      notUndoable!.sentence,
      /^Another execution has since changed the same entries, so it can't be undone\.$/,
    );
    assert.equal(notUndoable!.execution, again);
  });

  test('that a page shows is no longer offered to undo once another person has undone it', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-undone-elsewhere');
    const { executionArn } = await world.run({ userPoolId: HEALED, clientId });
    let undo: Promise<Ended> | undefined;
    const { notUndoable } = await viewOf(console, executionArn, ({ isUndoable }) => {
      if (isUndoable) undo ??= world.run({ operation: 'undo', executionArn });
      return !isUndoable;
    });
    assert.deepEqual(notUndoable, {
      sentence: 'It has been undone.',
      execution: (await undo)!.executionArn,
    });
  });

  test('that failed is no longer offered to ask again once what it asked for is done', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-late');
    const subject = { userPoolId: HEALED, clientId };
    const pauses = new Pauses(session(), 'dev');
    await pauses.pause('a drill');
    const failed = await world.run(subject);
    await pauses.resume();
    assert.equal(failed.status, 'FAILED');
    let done: Promise<Ended> | undefined;
    const { notAgain } = await viewOf(console, failed.executionArn, ({ again }) => {
      if (again) done ??= world.run(subject);
      return again === undefined;
    });
    assert.deepEqual(notAgain, {
      sentence: 'What it was asked for has been done since.',
      execution: (await done)!.executionArn,
    });
  });

  test('that undoes is found by its app client and user pool while it runs, and if it has failed', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-waiting');
    const asked = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
    const decide = async (kind: 'approve' | 'deny', execution: string) => {
      const { identityPoolId } = asked;
      await viewOf(console, execution, ({ waiting }) => waiting.length > 0);
      const { id } = await ask<Plan>(console, 'plan', { kind, execution, identityPoolId });
      await ask(console, 'confirm', { id, reason: 'as agreed' });
      await world.ended(execution);
    };
    const linked = await startAlone(asked);
    await decide('approve', linked);
    const undo = await startAlone({ operation: 'undo', executionArn: linked });
    const isFound = (each: Overview, status: string) => {
      const row = rowOf(each, undo);
      return row?.status === status && row.userPoolId !== undefined;
    };
    for (const status of ['RUNNING', 'FAILED']) {
      if (status === 'FAILED') await decide('deny', undo);
      const row = rowOf(await overviewOf(console, (each) => isFound(each, status)), undo)!;
      assert.ok(matches(row, { client: clientId, userPool: APPROVED }), status);
      const { row: shown, facts } = await viewOf(console, undo);
      assert.deepEqual(shown.clients, [`${clientId} app-waiting`]);
      assert.equal(shown.userPoolId, APPROVED);
      const isAbout = (what: string, value: string) =>
        facts.some((fact) => fact[0] === what && fact[1] === value);
      assert.ok(isAbout('User pool', APPROVED) && isAbout('App client', clientId));
    }
  });

  test('that failed is counted by its identity pool, also if many have begun since', async (t) => {
    const clientIds = [
      await world.createAppClient(TIGHT, 'app-full'),
      await world.createAppClient(TIGHT, 'app-refused'),
    ];
    await world.run({ link: 'tight', repair: false }, undefined, world.reconcileArn);
    const ended: Ended[] = [];
    for (const clientId of clientIds) ended.push(await world.run({ userPoolId: TIGHT, clientId }));
    assert.deepEqual(
      ended.map(({ status }) => status),
      ['SUCCEEDED', 'FAILED'],
    );
    const tightIn = ({ pools: views = [] }: Overview) =>
      views.find(({ identityPoolId }) => identityPoolId === pools.tight);
    await overviewOf(console, (each) => tightIn(each)?.name === 'pool');
    const request = { operation: 'link', userPoolId: 'us-east-1_None00001', clientId: 'none' };
    const notCovered = { request, requestedBy: { via: 'event' } };
    await Promise.all(Array.from({ length: 50 }, () => world.run(notCovered)));
    const later = await start();
    t.after(() => later.close());
    const [execution, clientId] = [ended[1]!.executionArn, clientIds[1]];
    const isCounted = (each: Overview) =>
      tightIn(each)?.failures?.[0]?.clientName === 'app-refused';
    const shown = await overviewOf(later, isCounted);
    assert.equal(rowOf(shown, execution), undefined, 'the page no longer has it');
    const { failed, failures, areMoreFailed } = tightIn(shown)!;
    assert.deepEqual([failed, areMoreFailed], [1, undefined]);
    assert.deepEqual(
      failures?.map((each) => [each.execution, each.userPoolId, each.clientId]),
      [[execution, TIGHT, clientId]],
    );

    // So many have failed that not all of them are read.
    await Promise.all(Array.from({ length: 55 }, () => world.run(request)));
    const { name } = tightIn(
      await overviewOf(console, (each) => tightIn(each)?.areMoreFailed === true),
    )!;
    assert.equal(name, 'pool', 'what was read of it is not forgotten');
    const last = await start();
    t.after(() => last.close());
    const unread = await overviewOf(last, (each) => tightIn(each)?.areMoreFailed === true);
    assert.equal(tightIn(unread)!.failed, undefined, 'it says so also where it has read of none');
  });
});
