import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, startAws } from 'embedded-aws';
import { Session } from '../cli/session.ts';
import type { ConsoleOptions, Demo } from '../console/server/api.ts';
import { parseLinks } from '../packaging/links-file/links-file.ts';
import { A, Accounts, B, type Where } from './accounts.ts';
import { openBrowser } from './browser.ts';
import { Feed } from './feed.ts';
import { neededBy } from './needed.ts';
import { type OwnLinks, readOwnLinks, tryLinks } from './own-links.ts';
import { announce } from './running.ts';
import { LINKS, tell } from './story.ts';
import { auditLines, bold, changedLines, type Deployment, indented, tryOutLines } from './texts.ts';

const PORT = 4566;
const CONSOLE_PORT = 4567;

const STAGE = 'dev';

// In milliseconds. Nothing in the demo depends on how long CloudTrail takes, so it need not wait as long as tests do.
const trailDelay: [number, number] = [200, 400];

/** The usual port if it is free, any other if not; or only the one that was asked for. */
async function startOn(port: number | undefined): Promise<LocalAws> {
  if (port !== undefined) return startAws({ port, trailDelay });
  return startAws({ port: PORT, trailDelay }).catch(() => startAws({ port: 0, trailDelay }));
}

/** What the console's page can try out here. */
function demoOf({ local, pair }: Deployment): Demo | undefined {
  if (!pair) return undefined;
  const { userPoolId, identityPoolId, userPools, identityPools } = pair;
  const accounts = new Accounts(local.endpoint, userPools, identityPools);
  return {
    userPoolId,
    identityPoolId,
    createAppClient: (name) => accounts.createAppClient(userPoolId, name),
    appClients: () => accounts.appClients(userPoolId),
    async signIn(clientId) {
      try {
        const token = await accounts.signIn(clientId);
        return { clientId, session: await accounts.enter(identityPoolId, token) };
      } catch (error) {
        return { clientId, refusal: (error as Error).message };
      }
    },
  };
}

/** Serves the console of a deployment, on its usual port if that is free. Returns its address. */
async function consoleOf(
  deployment: Deployment,
  session: Session,
  links: ConsoleOptions['links'],
): Promise<string> {
  const { serveConsole } = await import('../console/server/server.ts');
  const demo = demoOf(deployment);
  const commandLine = (words: string) => `npx poolbridge ${words}`;
  const options = {
    session,
    stage: STAGE,
    commandLine,
    ...(demo && { demo }),
    ...(links && { links }),
  };
  const { address } = await serveConsole(options, CONSOLE_PORT).catch(() => serveConsole(options));
  return address;
}

/** What `npm start` is asked to do. */
export interface StartOptions {
  /** Path of a links.yml that is tried in place of the story. */
  links?: string;
  /** Whether to end after the story. */
  once?: boolean;
  /** Any free port if it is 0; 4566, or any free one, if it is absent. */
  port?: number;
  /** Whether to open the console in the browser. */
  open?: boolean;
  /** Whether to print nothing. */
  silent?: boolean;
}

/** Where the embedded AWS is, and what is on it. */
export interface Started {
  endpoint: string;
  userPoolId?: string;
  identityPoolId?: string;
  /** ARN of the execution that the story is about. */
  execution?: string;
  /** The links of one's own links.yml that did not do what they should. */
  failed?: string[];
  /** The console's address, if it stays up. */
  console?: string;
}

type Say = (line: string) => void;

/** Tells the story of the service. */
async function storyOn(local: LocalAws, say: Say, silent: boolean) {
  say([bold('The links.yml that it deploys'), ...indented(LINKS), ''].join('\n'));
  const told = await tell(local, { silent });
  say(['', bold('What changed'), ...changedLines(told)].join('\n'));
  say(['', bold('The audit of the execution'), ...auditLines(told)].join('\n'));
  const { userPoolId, identityPoolId, executionArn: execution } = told;
  const pair = { userPoolId, userPools: A, identityPoolId, identityPools: B };
  return { deployment: { local, home: A, pair }, found: { execution } };
}

/** The story's links.yml as a file, with which the console compares what is deployed. It is removed at the end. */
function storyFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-links-'));
  const file = join(folder, 'links.yml');
  writeFileSync(file, LINKS);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return file;
}

/** Deploys the service with one's own links.yml. */
async function ownOn(local: LocalAws, own: OwnLinks, say: Say, silent: boolean) {
  for (const warning of own.warnings) say(warning);
  const { home, userPools, identityPools } = neededBy(own.links);
  const session = sessionOn(local, home);
  const failed = await tryLinks(local, own, session, silent);
  const [pair] = Object.values(own.links).flatMap(({ userPools: ids = [], identityPool }) => {
    const from = userPools.find(
      ({ id, account }) => ids.includes(id ?? '') && account === home.account,
    );
    const to = identityPools.find(({ id }) => id === identityPool);
    if (!from?.id || !to) return [];
    return [
      { userPoolId: from.id, userPools: from, identityPoolId: identityPool, identityPools: to },
    ];
  });
  return { deployment: { local, home, ...(pair && { pair }) }, found: { failed } };
}

function sessionOn({ endpoint }: LocalAws, { account, region }: Where): Session {
  return new Session({
    endpoint,
    region,
    credentials: { accessKeyId: account, secretAccessKey: 'local' },
  });
}

/**
 * Starts an embedded AWS on this machine, tells the story of the service on it or tries a links.yml and, unless it is
 * to end then, stays up.
 *
 * @throws UsageError if the links.yml can't be used.
 * @throws if the story goes otherwise than told, or the port is taken.
 */
export async function start(options: StartOptions): Promise<Started> {
  const { links, once, port, silent = false } = options;
  const say: Say = silent ? () => {} : console.log;
  const own = links === undefined ? undefined : readOwnLinks(links);
  const local = await startOn(port);
  say(`It listens on ${bold(local.endpoint)}, for this machine only.\n`);
  let isUp = false;
  // Not once: the library that draws the story ends the process if no listener is left.
  process.on('SIGINT', async () => {
    await local.close();
    say('\nEnded.');
    // Files are removed when the process exits; Ctrl-C during the story ends packaging as well.
    process.exit(isUp ? 0 : 130);
  });
  try {
    const { deployment, found } = own
      ? await ownOn(local, own, say, silent)
      : await storyOn(local, say, silent);
    const { home, pair } = deployment;
    const started: Started = {
      endpoint: local.endpoint,
      ...(pair && { userPoolId: pair.userPoolId, identityPoolId: pair.identityPoolId }),
      ...found,
    };
    if (once) {
      await local.close();
      return started;
    }
    const session = sessionOn(local, home);
    const known = own ? own.links : parseLinks(LINKS, 'links.yml').links;
    const atHand = { known: [known], file: links ?? storyFile() };
    const address = await consoleOf(deployment, session, atHand);
    announce({ endpoint: local.endpoint, region: home.region });
    isUp = true;
    say(`\n${tryOutLines(deployment, address).join('\n')}`);
    if (options.open && !(await openBrowser(address))) say('No program was found that opens it.');
    if (!silent) new Feed(session, say).watch(local);
    return { ...started, console: address };
  } catch (error) {
    await local.close();
    throw error;
  }
}
