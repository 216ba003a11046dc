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

/** The path of a browser: CHROMIUM_PATH, or one of the usual names and folders. */
function findBrowser(): string | undefined {
  const { CHROMIUM_PATH, PATH = '' } = process.env;
  const folders = [...PATH.split(delimiter), '/usr/bin', '/snap/bin'];
  const usual = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  return CHROMIUM_PATH || [...usual, mac].find(isThere);
}

const executablePath = findBrowser();

/** Why tests that need a browser are skipped; false if there is one. */
export const withoutBrowser: string | false =
  executablePath === undefined &&
  'No browser was found, so the console was NOT tested in a browser. Install one, for example with "apt-get install chromium", or set CHROMIUM_PATH.';

/** A browser with an empty profile and no background network traffic. */
export async function openBrowser(): Promise<Browser> {
  // Loaded only when a browser is opened, since all tests import this file.
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
