import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
  ListUserPoolClientsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Browser, Locator, Page } from 'playwright-core';
import type { Credentials } from '../../cli/credentials.ts';
import { Session } from '../../cli/session.ts';
import { Pauses } from '../../cli/settings/pauses.ts';
import type { Demo } from '../../console/server/api.ts';
import type { Plan } from '../../console/server/protocol.ts';
import { type Console, serveConsole } from '../../console/server/server.ts';
import { someone } from '../cli/command.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, HOME, pools, startWorld, type World } from '../world.ts';
import { barriersIn, keyboardBarriers } from './accessibility.ts';
import { openBrowser, withoutBrowser } from './browser.ts';
import { ask } from './served.ts';

const MOBILE = 'us-east-1_Mobile001';
const APPROVED = 'us-east-1_Approve01';
const HEALED = 'us-east-1_Healed001';

// A busy machine needs longer than usual for what an event starts, such as a link.
const PATIENCE_MS = 60_000;

describe('the console', { skip: withoutBrowser }, () => {
  let world: World;
  let browser: Browser;
  let console: Console;
  /** The address of every request of every page. */
  const asked: string[] = [];
  /** Errors on pages, and what their policy blocked. */
  const complaints: string[] = [];

  before(async () => {
    world = await startWorld();
    for (const id of [MOBILE, APPROVED, HEALED]) await world.createUserPool(id);
    for (const id of [pools.mobile, pools.healed]) await world.createIdentityPool(id);
    console = await serveConsole({ session: sessionOf(), stage: 'dev' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await console?.close();
    await world?.close();
  });

  const sessionOf = (keys: Credentials = { accessKeyId: ACCOUNT_A, secretAccessKey: 'any' }) =>
    new Session({
      endpoint: world.local.endpoint,
      region: 'us-east-1',
      credentials: keys,
    });

  async function open(address = console.address, dark = false): Promise<Page> {
    const page = await browser.newPage({ colorScheme: dark ? 'dark' : 'light' });
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('request', (each) => asked.push(each.url()));
    page.on('console', (each) => complaints.push(each.text()));
    page.on('pageerror', ({ message }) => complaints.push(message));
    await page.goto(address);
    await page.getByRole('heading', { name: 'Links of the stage dev' }).waitFor();
    return page;
  }

  /** Checks that nothing is wider than the window: of a desktop, a tablet and a phone. */
  async function isWithin(page: Page): Promise<void> {
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: 800 });
      const widest = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(widest <= width, `${widest} px are wider than ${width}`);
      // A drawing becomes smaller instead, a moment after its place.
      await page.waitForFunction(() => {
        const drawing = document.querySelector('.drawing');
        return !drawing || drawing.scrollWidth <= drawing.clientWidth + 1;
      });
    }
    await page.setViewportSize({ width: 1280, height: 720 });
  }

  /** Checks that no table scrolls sideways, so that no column is out of sight, and that no button breaks its label. */
  async function hasWholeTables(page: Page): Promise<void> {
    for (const width of [1440, 1280, 1024]) {
      await page.setViewportSize({ width, height: 800 });
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll('section.scroll')]
          .filter((each) => each.scrollWidth > each.clientWidth + 1)
          .map((each) => each.getAttribute('aria-label')),
      );
      assert.deepEqual(cut, [], `at ${width} px`);
      const broken = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('td button')]
          .filter((each) => each.offsetHeight > 40)
          .map((each) => each.textContent),
      );
      assert.deepEqual(broken, [], `in two lines at ${width} px`);
    }
    await page.setViewportSize({ width: 1280, height: 720 });
  }

  /** Waits until no message needs attention. There may be several for a moment. */
  const isCalm = (page: Page) => page.getByRole('alert').first().waitFor({ state: 'detached' });
  const has = async (pool: string, clientId: string) =>
    JSON.stringify(await world.describe(pool)).includes(clientId);
  const button = (where: Page | Locator, name: string | RegExp) =>
    where.getByRole('button', { name });
  const rowOf = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });

  test('shows a link as it happens, then its graph, its changes and the input and output of each state', async () => {
    const page = await open();
    const clientId = await world.createAppClient(MOBILE);
    const row = rowOf(page, clientId).filter({ hasText: 'LINKED' });
    await row.waitFor();
    // A click anywhere in the row opens it.
    await row.getByText(clientId).click();

    // The line has text for eyes and for screen readers.
    const lines = page.getByLabel(`Changes in ${pools.mobile}`).getByRole('listitem');
    await lines.filter({ hasText: `app ${clientId} ${MOBILE}` }).waitFor();
    assert.equal(await lines.count(), 1);
    assert.equal(await lines.textContent(), `+added: app  ${clientId}  ${MOBILE}`);
    await button(page, /^VerifyIdentityPool done [\d.]+ m?s$/).waitFor();
    await button(page, 'RequestApproval not entered').waitFor();
    await button(page, /^UpdateIdentityPool done/).click();
    const input = page.getByRole('region', { name: 'Input' });
    await input.getByText(clientId).first().waitFor();
    const output = page.getByRole('region', { name: 'Output' });
    await output.getByText('"LINKED"').waitFor();
    // The address holds the choice, so a reload shows the same.
    await page.reload();
    await page.getByRole('heading', { name: 'UpdateIdentityPool' }).waitFor();
    await page.getByText('Before and after').click();
    const after = page.getByLabel(`${pools.mobile} before and after`);
    await after.getByText(clientId).waitFor();
    assert.match(await page.title(), new RegExp(`^LINKED link ${clientId} · Poolbridge dev$`));
    await page.close();
  });

  test('changes nothing without a confirmed plan, and works by keyboard alone', async () => {
    const clientId = await world.createAppClient(HEALED, 'other');
    await world.run({ link: 'healed' }, undefined, world.reconcileArn);
    const app = await world.createAppClient(HEALED, 'app');
    await world.executionFor(app);
    const page = await open();
    const { keyboard } = page;
    const fill = async (reason: string) => {
      await page.getByRole('textbox', { name: 'User pool' }).focus();
      for (const text of [HEALED, app, pools.healed]) {
        await keyboard.type(text);
        await keyboard.press('Tab');
      }
      // To Unlink, which follows Link.
      await keyboard.press('Tab');
      await keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: `Unlink the app client ${app}?` });
      await dialog.waitFor();
      assert.match((await dialog.textContent())!, /removed: app {2}\w+ {2}us-east-1_Healed001/);
      // The keyboard begins at the heading once the plan is drawn.
      await page.waitForFunction(() => document.activeElement?.tagName === 'H2');
      // From the heading past the difference to the reason.
      for (const key of ['Tab', 'Tab']) await keyboard.press(key);
      await keyboard.type(reason);
      return dialog;
    };
    let dialog = await fill('never mind');
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.waitForFunction(() => document.activeElement?.textContent === 'Unlink …');
    assert.equal(await has(pools.healed, app), true, 'nothing was done');

    await page.reload();
    dialog = await fill('<b id="injected">a drill</b>');
    // The list behind the dialog has neither plan.
    assert.equal(await page.getByText('a plan in the console').count(), 0);
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await page
      .getByRole('heading', { name: /UNLINKED/ })
      .first()
      .waitFor();
    assert.equal(await has(pools.healed, app), false);
    // The keyboard goes on from the top of the execution.
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    // A reason is shown as text, not as HTML.
    await page.getByText(`:root (<b id="injected">a drill</b>)`).waitFor();
    assert.equal(await page.locator('#injected').count(), 0);

    await button(page, 'Undo …').press('Enter');
    await button(page.getByRole('dialog'), 'Undo').waitFor();
    assert.match(
      (await page.getByRole('dialog').textContent())!,
      /added: app {2}\w+ {2}us-east-1_Healed001/,
    );
    await button(page.getByRole('dialog'), 'Undo').press('Enter');
    await page.getByText('Undoes', { exact: true }).waitFor();
    await page
      .getByRole('heading', { name: /LINKED/ })
      .first()
      .waitFor();
    assert.equal(await has(pools.healed, app), true);
    assert.equal(await has(pools.healed, clientId), false);
    await page.close();
  });

  test('shows what drifts, and repairs it in one write', async () => {
    world.local.aws.buses.drop(1);
    const lost = await world.createAppClient(HEALED, 'app-lost');
    await world.run({ link: 'healed' }, undefined, world.reconcileArn);
    const page = await open();
    const drift = rowOf(page, pools.healed).filter({ hasText: '1 missing' });
    await drift.getByText(/^\d+ of 12 entries$/).waitFor();
    await drift.getByRole('link', { name: pools.healed }).click();
    await rowOf(page, lost).filter({ hasText: 'missing' }).waitFor();
    await button(page, 'Read every entry').click();
    const entries = page.getByRole('region', { name: `Entries of ${pools.healed}` });
    await entries.waitFor();
    await page.getByRole('searchbox', { name: 'Find' }).fill('app-lost');
    await page.getByText(/^1 of \d+ lines match\.$/).waitFor();
    // Those that are missing are listed too, and not counted.
    const { CognitoIdentityProviders: held = [] } = await world.describe(pools.healed);
    await page.getByText(`The identity pool had ${held.length} entries at`).waitFor();
    assert.match((await entries.textContent())!, new RegExp(`missing.*app-lost.*${lost}`));
    await button(page, `Repair … ${pools.healed}`).click();
    const dialog = page.getByRole('dialog', {
      name: 'Repair the identity pool of the link healed?',
    });
    await dialog.getByText(lost).waitFor();
    await dialog.getByLabel('Reason, for the audit').fill('after the outage');
    await button(dialog, 'Repair').click();
    await page
      .getByRole('heading', { name: /REPAIRED/ })
      .first()
      .waitFor();
    await page.getByText('As this reconcile left the identity pools.').waitFor();
    assert.equal(await has(pools.healed, lost), true);
    await page.getByRole('link', { name: '← All executions' }).click();
    await rowOf(page, pools.healed).filter({ hasText: 'no drift' }).waitFor();
    // A filter of the one list does not hide what is in the other one.
    await page.getByRole('searchbox', { name: 'User pool' }).fill('no such user pool');
    await page.getByText(/^0 of the newest \d+ executions match\.$/).waitFor();
    // The fields show what the address asks for, also if they do not offer it.
    const period = page.getByRole('combobox', { name: 'Period' });
    const shown = () => period.evaluate((at) => (at as HTMLSelectElement).selectedOptions[0]?.text);
    const { origin } = new URL(console.address);
    for (const [choices, text] of [
      ['?hours=2', '2'],
      ['', 'any'],
    ] as const) {
      await page.goto(`${origin}/#/${choices}`);
      await page.getByRole('heading', { name: 'Executions' }).waitFor();
      await until(async () => (await shown()) === text);
    }
    // A button that is gone once it is pressed leaves the keyboard near its place.
    await page.getByRole('searchbox', { name: 'User pool' }).fill('no such user pool');
    await button(page, 'Clear').press('Enter');
    await button(page, 'Clear').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.closest('search'));
    await button(page, 'Reconciliations').click();
    await rowOf(page, 'REPAIRED')
      .filter({ hasText: 'reconcile: 1 missing' })
      .filter({ hasText: '(after the outage)' })
      .waitFor();
    await page.close();
  });

  test('needs a reason to approve and to pause, and carries out no write during a pause', async (t) => {
    const linked = await world.createAppClient(MOBILE);
    await world.executionFor(linked);
    const clientId = await world.createAppClient(APPROVED);
    const page = await open();
    const row = rowOf(page, clientId).filter({ hasText: 'waits for approval' });
    await row.waitFor();
    await row.getByRole('link').click();
    await page.getByText(/since \S+ \S+Z · expires \S+ \S+Z$/).waitFor();
    const approve = button(page, `Approve … the change to ${pools.mobile}`);
    await approve.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(clientId).waitFor();
    await button(dialog, 'Approve').click();
    assert.equal(await dialog.isVisible(), true, 'the reason is missing');
    assert.equal(await has(pools.mobile, clientId), false);
    await dialog.getByLabel('Reason, for the audit').fill('as agreed');
    // Someone else pauses writes meanwhile: the approval is neither used up nor lost.
    const pauses = new Pauses(sessionOf(), 'dev');
    t.after(() => pauses.resume());
    await pauses.pause('elsewhere');
    await button(dialog, 'Approve').click();
    await dialog
      .getByText(/\(elsewhere\)\. An approval would be used up without a write\./)
      .waitFor();
    await until(() => complaints.length > 0);
    assert.match(complaints.pop()!, /400 \(Bad Request\)/);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('alert').getByText('(elsewhere)').waitFor();
    await page.getByText('While writes are paused, an approval would be used up').waitFor();
    assert.equal(await approve.isDisabled(), true);
    assert.equal(await button(page, /^Deny …/).isDisabled(), false);
    await pauses.resume();
    await isCalm(page);
    await approve.click();
    await dialog.getByLabel('Reason, for the audit').fill('as agreed');
    await button(dialog, 'Approve').click();
    await page.getByText(`arn:aws:iam::${ACCOUNT_A}:root (as agreed)`).waitFor();
    assert.equal(await has(pools.mobile, clientId), true);

    await button(page, 'Pause all writes …').click();
    await dialog.getByText('poolbridge-dev-').waitFor();
    await dialog.getByLabel('Reason, for the audit').fill('night');
    await button(dialog, 'Pause').click();
    await page.getByRole('alert').getByText('(night)').waitFor();
    // A plan can be made, but not confirmed.
    await page.getByRole('link', { name: 'Poolbridge' }).click();
    await page.getByRole('textbox', { name: 'User pool' }).fill(MOBILE);
    const field = page.getByRole('textbox', { name: 'App client' });
    await field.fill('  ');
    assert.equal(await field.evaluate((at) => (at as HTMLInputElement).checkValidity()), false);
    await field.fill(linked);
    await button(page, 'Unlink …').click();
    await dialog.getByText(/\(night\)\. The execution would fail\./).waitFor();
    assert.match((await dialog.textContent())!, /removed: app {2}\w+ {2}us-east-1_Mobile001/);
    assert.equal(await button(dialog, 'Unlink').isDisabled(), true);
    await button(dialog, 'Close').click();
    await button(page, 'Resume writes …').click();
    await button(dialog, 'Resume').waitFor();
    assert.equal(await dialog.getByRole('textbox').count(), 0, 'no reason is kept');
    await button(dialog, 'Resume').click();
    await isCalm(page);
    await page.close();
  });

  test('shows the app clients of the demo as they are now, also those that others create or delete', async (t) => {
    const cognito = world.client(CognitoIdentityProviderClient, HOME);
    const listed = { UserPoolId: MOBILE, MaxResults: 60 };
    const demo: Demo = {
      userPoolId: MOBILE,
      identityPoolId: pools.mobile,
      createAppClient: (name) => world.createAppClient(MOBILE, name),
      async appClients() {
        const found = await cognito.send(new ListUserPoolClientsCommand(listed));
        return found.UserPoolClients!.map(({ ClientId, ClientName }) => ({
          clientId: ClientId!,
          name: ClientName!,
        }));
      },
      signIn: async (clientId) => ({ clientId, refusal: 'No user is known here.' }),
    };
    const own = await serveConsole({ session: sessionOf(), stage: 'dev', demo });
    t.after(() => own.close());
    const page = await open(own.address);
    const clientId = await world.createAppClient(MOBILE, 'app-of-others');
    const client = page.getByRole('list', { name: 'App clients' }).getByText(clientId);
    await page.getByText(`the identity pool ${pools.mobile} returns credentials`).waitFor();
    const pauses = new Pauses(sessionOf(), 'dev');
    t.after(() => pauses.resume());
    await pauses.pause('elsewhere');
    await page.getByText('While writes are paused, a new app client is not linked.').waitFor();
    await pauses.resume();
    await client.waitFor();
    await button(page, 'Sign in and get credentials with app-of-others').click();
    await page.getByText(/refused at \S+ \S+Z: No user is known here\.$/).waitFor();
    await cognito.send(new DeleteUserPoolClientCommand({ UserPoolId: MOBILE, ClientId: clientId }));
    await client.waitFor({ state: 'detached' });
    await page.close();
  });

  test('offers only what its caller may do, and says why', async (t) => {
    const reader = someone(world, 'reader', [
      {
        Effect: 'Allow',
        Resource: '*',
        Action: ['states:List*', 'states:Describe*', 'states:GetExecutionHistory'],
      },
    ]);
    const { accessKeyId, secretAccessKey, sessionToken } = reader.session;
    const own = await serveConsole({
      session: sessionOf({ accessKeyId, secretAccessKey, sessionToken }),
      stage: 'dev',
    });
    t.after(() => own.close());
    const page = await open(own.address);
    await page.getByRole('heading', { name: 'What you may not do' }).waitFor();
    await page.getByText('not authorized to perform: states:StartExecution').first().waitFor();
    await page.getByText('see whether writes are paused').waitFor();
    const all = await page.getByRole('button').allTextContents();
    assert.deepEqual(all, ['Links', 'Reconciliations', 'Show']);
    await page.locator('.executions a').first().click();
    await page.getByRole('heading', { name: 'Workflow' }).waitFor();
    assert.equal(await button(page, /…/).count(), 0);
    await page.close();
  });

  test('makes a plan again that can no longer be confirmed, and keeps the keyboard on the page', async () => {
    const clientId = await world.createAppClient(APPROVED);
    const page = await open();
    await rowOf(page, clientId).filter({ hasText: 'waits for approval' }).getByRole('link').click();
    await button(page, /^Approve …/).press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason, for the audit').fill('as agreed');
    // Another person decides meanwhile.
    const execution = decodeURIComponent(page.url()).split('#/execution/')[1];
    const deny = { kind: 'deny', execution, identityPoolId: pools.mobile };
    const { id } = await ask<Plan>(console, 'plan', deny);
    await ask(console, 'confirm', { id, reason: 'not now' });
    await button(dialog, 'Approve').click();
    await dialog.getByText('The change no longer waits').waitFor();
    assert.equal(await button(dialog, 'Approve').count(), 0, 'it could only fail again');
    await button(dialog, 'Plan again').click();
    await dialog.getByRole('heading', { name: "This can't be planned" }).waitFor();
    await dialog.getByText('The change no longer waits').waitFor();
    await button(page, /^Approve …/).waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    // The button that opened the dialog is gone.
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await until(() => complaints.length >= 2);
    for (const complaint of complaints.splice(0)) assert.match(complaint, /400 \(Bad Request\)/);
    await page.close();
  });

  test('is accessible: names, contrast, structure and keyboard, light and dark', async () => {
    // Names may be long, and need not have a blank.
    await world.executionFor(await world.createAppClient(MOBILE, 'W'.repeat(128)));
    for (const dark of [false, true]) {
      const page = await open(console.address, dark);
      const check = async () => {
        assert.deepEqual(await barriersIn(page), []);
        assert.deepEqual(await keyboardBarriers(page), []);
      };
      await page.locator('.executions a').first().waitFor();
      // The identity pools come last.
      await page.getByRole('region', { name: 'The identity pools' }).waitFor();
      await check();
      await button(page, 'Pause all writes …').click();
      await button(page.getByRole('dialog'), 'Pause').waitFor();
      await check();
      await page.keyboard.press('Escape');
      await isWithin(page);
      await hasWholeTables(page);
      await page.locator('.pool-id a').first().click();
      await page.getByRole('heading', { name: 'Drift' }).waitFor();
      await check();
      await isWithin(page);
      await page.goBack();
      await page.locator('.executions tr').filter({ hasText: 'LINKED' }).first().click();
      await button(page, /^UpdateIdentityPool done/).click();
      await page.getByRole('region', { name: 'Output' }).waitFor();
      await check();
      await isWithin(page);
      await page.close();
    }
    // The check finds a page that is not accessible.
    const page = await browser.newPage();
    await page.setContent(
      '<html lang="en"><title>-</title><main><h1>-</h1><p style="color: #888; background: #777">hard to read</p><button></button></main>',
    );
    const found = (await barriersIn(page)).map((each) => each.split(':')[0]);
    assert.deepEqual(found, ['text_contrast_sufficient', 'input_label_exists']);
    // And a dialog that is not accessible.
    await page.setContent(
      '<html lang="en"><title>-</title><main><h1>-</h1></main><dialog aria-label="-"><p style="color: #888; background: #777">hard to read</p></dialog>',
    );
    await page.locator('dialog').evaluate((dialog: HTMLDialogElement) => dialog.showModal());
    assert.deepEqual(
      (await barriersIn(page)).map((each) => each.split(':')[0]),
      ['text_contrast_sufficient'],
    );
    await page.close();
  });

  test('says that AWS does not answer, and recovers once it does', async (t) => {
    const { port } = new URL(world.local.endpoint);
    let does: 'refuse' | 'answer' | 'nothing' = 'refuse';
    const open = new Set<Socket>();
    const way = createTcpServer((socket) => {
      open.add(socket);
      socket.on('error', () => {});
      if (does === 'refuse') socket.destroy();
      if (does !== 'answer') return;
      const there = connect(Number(port), '127.0.0.1').on('error', () => socket.destroy());
      socket.on('close', () => there.destroy());
      socket.pipe(there).pipe(socket);
    });
    /** What becomes of all connections from now on. */
    const from = (now: typeof does) => {
      does = now;
      for (const socket of open) socket.destroy();
      open.clear();
    };
    await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      from('refuse');
      way.close();
    });
    const endpoint = `http://127.0.0.1:${(way.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: ACCOUNT_A, secretAccessKey: 'any' };
    const session = new Session({ endpoint, region: 'us-east-1', credentials });
    const own = await serveConsole({ session, stage: 'dev' }, 0, { aws: 2000 });
    t.after(() => own.close());
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(own.address);
    await page.getByRole('alert').getByText('AWS does not answer.').waitFor();
    assert.equal(await page.getByRole('button').count(), 0);
    from('answer');
    await page.getByRole('heading', { name: 'Links of the stage dev' }).waitFor();
    await button(page, 'Pause all writes …').waitFor();

    // A connection that is lost does not say so.
    from('nothing');
    await page.getByRole('alert').getByText('AWS has not answered yet').waitFor();
    await page.getByText('not up to date').waitFor();
    from('answer');
    await isCalm(page);

    // It also says so when the console itself has ended, in a plan that is open, and where nothing is known.
    await button(page, 'Pause all writes …').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason, for the audit').fill('night');
    await own.close();
    await dialog.getByText('The console does not answer, so this').waitFor();
    assert.equal(await button(dialog, 'Pause').isDisabled(), true);
    await page.keyboard.press('Escape');
    await page.getByRole('alert').getByText('The console does not answer').waitFor();
    for (const name of ['Check for drift', 'Pause all writes …', 'Unlink …']) {
      assert.equal(await button(page, name).isDisabled(), true, name);
    }
    await page.goto(`${new URL(own.address).origin}/#/execution/arn:aws:states:unread`);
    await page.getByText('It could not be read yet.').waitFor();
    await page.close();
  });

  test('answers only its own page, and no other program on the machine', async (t) => {
    const { origin, port, hash } = new URL(console.address);
    const authorization = `Bearer ${hash.slice(1)}`;
    const statusOf = (headers: Record<string, string>, path = '/api/executions') =>
      new Promise<number | undefined>((resolve, reject) => {
        const options = { host: '127.0.0.1', port, path, headers };
        request(options, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
    assert.equal(await statusOf({ authorization }), 200);
    assert.equal(await statusOf({ authorization, host: `localhost:${port}` }), 200);
    assert.equal(await statusOf({}), 401);
    assert.equal(await statusOf({ authorization: `${authorization}x` }), 401);
    // A foreign host name that resolves to this machine, another page, another port of this machine.
    assert.equal(await statusOf({ authorization, host: `evil.example:${port}` }), 421);
    assert.equal(await statusOf({ host: `evil.example:${port}` }, '/'), 421);
    assert.equal(await statusOf({ authorization, origin: 'http://evil.example' }), 403);
    assert.equal(await statusOf({ authorization, 'sec-fetch-site': 'same-site' }), 403);
    assert.equal(await statusOf({ 'sec-fetch-site': 'cross-site' }, '/'), 403);

    // Actions need a POST with a small JSON body.
    const ask = async (method: string, type: string, body?: string) => {
      const headers = { authorization, 'content-type': type };
      const init = { method, headers, ...(body !== undefined && { body }) };
      return (await fetch(`${origin}/api/confirm`, init)).status;
    };
    assert.equal(await ask('GET', 'application/json'), 404);
    assert.equal(await ask('POST', 'text/plain', '{}'), 415);
    assert.equal(await ask('POST', 'application/json', `"${'x'.repeat(16 * 1024)}"`), 413);
    assert.equal(await ask('POST', 'application/json', '{"id":"guessed"}'), 400);

    const { headers } = await fetch(`${origin}/`);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(
      policy,
      /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/,
    );
    assert.match(policy, /frame-ancestors 'none'; require-trusted-types-for 'script'/);
    assert.equal(headers.get('cache-control'), 'no-store');

    const evil = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<p>'),
    );
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      evil.closeAllConnections();
      evil.close();
    });
    const page = await browser.newPage();
    await page.goto(`http://localhost:${(evil.address() as AddressInfo).port}/`);
    const got = await page.evaluate(
      async ([address, token]) => {
        const ask = (init: RequestInit) =>
          fetch(`${address}/api/executions`, init).then(
            () => 'something',
            () => 'nothing',
          );
        return [
          await ask({}),
          await ask({ mode: 'no-cors' }),
          await ask({ headers: { authorization: token! } }),
        ];
      },
      [origin, authorization],
    );
    assert.deepEqual(got, ['nothing', 'nothing', 'nothing']);
    await page.close();

    // The page removes the token from its address, keeps it for a reload, and does not share it with other tabs.
    const own = await open();
    assert.equal(own.url(), `${origin}/`);
    await own.reload();
    await own.getByRole('heading', { name: 'Links of the stage dev' }).waitFor();
    const stranger = await browser.newPage();
    await stranger.goto(`${origin}/`);
    await stranger.getByText('Open the console with the address that it printed').waitFor();
    await Promise.all([own.close(), stranger.close()]);
    assert.deepEqual([...new Set(asked.map((each) => new URL(each).hostname))], ['127.0.0.1']);
    assert.deepEqual(complaints, []);
  });
});
