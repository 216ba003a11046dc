import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type LocalAws, startAws } from 'embedded-aws';
import type { Browser, Page } from 'playwright-core';
import { inParallel } from '../aws/pace/in-parallel.ts';
import { Session } from '../cli/session.ts';
import { serveConsole } from '../console/server/server.ts';
import { deployAccountB, deployService } from '../demo/deploy.ts';
import { packageService } from '../demo/package-service.ts';
import { openBrowser, withoutBrowser } from '../test/console/browser.ts';

const A = { account: '111111111111', region: 'us-east-1' };
const B = { account: '222222222222', region: 'ap-south-1' };
const USER_POOL = 'us-east-1_Bench0001';
const IDENTITY_POOL = `${B.region}:00000000-0000-0000-0000-000000000001`;

const OPENED = 7;
// The number of executions that the page shows at first.
const SHOWN = 50;
// The latest paint that is acceptable for a thousand executions, in milliseconds.
const LATEST_PAINT = 1000;

const links = `links:
  bench:
    userPools: [${USER_POOL}]
    identityPool: ${IDENTITY_POOL}
    roleArn: arn:aws:iam::${B.account}:role/poolbridge-link
    providerQuota: 1000
`;

/** When the parts of a page are shown, in milliseconds since the request. */
interface Shown {
  'first contentful paint': number;
  'every row': number;
  'every outcome': number;
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Old executions for user pools that no link covers, and then executions that linked. */
async function prepare({ aws }: LocalAws, folder: string, count: number): Promise<void> {
  // The executions are spread over weeks.
  aws.throttle.enabled = false;
  aws.identityPools.providerQuota = 1000;
  await deployService(aws, A, { folder });
  await deployAccountB(aws, B, { TrustedAccountId: A.account, IdentityPoolIds: IDENTITY_POOL });
  const ask = ({ account, region }: typeof A, service: string, operation: string, input: object) =>
    aws.call({
      service,
      operation,
      region,
      principal: aws.iam.principalOf(account),
      input: { ...input },
    });
  const UserPoolTags = { _custom_id_: USER_POOL };
  await ask(A, 'cognito-idp', 'CreateUserPool', { PoolName: 'users', UserPoolTags });
  await ask(B, 'cognito-identity', 'CreateIdentityPool', {
    IdentityPoolName: 'customers',
    AllowUnauthenticatedIdentities: false,
    IdentityPoolTags: { _custom_id_: IDENTITY_POOL },
  });
  const { executions, machines } = aws.stateMachines;
  const machine = [...machines.values()].find(({ name }) => name === 'poolbridge-dev-link');
  if (!machine) throw new Error('The state machine link does not exist.');
  const event = (i: number) => ({
    request: { operation: 'link', userPoolId: 'us-east-1_Other0001', clientId: `other${i}` },
    requestedBy: { via: 'event', eventId: `event-${i}`, account: A.account, region: A.region },
  });
  const others = Array.from({ length: count - SHOWN }, (_, i) => i);
  await inParallel(others, async (i) => {
    const started = aws.stateMachines.start(machine, `other-${i}`, JSON.stringify(event(i)));
    await started.running?.ended;
  });
  for (let i = 0; i < SHOWN; i++) {
    await ask(A, 'cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: USER_POOL,
      ClientName: `app-${i}`,
    });
  }
  const isDone = () =>
    executions.size >= count &&
    [...executions.values()].every(({ status }) => status !== 'RUNNING');
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 20));
  aws.throttle.enabled = true;
}

/** The parts of the DOM that this file uses. */
interface InPage {
  document: { querySelectorAll(css: string): Iterable<{ textContent: string }> };
}

/** The time when a page has one element of a kind for each execution that it shows. */
async function since(page: Page, selector: string, text: string): Promise<number> {
  const found = await page.waitForFunction(
    ([css, word, most]) => {
      const { document } = globalThis as unknown as InPage;
      const all = [...document.querySelectorAll(css)];
      return all.filter((each) => each.textContent.includes(word)).length >= most
        ? performance.now()
        : undefined;
    },
    [selector, text, SHOWN] as const,
  );
  return (await found.jsonValue()) ?? Number.NaN;
}

/** Opens a page with an empty cache, and measures when its parts are shown. */
async function opened(browser: Browser, address: string): Promise<[Shown, text: string]> {
  const page = await browser.newPage();
  try {
    await page.goto(address);
    const rows = await since(page, '.executions tbody tr', '');
    const outcomes = await since(page, '.executions tbody .badge', 'LINKED');
    const paint = await page.waitForFunction(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    );
    const shown = {
      'first contentful paint': (await paint.jsonValue()) ?? Number.NaN,
      'every row': rows,
      'every outcome': outcomes,
    };
    return [shown, await page.content()];
  } finally {
    await page.close();
  }
}

/** A static server for the page in its final state. */
async function serveStatic(html: string, address: string) {
  const style = await (await fetch(new URL('/style.css', address))).text();
  const server = createServer(({ url }, response) => {
    const isStyle = url === '/style.css';
    response.setHeader('content-type', isStyle ? 'text/css' : 'text/html; charset=utf-8');
    response.end(isStyle ? style : `<!doctype html>${html.replace(/<script.*?<\/script>/s, '')}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

async function measure(local: LocalAws, browser: Browser) {
  const own: Shown[] = [];
  const still: Shown[] = [];
  for (let i = 0; i < OPENED; i++) {
    const credentials = { accessKeyId: A.account, secretAccessKey: 'local' };
    const session = new Session({ endpoint: local.endpoint, region: A.region, credentials });
    // A new console each time, since one that was used before has already read the executions.
    const served = await serveConsole({ session, stage: 'dev' });
    const [shown, html] = await opened(browser, served.address);
    const page = await serveStatic(html, served.address);
    own.push(shown);
    still.push((await opened(browser, page.address))[0]);
    page.close();
    await served.close();
  }
  return { own, still };
}

/** How soon the console shows a thousand executions, compared with the same page as a static file. */
export async function console(args: string[]): Promise<void> {
  if (withoutBrowser) {
    process.exitCode = 1;
    return globalThis.console.error(withoutBrowser);
  }
  const options = { executions: { type: 'string', default: '1000' } } as const;
  const count = Number(parseArgs({ args, options }).values.executions);
  const artifact = await packageService(links);
  const local = await startAws({ trailDelay: [10, 30] });
  const browser = await openBrowser();
  try {
    await prepare(local, artifact.folder, count);
    const { own, still } = await measure(local, browser);
    const row = (of: keyof Shown) => {
      const [ours, file] = [own, still].map((all) => median(all.map((each) => each[of])));
      return {
        'console, ms': Math.round(ours ?? Number.NaN),
        'the same as a file, ms': Math.round(file ?? Number.NaN),
        ratio: Number(median(own.map((each, i) => each[of] / (still[i]?.[of] ?? 1))).toFixed(2)),
      };
    };
    const rows = {
      'first contentful paint': row('first contentful paint'),
      [`${SHOWN} rows`]: row('every row'),
      'the outcome of each': row('every outcome'),
    };
    globalThis.console.table(rows);
    globalThis.console.log(
      `${count} executions. Medians of ${OPENED} openings, each of a console just started, in Chromium ${browser.version()}.`,
    );
    if (rows['first contentful paint']['console, ms'] >= LATEST_PAINT) process.exitCode = 1;
  } finally {
    await browser.close();
    await local.close();
    artifact.remove();
  }
}
