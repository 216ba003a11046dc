import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { AwsError } from 'embedded-aws/kernel/errors.ts';
import type { Browser } from 'playwright-core';
import type { Credentials } from '../../cli/credentials.ts';
import { Session } from '../../cli/session.ts';
import type {
  LinksView,
  Overview,
  PoolEntries,
  PoolView,
  Row,
} from '../../console/server/protocol.ts';
import { type Console, serveConsole } from '../../console/server/server.ts';
import { poolbridge, someone } from '../cli/command.ts';
import { sharedLinks } from '../setup.ts';
import { ACCOUNT_A, ACCOUNT_C, HOME, pools, startWorld, type World } from '../world.ts';
import { linkAborted } from './aborted.ts';
import { barriersIn } from './accessibility.ts';
import { openBrowser, withoutBrowser } from './browser.ts';
import { ask, overviewOf, viewOf } from './served.ts';

const APPROVED = 'us-east-1_Approve01';
const HALF = 'us-east-1_Half00001';
const HEALED = 'us-east-1_Healed001';

// A link to each of the identity pools.
const links = { healed: pools.healed, 'half-open': pools.mobile, 'not-approved': pools.there };

type Shown = Pick<PoolView, 'counts' | 'isAbout'> & { drift: string[] };

describe('drift', () => {
  let world: World;
  let console: Console;
  before(async () => {
    // Without events, each app client is missing until it is linked by hand.
    world = await startWorld({ trail: false });
    for (const id of [APPROVED, HALF, HEALED]) await world.createUserPool(id);
    for (const id of [pools.healed, pools.mobile]) await world.createIdentityPool(id);
    await world.createIdentityPool(pools.there, ACCOUNT_C, {});
    console = await serveConsole(options());
  });
  after(async () => {
    await console?.close();
    await world?.close();
  });

  const options = (
    credentials: Credentials = { accessKeyId: ACCOUNT_A, secretAccessKey: 'any' },
  ) => {
    const { endpoint } = world.local;
    const session = new Session({ endpoint, region: 'us-east-1', credentials });
    return { session, stage: 'dev' };
  };

  const overview = (isMeant: (each: Overview) => boolean, from = console): Promise<Overview> =>
    overviewOf(from, isMeant);

  function inConsole({ pools: views }: Overview): Record<string, Shown> {
    const shown = views!.map(({ identityPoolId, counts, drift }): [string, Shown] => [
      identityPoolId,
      { counts: counts!, drift: drift.map(({ state, clientId }) => `${state} ${clientId}`).sort() },
    ]);
    return Object.fromEntries(shown);
  }

  async function byCommand(command: 'status' | 'plan'): Promise<Record<string, Shown>> {
    const shown: [string, Shown][] = [];
    for (const link of Object.keys(links)) {
      const { out } = await poolbridge(world, [command, '--link', link, '--json']);
      const [{ identityPoolId, counts, entries }] = JSON.parse(out).identityPools;
      const drift = entries.map(
        ({ state, clientId }: Record<string, string>) => `${state} ${clientId}`,
      );
      shown.push([identityPoolId, { counts, drift: drift.sort() }]);
    }
    return Object.fromEntries(shown);
  }

  /** Starts an execution without waiting for its end. */
  const startAlone = (input: object) =>
    world.client(SFNClient, HOME).send(
      new StartExecutionCommand({
        stateMachineArn: world.machineArn,
        input: JSON.stringify(input),
      }),
    );
  const reconcile = (link: string, repair = false) =>
    world.run({ link, repair }, undefined, world.reconcileArn);
  test('is the same in the console and by the command, whatever became of the executions that wrote', async () => {
    const [one, other, third] = [
      await world.createAppClient(HEALED, 'app-1'),
      await world.createAppClient(HEALED, 'app-2'),
      await world.createAppClient(HEALED, 'app-3'),
    ];
    const half = await world.createAppClient(HALF, 'app');
    const waiting = await world.createAppClient(APPROVED, 'app-waiting');
    for (const link of Object.keys(links)) await reconcile(link);
    const first = await overview(() => true);
    assert.equal(first.pools, undefined, 'not that there are none: they are not read yet');
    const before = inConsole(await overview((each) => each.pools?.length === 3));
    assert.deepEqual(
      before[pools.healed]!.drift,
      [one, other, third].map((id) => `missing ${id}`).sort(),
    );
    assert.deepEqual(
      before[pools.mobile]!.drift,
      [half, waiting].map((id) => `missing ${id}`).sort(),
    );

    // It fails, since one of its two identity pools can't be reached, and has written to the other.
    const ended = await world.run({ userPoolId: HALF, clientId: half });
    assert.equal(ended.status, 'FAILED');
    // It waits for approval of one change, and has made the other.
    const { executionArn } = await startAlone({ userPoolId: APPROVED, clientId: waiting });
    const isIn = (each: Overview, clientId: string, word: string): boolean =>
      each.link.rows.some(
        (row) => row.clientId === clientId && [row.at, row.status].includes(word),
      );
    await overview((each) => isIn(each, waiting, 'RequestApproval'));
    const { row: asked, isUndoable } = await viewOf(console, executionArn!);
    assert.equal(asked.at, 'RequestApproval');
    assert.equal(isUndoable, false, 'an execution that still runs is not undone');
    await world.run({ userPoolId: HEALED, clientId: one });
    await reconcile('healed');
    await world.run({ userPoolId: HEALED, clientId: other });
    await world.run({ operation: 'unlink', userPoolId: HEALED, clientId: one });
    assert.equal((await linkAborted(world, pools.healed, HEALED, third)).status, 'ABORTED');

    const last = await overview((each) => isIn(each, third, 'ABORTED'));
    const shown = inConsole(last);
    assert.deepEqual(shown[pools.healed]!.drift, [`removed ${one}`]);
    assert.equal(shown[pools.there]!.counts!['linked'], 1);
    assert.deepEqual(shown, await byCommand('status'));
    assert.deepEqual(shown, await byCommand('plan'));
    const rowOf = (each: Overview, clientId: string) =>
      each.link.rows.find((row) => row.clientId === clientId && !row.isDryRun);
    const { outcomes, wrote } = rowOf(last, half)!;
    assert.deepEqual([outcomes, wrote], [['LINKED'], true]);
    // Neither one that runs nor one that was aborted says in its end that it has written.
    await overview((each) => [waiting, third].every((id) => rowOf(each, id)!.wrote === true));
  });

  test('leaves out no execution that waits for approval, however many run', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app-many');
    const asked = { userPoolId: APPROVED, clientId, identityPoolId: pools.mobile };
    for (let i = 0; i < 7; i++) await startAlone(asked);
    const { waiting } = await overview(
      (each) => each.waiting.filter((row) => row.clientId === clientId).length === 7,
    );
    assert.ok(waiting.every(({ at }) => at === 'RequestApproval'));
    for (const { waitsIn } of waiting) assert.deepEqual(waitsIn, [pools.mobile]);
  });

  test('is shown to a caller who may read no history, with what waits as running, and why', async (t) => {
    const reader = someone(world, 'lister', [
      { Effect: 'Allow', Resource: '*', Action: ['states:List*', 'states:Describe*'] },
    ]);
    const { accessKeyId, secretAccessKey, sessionToken } = reader.session;
    const own = await serveConsole(options({ accessKeyId, secretAccessKey, sessionToken }));
    t.after(() => own.close());
    const { link, trouble, about } = await overview(
      (each) => each.pools !== undefined && each.about.denied.seeStates !== undefined,
      own,
    );
    assert.equal(trouble, undefined);
    assert.match(about.denied.seeStates!, /states:GetExecutionHistory/);
    assert.ok(link.rows.some(({ status, at }) => status === 'RUNNING' && at === undefined));
  });

  test('is read with every entry also without the ledger, and says that who wrote each is not known', async (t) => {
    const actions = ['states:*'];
    const reader = someone(world, 'starter', [{ Effect: 'Allow', Resource: '*', Action: actions }]);
    const { accessKeyId, secretAccessKey, sessionToken } = reader.session;
    const own = await serveConsole(options({ accessKeyId, secretAccessKey, sessionToken }));
    t.after(() => own.close());
    const { entries, ledgerDenied } = await ask<PoolEntries>(own, 'entries', { link: 'healed' });
    assert.ok(entries.length > 0 && entries.every(({ by }) => by === undefined));
    assert.match(ledgerDenied!, /dynamodb:Query/);
    const whole = await ask<PoolEntries>(console, 'entries', { link: 'healed' });
    assert.equal(whole.ledgerDenied, undefined);
  });

  test('is named by app client, also where no report has the name', async () => {
    const clientId = await world.createAppClient(HALF, 'app-named');
    await world.run({ userPoolId: HALF, clientId, dryRun: true });
    const { link } = await overview((each) =>
      each.link.rows.some((row) => row.clientId === clientId && row.clientName !== undefined),
    );
    const row = link.rows.find((each) => each.clientId === clientId);
    assert.equal(row!.clientName, 'app-named');
  });

  test('of the links needs the deployed version of the file, which a commit may bring later', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'poolbridge-history-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'links.yml');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
        cwd: folder,
      });
    writeFileSync(file, 'links: {}');
    const own = await serveConsole({ ...options(), links: { file } });
    t.after(() => own.close());
    const read = () => ask<LinksView>(own, 'links');
    const before = new Date().toISOString();
    const { deployed, asOf } = await read();
    assert.equal(deployed, undefined);
    assert.ok(asOf >= before);
    git('init', '-q');
    for (const text of [sharedLinks(), 'links: {}']) {
      writeFileSync(file, text);
      git('add', '.');
      git('commit', '-qm', 'links');
    }
    // Two pages that ask at once both get them.
    for (const { deployed = [], changes = [] } of await Promise.all([read(), read()])) {
      assert.ok(deployed.some(({ name }) => name === 'half-open'));
      assert.ok(changes.every(({ op }) => op === 'remove'));
    }
  });

  describe('of the links', { skip: withoutBrowser }, () => {
    let browser: Browser;
    let folder: string;
    let own: Console;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'poolbridge-links-'));
      writeFileSync(join(folder, 'links.yml'), sharedLinks());
      const { session } = options();
      own = await serveConsole({
        session,
        stage: 'dev',
        links: { file: join(folder, 'links.yml') },
      });
      browser = await openBrowser();
    });
    after(async () => {
      await browser?.close();
      await own?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Lets the next call of an operation fail, if its input has the text. */
    function failOnce(operation: string, text = ''): void {
      const { aws } = world.local;
      const call = aws.call.bind(aws);
      aws.call = async (asked) => {
        const isMeant = asked.operation === operation && JSON.stringify(asked.input).includes(text);
        if (!isMeant) return call(asked);
        aws.call = call;
        throw new AwsError('AccessDeniedException', 'not now');
      };
    }

    test('is what an edit of the working copy would change, beside the deployed links and their map', async () => {
      const file = join(folder, 'links.yml');
      const deployed = sharedLinks();
      const page = await browser.newPage();
      await page.goto(own.address);
      failOnce('DescribeStateMachine');
      await page.getByRole('link', { name: 'links.yml' }).click();
      await page.getByRole('alert').getByText('not now').waitFor();
      await page.getByRole('button', { name: 'Try again' }).click();
      const row = (region: string, text: string) =>
        page.getByRole('region', { name: region }).getByRole('row').filter({ hasText: text });
      const link = row('The links that are deployed', 'half-open');
      await link.getByText(HALF).waitFor();
      await page.getByText('would change no link: it says what is deployed.').waitFor();

      const map = page.getByRole('region', { name: 'From user pools by links to identity pools' });
      const spots = await map.getByRole('listitem').allTextContents();
      for (const spot of [`user pool ${HALF}`, 'link half-open', `identity pool ${pools.mobile}`]) {
        assert.ok(spots.includes(spot), spot);
      }

      const edited = deployed
        .replace('  half-closed:', '  half-shut:')
        .replace('providerQuota: 3', 'providerQuota: 4')
        .replace('providerQuota: 3', 'providerQuota: 4')
        .replace('clients: ["app-both"]', `clients: ["${'x'.repeat(128)}"]`);
      writeFileSync(file, edited);
      await page.getByRole('button', { name: 'Read again' }).click();
      const change = (text: string) => row('What deploying would change', text).textContent();
      assert.match((await change('tight'))!, /changed.*tight.*providerQuota: 3 → 4/);
      assert.match((await change('half-closed'))!, /removed/);
      assert.match((await change('half-shut'))!, /added/);
      assert.match((await change('approved-too'))!, /clients: .* → \["x{128}"\]/);
      await page.setViewportSize({ width: 1024, height: 800 });
      const [wide, place] = await page
        .getByRole('region', { name: 'What deploying would change' })
        .evaluate((at) => [at.scrollWidth, at.clientWidth]);
      assert.ok(wide! <= place! + 1, `${wide} px of ${place}`);
      const [moved = ''] = /^ {2}sovereign:\n(?: {4}.*\n)+/m.exec(deployed) ?? [];
      writeFileSync(file, deployed.replace(moved, '').replace(/^links:\n/m, `links:\n${moved}`));
      await page.getByRole('button', { name: 'Read again' }).click();
      await page.getByText(' would change the order of the links.').waitFor();
      writeFileSync(file, 'links: none');
      await page.getByRole('button', { name: 'Read again' }).click();
      await page.getByRole('alert').filter({ hasText: 'links.yml:1: ' }).waitFor();
      // The checker takes minutes for hundreds of links, so it gets a few.
      await page.evaluate(() => {
        const rest = document.querySelectorAll('tbody tr:nth-child(n + 4), .spot:nth-child(n + 9)');
        for (const each of rest) each.remove();
      });
      assert.deepEqual(await barriersIn(page), []);
      await page.close();
    });

    test('for which a report had no room is read where the page of the identity pool says', async () => {
      // So many links leave no room for the entries of each identity pool.
      await world.run({}, undefined, world.reconcileArn);
      const page = await browser.newPage();
      await page.goto(own.address);
      await page.getByRole('link', { name: pools.mobile }).first().click();
      await page.getByText('“Read every entry” below lists them.').waitFor();
      // One of its user pools can't be listed, which hides nothing of the others.
      await page.getByRole('button', { name: 'Read every entry' }).click();
      await page.getByText(/^The identity pool had \d+ entries at /).waitFor();
      await page.close();
    });

    test('is that of every identity pool, also if the end of a reconcile has no room for them', async (t) => {
      const { cause } = await world.run({}, undefined, world.reconcileArn);
      assert.equal(JSON.parse(cause!).identityPools, undefined);
      // Later ones look at those again that other reconciles have reported.
      for (const link of Object.keys(links)) await reconcile(link);
      const later = await serveConsole(options());
      t.after(() => later.close());
      const { pools: views = [] } = await overview((each) => each.pools !== undefined, later);
      assert.ok(views.some(({ identityPoolId }) => identityPoolId === pools.restored));
    });

    test('and of an execution is shown as soon as it can be read', async () => {
      const asked = { userPoolId: HALF, clientId: 'none', dryRun: true };
      const { executionArn: arn } = await world.run(asked);
      const page = await browser.newPage();
      await page.goto(own.address);
      // The list has read the execution by then, so the next call is that of its page.
      const isRead = ({ execution, isDryRun }: Row) => execution === arn && isDryRun === true;
      await overview(({ link }) => link.rows.some(isRead), own);
      failOnce('DescribeExecution', arn);
      await page.goto(`${new URL(own.address).origin}/#/execution/${arn}`);
      await page.getByRole('alert').getByText('not now').waitFor();
      // It is read again seldom, or as soon as another page is opened.
      await overview(() => true, own);
      await page.getByRole('heading', { name: 'Workflow' }).waitFor();
      await page.getByRole('heading', { name: 'dry run of link none' }).waitFor();
      await page.goto(`${new URL(own.address).origin}/#/execution/a-name`);
      await page.getByRole('alert').getByText('a-name is not the ARN of an execution.').waitFor();
      await page.close();
    });
  });
});
