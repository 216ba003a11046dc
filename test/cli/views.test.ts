import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CognitoIdentityClient, UpdateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { exclusionOf } from '../../cli/check/reasons.ts';
import type { Links } from '../../core/links/links.ts';
import { sharedLinks } from '../setup.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, ACCOUNT_B, ACCOUNT_C, HOME, pools, startWorld, type World } from '../world.ts';
import { commandPath, environment, poolbridge, someone } from './command.ts';
import { assertGolden, type Stand } from './golden.ts';

const HEALED = 'us-east-1_Healed001';
const APPROVED = 'us-east-1_Approve01';
const NOWHERE = 'us-east-1_Nowhere01';
const HALF = 'us-east-1_Half00001';

describe('what a person sees', () => {
  let world: World;
  /** App clients by their purpose. */
  const clients = { linked: '', missing: '', other: '', approved: '', stopped: '' };
  let stands: Stand[];

  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [HEALED, APPROVED, NOWHERE, HALF]) await world.createUserPool(id);
    for (const id of [pools.healed, pools.mobile]) await world.createIdentityPool(id);
    await world.createIdentityPool(pools.there, ACCOUNT_C, {});
    clients.linked = await world.createAppClient(HEALED, 'app-linked');
    await poolbridge(world, ['link', '--user-pool', HEALED, '--client', clients.linked]);
    clients.missing = await world.createAppClient(HEALED, 'app-missing');
    clients.other = await world.createAppClient(HEALED, 'other');
    clients.approved = await world.createAppClient(APPROVED, 'app-approved');
    clients.stopped = await world.createAppClient(APPROVED, 'app-stopped');
    stands = Object.entries(clients).map(([name, id]) => [id, `client0${name}`]);
  });
  after(() => world.close());

  const say = (...args: string[]) => poolbridge(world, args);
  const json = async (...args: string[]) => {
    const said = await say(...args, '--json');
    return { ...said, answer: JSON.parse(said.out) };
  };
  /** The output in a terminal of 80 columns. */
  const inTerminal = async (...args: string[]) =>
    (await poolbridge(world, args, undefined, {}, false, undefined, 80)).out;

  const entriesIn = async (pool: string) =>
    ((await world.describe(pool, ACCOUNT_C)).CognitoIdentityProviders ?? []).map(
      ({ ClientId }) => ClientId,
    );

  describe('poolbridge entries', () => {
    const asked = ['entries', '--link', 'healed'];

    test('lists every entry of an identity pool, with name, state, time and execution', async () => {
      assertGolden('entries', await inTerminal(...asked), stands);
      const next =
        /^What to do about entries that are neither .*: poolbridge status --link healed$/m;
      assert.match((await say(...asked)).err, next);
      assert.doesNotMatch((await say(...asked, '--state', 'missing')).err, next);
      const { answer } = await json(...asked);
      const [{ identityPoolId, entries }] = answer.identityPools;
      assert.equal(identityPoolId, pools.healed);
      const states = entries.map(({ state, clientId }: Record<string, string>) => [
        clientId,
        state,
      ]);
      assert.deepEqual(
        new Map(states),
        new Map([
          ['foreignwithcheck', 'foreign'],
          ['foreignwithout', 'foreign'],
          [clients.linked, 'linked'],
          [clients.missing, 'missing'],
        ]),
      );
      const linked = entries.find(
        ({ clientId }: { clientId: string }) => clientId === clients.linked,
      );
      assert.equal(linked.by, (await world.executionFor(clients.linked)).executionArn);
      assert.deepEqual([linked.clientName, linked.links], ['app-linked', ['healed']]);
      assert.ok(Date.parse(linked.since) <= Date.now());
    });

    test('filters the list by user pool, identity pool and state', async () => {
      const ids = async (...filter: string[]) =>
        (await json(...asked, ...filter)).answer.identityPools.flatMap(
          ({ entries }: { entries: { clientId: string }[] }) =>
            entries.map((each) => each.clientId),
        );
      assert.deepEqual(await ids('--user-pool', HEALED, '--state', 'missing'), [clients.missing]);
      // No filter makes an identity pool look empty.
      const none = await say(...asked, '--user-pool', 'us-east-1_Typo00001');
      assert.match(none.out, new RegExp(`^${pools.healed} .*: 0 of [1-9] entries\n$`));
      const elsewhere = await say(...asked, '--identity-pool', pools.mobile);
      assert.equal(elsewhere.code, 2);
      assert.match(elsewhere.err, /^No link leads to .*\. There are: .*\n/m);
      assert.equal((await say(...asked, '--state', 'nope')).code, 2);
    });

    test('prints rows with complete ids for programs', async () => {
      const csv = await say(...asked, '--output', 'csv', '--state', 'linked');
      const [head, row] = csv.out.split('\r\n');
      assert.match(head ?? '', /^identityPoolId,state,clientName,clientId,/);
      assert.ok(row?.startsWith(`${pools.healed},linked,app-linked,${clients.linked},${HEALED},`));
      // An entry that is not there is not one of those that the heading counts.
      const missing = await say(...asked, '--state', 'missing');
      assert.match(missing.out, /^\S+ \(healed.*\): \d+ entries\nstate /);
      const text = await say(...asked, '--output', 'text', '--state', 'missing');
      assert.deepEqual(text.out.split('\t').slice(8), ['None', 'None', 'None\n']);
      const refused = await say(
        'link',
        '--user-pool',
        HEALED,
        '--client',
        'any',
        '--output',
        'csv',
      );
      assert.deepEqual([refused.code, refused.out], [2, '']);
    });

    test('works without the ledger for a caller who may not read the table', async () => {
      const reader = someone(world, 'reader', [
        {
          Effect: 'Allow',
          Action: [
            'states:StartExecution',
            'states:DescribeExecution',
            'states:GetExecutionHistory',
          ],
          Resource: '*',
        },
      ]);
      const { code, out, err } = await poolbridge(world, asked, reader.session);
      assert.equal(code, 0, err);
      assert.match(out, /linked +app-linked/);
      assert.match(err, /you may not read the table/);
    });
  });

  describe('poolbridge why', () => {
    const why = async (userPool: string, client: string) => {
      const { code, answer } = await json('why', '--user-pool', userPool, '--client', client);
      const reasons = [
        ...answer.reasons,
        ...answer.identityPools.flatMap((pool: { reasons: object[] }) => pool.reasons),
      ] as { reason: string; found: string; todo: string }[];
      return { code, answer, reasons: reasons.map(({ reason }) => reason), all: reasons };
    };

    test('says yes for a linked client, and what it can not see', async () => {
      const { code, answer, reasons } = await why(HEALED, clients.linked);
      assert.deepEqual([code, answer.credentials, reasons], [0, true, ['not visible']]);
      const out = await inTerminal('why', '--user-pool', HEALED, '--client', clients.linked);
      assertGolden('why-yes', out, stands);
    });

    test('names what is missing, with the command that links it', async () => {
      const { code, answer, all } = await why(HEALED, clients.missing);
      assert.deepEqual(
        [code, answer.error, all.map(({ reason }) => reason)],
        [1, 'NoCredentialsError', ['entry missing']],
      );
      assert.ok(
        all[0]!.todo.includes(
          `poolbridge link --user-pool ${HEALED} --client ${clients.missing} --identity-pool `,
        ),
      );
    });

    test('distinguishes an uncovered user pool, a missing app client and a missing identity pool', async () => {
      const uncovered = await why('us-east-1_Other0001', 'any');
      assert.deepEqual([uncovered.code, uncovered.reasons], [3, ['not covered']]);
      const absent = await why(HEALED, 'absent');
      assert.deepEqual([absent.code, absent.reasons], [1, ['no such app client']]);
      const identityPool = await why(NOWHERE, await world.createAppClient(NOWHERE));
      assert.deepEqual(identityPool.reasons, ['identity pool missing']);
    });

    test('names the link that leaves a client out by its name', async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'poolbridge-test-')), 'links.yml');
      writeFileSync(file, sharedLinks());
      const args = ['--user-pool', HEALED, '--client', clients.other, '--links', file];
      const { code, answer } = await json('why', ...args);
      rmSync(dirname(file), { recursive: true });
      assert.deepEqual([code, answer.reasons[0].reason], [3, 'excluded']);
      assert.match(
        answer.reasons[0].found,
        /healed names the user pool, but not the app client other/,
      );
      const links = { one: { userPools: [HEALED], clients: ['*', '!old-*'] } } as unknown as Links;
      assert.match(
        exclusionOf(links, { userPoolId: HEALED, clientName: 'old-app', file: 'mine.yml' })!.found,
        /^By mine\.yml, one excludes .* old-app by !old-\*\.$/,
      );
      assert.equal(
        exclusionOf(links, { userPoolId: HEALED, clientName: 'new-app', file: 'mine.yml' }),
        undefined,
      );
    });

    test('shows a foreign entry and a denying role, each in its identity pool', async () => {
      const clientId = await world.createAppClient(HEALED, 'app-of-another');
      const pool = await world.describe(pools.healed);
      const provider = {
        ProviderName: `cognito-idp.us-east-1.amazonaws.com/${HEALED}`,
        ClientId: clientId,
      };
      const entries = [...(pool.CognitoIdentityProviders ?? []), provider];
      const asB = world.client(CognitoIdentityClient, { account: ACCOUNT_B, region: 'ap-south-1' });
      const update = { ...pool, CognitoIdentityProviders: entries };
      await asB.send(new UpdateIdentityPoolCommand(update));
      const { code, reasons } = await why(HEALED, clientId);
      assert.deepEqual([code, reasons], [0, ['entry of another', 'not visible']]);
      await asB.send(new UpdateIdentityPoolCommand(pool));
      const userPools = world.client(CognitoIdentityProviderClient, HOME);
      await userPools.send(
        new DeleteUserPoolClientCommand({ UserPoolId: HEALED, ClientId: clientId }),
      );
      const half = await why(HALF, await world.createAppClient(HALF));
      assert.deepEqual([half.code, half.reasons], [1, ['entry missing', 'role refused']]);
    });

    test('says that writes are paused', async () => {
      await say('pause', '--reason', 'a drill');
      try {
        assert.deepEqual((await why(HEALED, clients.missing)).reasons, ['paused', 'entry missing']);
        assert.deepEqual((await why(HEALED, clients.linked)).reasons, ['not visible']);
      } finally {
        await say('resume');
      }
    });
  });

  test('Ctrl-C while a command waits ends only the command, and says how to see the execution', async () => {
    const shared = ['--region', 'us-east-1', '--endpoint', world.local.endpoint];
    const args = ['link', '--user-pool', APPROVED, '--client', clients.stopped, ...shared];
    const child = spawn(commandPath, args, { env: environment(world), stdio: 'pipe' });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
      // A second signal would end it at once.
      if (err.includes('waits for approval') && !child.killed) child.kill('SIGINT');
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 130, err);
    const [, name] =
      /\nThe execution goes on\. To see it: poolbridge show (\S+) --region us-east-1 --endpoint \S+\n$/.exec(
        err,
      ) ?? [];
    const shown = await json('show', name!);
    assert.equal(shown.answer.status, 'RUNNING');
    await say('approve', name!, '--deny', '--reason', 'a drill');
    assert.equal((await world.ended(shown.answer.execution)).error, 'ApprovalDeniedError');
  });

  describe('poolbridge approvals', () => {
    test('lists pending changes, since when they wait, who requested them, and how to decide', async () => {
      assert.equal((await say('approvals')).out, 'No change waits for approval.\n');
      const subject = ['--user-pool', APPROVED, '--client', clients.approved];
      const started = await say('link', ...subject, '--reason', 'for the shop', '--no-wait');
      const execution = started.out.trim();
      const list = async () => (await json('approvals')).answer.approvals;
      await until(async () => (await list()).length === 1);
      const [waiting] = await list();
      assert.equal(waiting.execution, execution);
      assert.equal(waiting.clientName, 'app-approved');
      const claimedArn = `arn:aws:iam::${ACCOUNT_A}:root`;
      assert.deepEqual(waiting.requestedBy, { via: 'person', claimedArn, reason: 'for the shop' });
      assert.equal(Date.parse(waiting.until) - Date.parse(waiting.since), 24 * 3_600_000);
      const out = await inTerminal('approvals');
      assertGolden('approvals', out, stands);
      assert.match(await inTerminal('history', '--limit', '1'), /WAITING +link app-approved /);
      const whole = await say('show', execution);
      assert.ok(whole.out.startsWith(`WAITING ${execution}\n`), whole.out);
      assert.match(
        whole.out,
        /\n {2}expires in 23 h, .*\n {2}poolbridge approve \S+ --identity-pool \S+ --reason "…"\n/,
      );
      assert.ok(!JSON.stringify((await json('show', execution)).answer.waiting).includes('token'));
      // The identity pool of the other link needs no approval.
      await until(async () => (await entriesIn(pools.there)).includes(clients.approved));
      const { answer } = await json('why', ...subject);
      const reasons = answer.identityPools.flatMap((pool: { reasons: { reason: string }[] }) =>
        pool.reasons.map(({ reason }) => reason),
      );
      assert.ok(reasons.includes('waits for approval'), String(reasons));
      const [, command] = /^ {2}poolbridge (.+)$/m.exec(out) ?? [];
      await say('pause', '--reason', 'a drill');
      const tooSoon = await say(...command!.replace('"…"', 'agreed').split(' '));
      const seen = await say('approvals');
      await say('resume');
      assert.deepEqual([tooSoon.code, tooSoon.out], [1, '']);
      assert.match(
        tooSoon.err,
        /^PausedError: .* nothing was approved\. When the reason is gone: poolbridge resume\n$/,
      );
      assert.match(seen.out, /^PAUSED .* To resume: poolbridge resume\nWAITING /);
      assert.equal((await list()).length, 1);
      const short = execution.split(':').at(-1)!.slice(0, -4);
      assert.match((await say('approve', short, '--show')).out, /^WAITING /);
      const decided = await inTerminal(...command!.replace('"…"', 'agreed').split(' '));
      assertGolden('approve', decided, stands);
      assert.equal((await world.ended(execution)).status, 'SUCCEEDED');
      assert.deepEqual(await list(), []);
      const late = await say('approve', execution, '--show');
      assert.match(late.err, /^NothingWaitsError: .* To see how it stands: poolbridge show \S+\n$/);
    });
  });

  test('values lists what a shell completes, and nothing if it is not available', async () => {
    assert.deepEqual((await say('values', 'stages')).out, 'dev\n');
    const [newest = ''] = (await say('values', 'executions')).out.split('\n');
    assert.equal((await json('show', newest)).code, 0);
    const nowhere = await say('values', 'executions', '--stage', 'nope');
    assert.deepEqual([nowhere.code, nowhere.out, nowhere.err], [0, '', '']);
  });

  test('history and status are refreshed with --watch until Ctrl-C', async () => {
    for (const args of [
      ['history', '--limit', '1'],
      ['status', '--link', 'healed'],
    ]) {
      const before = process.listeners('SIGINT');
      const shown = inTerminal(...args, '--watch', '60');
      // The first listener is the one that ends the watch, and comes before anything is shown.
      const added = () => process.listeners('SIGINT').filter((each) => !before.includes(each));
      await until(() => added().length > 0);
      added()[0]?.('SIGINT');
      assert.ok((await shown).startsWith('\u001b[H\u001b[2J'), args[0]);
    }
    assert.equal((await say('history', '--watch')).code, 2);
    assert.equal((await say('status', '--watch', '1')).code, 2);
  });

  describe('80 columns are enough for', () => {
    const subject = (client: string) => ['--user-pool', HEALED, '--client', client];

    test('the lists', async () => {
      for (const [name, ...options] of [
        ['history', '--limit', '3'],
        ['audit', '--identity-pool', pools.there],
        ['status', '--link', 'healed'],
        ['plan', '--link', 'healed'],
      ] as const) {
        assertGolden(name, await inTerminal(name, ...options), stands);
      }
    });

    test('an execution', async () => {
      const { answer } = await json('link', ...subject(clients.missing), '--dry-run');
      assertGolden('show', await inTerminal('show', answer.execution), stands);
    });

    test('the results of link and unlink, with names', async () => {
      const link = await inTerminal('link', ...subject(clients.missing), '--reason', 'a drill');
      assertGolden('link', link, stands);
      const unlink = await inTerminal('unlink', ...subject(clients.missing), '--yes');
      assertGolden('unlink', unlink, stands);
      // The time of the unlink is not that of a write of the entry.
      const csv = await say('entries', '--link', 'healed', '--output', 'csv', '--state', 'removed');
      assert.match(csv.out, /,healed,,,20[^,]+Z,arn:aws:states:[^,]+\r\n$/);
      const removed = await inTerminal('entries', '--link', 'healed', '--state', 'removed');
      assert.match(removed, /\nremoved .* unlinked just now +[0-9a-f]+…/);
      const status = await inTerminal('status', '--link', 'healed');
      assert.match(status, /\n {2}removed .* unlinked by request, just now\n/);
    });

    test('the lease, the pause and a replay', async () => {
      const lease = await inTerminal('lease', '--identity-pool', pools.healed);
      assertGolden('lease', lease);
      assertGolden('pause', await inTerminal('pause', '--reason', 'a drill'));
      assertGolden('resume', await inTerminal('resume'));
      const replay = ['replay', ...subject(clients.linked), '--dry-run'];
      assertGolden('replay', await inTerminal(...replay), stands);
    });
  });
});
