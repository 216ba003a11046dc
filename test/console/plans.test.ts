import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityClient,
  type IdentityPool,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { AwsError } from 'embedded-aws/kernel/errors.ts';
import { Session } from '../../cli/session.ts';
import { Pauses } from '../../cli/settings/pauses.ts';
import type { Done, Drift, Plan } from '../../console/server/protocol.ts';
import { type Console, serveConsole } from '../../console/server/server.ts';
import { someone } from '../cli/command.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';
import { ask, overviewOf } from './served.ts';

const APPROVED = 'us-east-1_Approve01';
const HEALED = 'us-east-1_Healed001';
const HALF = 'us-east-1_Half00001';

describe('a plan of the console', () => {
  let world: World;
  let console: Console;
  before(async () => {
    // Without events, each app client is missing until it is linked by hand.
    world = await startWorld({ trail: false });
    for (const id of [APPROVED, HEALED, HALF]) await world.createUserPool(id);
    for (const id of [pools.healed, pools.mobile]) await world.createIdentityPool(id);
    console = await serveConsole({ session: sessionOf(), stage: 'dev' });
  });
  after(async () => {
    await console?.close();
    await world?.close();
  });

  const sessionOf = (
    credentials: ConstructorParameters<typeof Session>[0]['credentials'] = {
      accessKeyId: ACCOUNT_A,
      secretAccessKey: 'any',
    },
  ) => new Session({ endpoint: world.local.endpoint, region: 'us-east-1', credentials });

  /** How often the pause was asked for in vain. */
  let refused = 0;
  /** Lets every read of the pause fail, until the function that it returns is called. */
  function unreadable(): () => void {
    const { aws } = world.local;
    const call = aws.call.bind(aws);
    aws.call = async (asked) => {
      if (asked.operation !== 'GetItem') return call(asked);
      refused++;
      throw new AwsError('ValidationException', 'not now');
    };
    return () => {
      aws.call = call;
    };
  }

  const planOf = (action: object) => ask<Plan>(console, 'plan', action);

  /** Removes an entry from an identity pool without Poolbridge. */
  async function removeEntry(identityPoolId: string, clientId: string): Promise<void> {
    const { CognitoIdentityProviders = [], ...pool } = await world.describe(identityPoolId);
    // The identity pool as it was before the link would be read again, since it may be stale.
    const IdentityPoolTags = { ...pool.IdentityPoolTags, removed: clientId };
    const left = CognitoIdentityProviders.filter(({ ClientId }) => ClientId !== clientId);
    await world.client(CognitoIdentityClient, { account: ACCOUNT_B, region: 'ap-south-1' }).send(
      new UpdateIdentityPoolCommand({
        ...(pool as IdentityPool),
        IdentityPoolTags,
        CognitoIdentityProviders: left,
      }),
    );
  }

  test('to unlink what others removed says that it stays away, until the ledger has that', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-removed');
    const action = { kind: 'unlink', userPoolId: HEALED, clientId };
    const { id: none } = await planOf(action);
    assert.equal(none, undefined, 'it was never linked');
    await world.run({ userPoolId: HEALED, clientId });
    await removeEntry(pools.healed, clientId);
    const look = () => world.run({ link: 'healed', repair: false }, undefined, world.reconcileArn);
    const drifts = async (isUnlinked: boolean) => {
      const isMeant = ({ state, ...drift }: Drift) =>
        drift.clientId === clientId &&
        state === 'removed' &&
        drift.isUnlinked === (isUnlinked || undefined);
      await overviewOf(console, (each) => each.pools?.[0]?.drift.some(isMeant) === true);
    };
    await look();
    await drifts(false);
    const { id, sentences, results } = await planOf(action);
    assert.deepEqual(
      results.map(({ outcome, lines }) => [outcome, lines]),
      [['NOT_LINKED', []]],
    );
    assert.match(
      sentences.at(-1)!,
      /If others removed it, the ledger then records that it stays away/,
    );
    const { execution } = await ask<Done>(console, 'confirm', { id, reason: 'agreed' });
    await world.ended(execution!);
    assert.equal((await planOf(action)).id, undefined, 'there is nothing left to do');
    await drifts(true);
    await look();
    await drifts(true);
  });

  test('to undo a link whose entry others removed says that a repair may link it again', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-undone');
    const { executionArn: execution } = await world.run({ userPoolId: HEALED, clientId });
    await removeEntry(pools.healed, clientId);
    const { id, results } = await planOf({ kind: 'undo', execution });
    assert.equal(id, undefined);
    assert.match(results[0]!.message!, /If others removed it, an undo does not keep it away/);
    const unlinking = { kind: 'unlink', userPoolId: HEALED, clientId };
    const settled = await ask<Done>(console, 'confirm', { id: (await planOf(unlinking)).id });
    await world.ended(settled.execution!);
    const [after] = (await planOf({ kind: 'undo', execution })).results;
    assert.equal(after?.message, undefined, 'the unlink keeps it away');
  });

  test('to undo what another execution has changed since says that it would be refused', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-overtaken');
    const subject = { userPoolId: HEALED, clientId };
    const { executionArn: execution } = await world.run(subject);
    await world.run({ operation: 'unlink', ...subject });
    await world.run(subject);
    const { id, results } = await planOf({ kind: 'undo', execution });
    assert.equal(id, undefined);
    assert.deepEqual(
      results.map(({ outcome, error, lines }) => [outcome, error, lines]),
      [['WOULD FAIL', 'UndoConflictError', []]],
    );
  });

  test('to undo may be limited to one identity pool', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-limited');
    const { executionArn: execution } = await world.run({ userPoolId: HEALED, clientId });
    const only = { kind: 'undo', execution, identityPoolId: pools.healed };
    assert.notEqual((await planOf(only)).id, undefined);
    const elsewhere = await planOf({ ...only, identityPoolId: pools.mobile });
    assert.equal(elsewhere.id, undefined);
    assert.match(elsewhere.results[0]!.message!, /changed nothing in the identity pool/);
  });

  test('of a malformed request starts no execution', async () => {
    const { executions } = world.local.aws.stateMachines;
    const before = executions.size;
    const wrong = { kind: 'link', userPoolId: 'nonsense', clientId: 'abc' };
    const { message } = await ask<{ message: string }>(console, 'plan', wrong);
    assert.match(message, /userPoolId must be an id like/);
    assert.equal(executions.size, before);
  });

  test('that would fail in one identity pool says that the others are changed all the same', async () => {
    const clientId = await world.createAppClient(HALF, 'app-half');
    const { id, sentences } = await planOf({ kind: 'link', userPoolId: HALF, clientId });
    assert.match(sentences.at(-1)!, /^This would fail in 1 of 2 identity pools\. The others are/);
    const { execution } = await ask<Done>(console, 'confirm', { id });
    const { results } = (await world.ended(execution!)).failure();
    assert.deepEqual(results.map(({ outcome }) => outcome).sort(), ['FAILED', 'LINKED']);
  });

  test('to pause keeps a pause that is there, and says that the reason is not kept', async (t) => {
    const pauses = new Pauses(sessionOf(), 'dev');
    t.after(() => pauses.resume());
    const { id } = await planOf({ kind: 'pause' });
    await pauses.pause('elsewhere');
    const { message } = await ask<Done>(console, 'confirm', { id, reason: 'here' });
    assert.match(message, /\(elsewhere\), so your reason is not kept\.$/);
    const again = await planOf({ kind: 'pause' });
    assert.equal(again.id, undefined);
    assert.match(
      again.sentences[0]!,
      /^All writes have been paused already, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ by .*\(elsewhere\)\.$/,
    );
    await pauses.resume();
  });

  test('to resume ends the pause that it shows, and no other', async (t) => {
    const pauses = new Pauses(sessionOf(), 'dev');
    t.after(() => pauses.resume());
    await pauses.pause('first');
    const [plan, late] = [await planOf({ kind: 'resume' }), await planOf({ kind: 'resume' })];
    await pauses.resume();
    const gone = await ask<Done>(console, 'confirm', { id: late.id });
    assert.equal(gone.message, 'Writes had been resumed meanwhile.');
    await pauses.pause('second');
    const refusal = await ask<{ error: string }>(console, 'confirm', { id: plan.id });
    assert.equal(refusal.error, 'PlanGoneError');
    assert.equal((await pauses.find())?.pause?.reason, 'second');
    const { id } = await planOf({ kind: 'resume' });
    const { message } = await ask<Done>(console, 'confirm', { id });
    assert.equal(
      message,
      'Writes are resumed. A check for drift finds what was missed in the meantime.',
    );
    assert.equal(await pauses.find(), undefined);
  });

  test('to approve says that an app client that is deleted by then is not linked', async (t) => {
    const clientId = await world.createAppClient(APPROVED, 'app');
    const input = JSON.stringify({
      userPoolId: APPROVED,
      clientId,
      identityPoolId: pools.mobile,
    });
    const { executionArn: execution } = await world
      .client(SFNClient, HOME)
      .send(new StartExecutionCommand({ stateMachineArn: world.machineArn, input }));
    await overviewOf(console, ({ waiting }) => waiting.length > 0);
    const action = { kind: 'approve', execution, identityPoolId: pools.mobile };
    const { id, sentences } = await planOf(action);
    assert.notEqual(id, undefined);
    assert.match(sentences[0]!, /An app client that has been deleted by then is not linked\.$/);
    assert.match(
      (await planOf({ ...action, kind: 'deny' })).sentences[0]!,
      /^This change is not written, .* in other identity pools are not affected\.$/,
    );

    // As long as it is not known whether writes are paused, it could use up the approval.
    const readable = unreadable();
    t.after(readable);
    assert.deepEqual(await planOf(action), { error: 'ValidationException', message: 'not now' });
    readable();
  });

  test('to repair names its identity pool, and claims no change but those that it shows', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-missing');
    const { title, sentences, results } = await planOf({ kind: 'repair', link: 'healed' });
    assert.equal(title, 'Repair the identity pool of the link healed?');
    assert.deepEqual(
      results[0]!.lines.map(({ what }) => what),
      [`app-missing  ${clientId}  ${HEALED}`],
    );
    assert.deepEqual(sentences, [
      'This makes these changes in one write. Everything else, and what needs approval, is left for a person to decide.',
    ]);
  });

  test('and its page does not show that writes go on before it is known whether they are paused', async (t) => {
    const readable = unreadable();
    t.after(readable);
    const own = await serveConsole({ session: sessionOf(), stage: 'dev' });
    t.after(() => own.close());
    let isShown = false;
    const shown = overviewOf(own, ({ trouble }) => trouble === undefined).then((each) => {
      isShown = true;
      return each;
    });
    await overviewOf(own, ({ trouble }) => trouble !== undefined);
    const before = refused;
    await until(() => isShown || refused >= before + 2);
    assert.equal(isShown, false);
    readable();
    assert.equal((await shown).paused, undefined);
  });

  test('and its page says if the caller may not read whether writes are paused', async (t) => {
    const actions = ['states:List*', 'states:Describe*', 'states:GetExecutionHistory'];
    const reader = someone(world, 'reader', [{ Effect: 'Allow', Resource: '*', Action: actions }]);
    const { accessKeyId, secretAccessKey, sessionToken } = reader.session;
    const session = sessionOf({ accessKeyId, secretAccessKey, sessionToken });
    const own = await serveConsole({ session, stage: 'dev' });
    t.after(() => own.close());
    const { about, paused } = await overviewOf(own, ({ trouble }) => trouble === undefined);
    assert.equal(paused, undefined);
    assert.match(about.denied.seePause!, /dynamodb:GetItem/);
  });

  test('and its page no longer says that once the caller may', async (t) => {
    const { aws } = world.local;
    const call = aws.call.bind(aws);
    t.after(() => {
      aws.call = call;
    });
    aws.call = async (asked) => {
      if (asked.operation !== 'GetItem') return call(asked);
      throw new AwsError('AccessDeniedException', 'not now');
    };
    const own = await serveConsole({ session: sessionOf(), stage: 'dev' });
    t.after(() => own.close());
    await overviewOf(own, ({ about }) => about.denied.seePause !== undefined);
    aws.call = call;
    await overviewOf(own, ({ about }) => about.denied.seePause === undefined);
  });
});
