// `node test/console/pictures.ts` updates the pictures in docs/pictures.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { start } from '../../demo/start.ts';
import { openBrowser, withoutBrowser } from './browser.ts';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));

async function open(browser: Browser, address: string, isDark: boolean): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    colorScheme: isDark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  await page.goto(address);
  await page.getByRole('row').filter({ hasText: 'UNLINKED' }).waitFor();
  await page.getByRole('button', { name: /^Sign in .* with ios$/ }).click();
  await page.getByText('allowed').waitFor();
  return page;
}

const take = (page: Page, name: string, fullPage = false) =>
  page.screenshot({ path: `${folder}${name}.png`, fullPage });

if (withoutBrowser) throw new Error(withoutBrowser);
mkdirSync(folder, { recursive: true });
const { console: address = '' } = await start({ port: 0, silent: true });
const browser = await openBrowser();

const light = await open(browser, address, false);
await light.getByLabel('Name of a new app client').fill('android');
await light.getByRole('button', { name: 'Create the app client' }).click();
await light.locator('.executions tr').filter({ hasText: 'LINKED' }).nth(3).waitFor();
// Its name is looked up a little later.
await light.locator('.executions').getByText('android').waitFor();
await light.mouse.move(0, 0);
await take(light, 'console-light');
await take(await open(browser, address, true), 'console-dark');

await light.locator('.pool-id a').first().click();
await light.getByRole('button', { name: 'Read every entry' }).click();
await light.getByText(/^The identity pool had \d+ entries at /).waitFor();
await light.locator('h1').focus();
await take(light, 'identity-pool');
await light.goBack();

await light.getByRole('link', { name: 'links.yml' }).click();
await light.getByRole('heading', { name: 'Map' }).waitFor();
await light.locator('h1').focus();
await take(light, 'links');
await light.goBack();

// Wide enough for the workflow and the chosen state side by side.
await light.setViewportSize({ width: 1440, height: 900 });
await light.locator('.executions tr').filter({ hasText: 'LINKED' }).first().click();
await light.getByRole('button', { name: /^UpdateIdentityPool done/ }).click();
await light.getByRole('region', { name: 'Output' }).waitFor();
await light.locator('h1').focus();
await take(light, 'execution', true);
await browser.close();
// The embedded AWS would keep the process alive.
process.exit();
