import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a browser is by its usual names, or by CHROMIUM_PATH. */
function findBrowser(): string | undefined {
  const { CHROMIUM_PATH, PATH = '' } = process.env;
  const folders = [...PATH.split(delimiter), '/usr/bin', '/snap/bin'];
  const usual = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  return CHROMIUM_PATH || [...usual, mac].find(isThere);
}

const executablePath = findBrowser();

/** Why what needs a browser is skipped, if it is. */
export const withoutBrowser: string | false =
  executablePath === undefined &&
  'No browser was found, so the console in the browser was NOT tested. Install one, for example with "apt-get install chromium", or name one in CHROMIUM_PATH.';

/** A browser with a profile of its own, which asks nobody for anything. */
export async function openBrowser(): Promise<Browser> {
  // Loaded by who opens one: whether there is one is asked by all tests.
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}
